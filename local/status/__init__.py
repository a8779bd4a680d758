"""`python -m local status`: every accepted item accounted for, on a running or a deployed stack."""
