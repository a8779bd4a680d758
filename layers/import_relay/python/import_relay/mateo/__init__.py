"""The Import API as the relay uses it: one client, and one table from answers to outcomes."""
