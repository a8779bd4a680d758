"""What the relay promises, checked against what the simulated Mateo holds and what was requested.

The truth is Mateo's: its imports, the rows that it applied in their order, and its log of requests.
What the relay says of itself (outcomes in the bucket, reports, counts, the quota) has to agree.
"""
