"""What the relay promises, checked against what the simulated Mateo holds and what was requested.

The truth is Mateo's: its imports, the rows it applied in their order, and the log of requests. What
the relay says of itself (lines in the bucket, reports, counts, the budget) has to agree with it.
"""
