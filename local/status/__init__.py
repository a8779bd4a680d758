"""`python -m local status`: every accepted item accounted for, as `relay status` shows it."""
