"""Puts items into the queue in bulk: rows of files, and stored items that a person puts back."""
