"""Imports from the body of a POST to their results: read, stored, processed, listed."""
