"""`python -m local replay`: put stored items of a running or a deployed stack back."""
