"""Erases a person: who it is, where they are, and how each place forgets them.

`person` knows a person when it sees one, `searching` looks through the bucket, `rewriting` takes
the person out of an object, `demands` keeps what was asked for until it is done, and `erasure`
does all of it in an order that can be interrupted anywhere.
"""
