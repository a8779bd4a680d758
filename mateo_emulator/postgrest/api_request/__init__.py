"""Reads the parameters and headers of a request (PostgREST's ``ApiRequest``).

`query_params` reads them all; `filters`, `select` and `order` read one kind each.
"""
