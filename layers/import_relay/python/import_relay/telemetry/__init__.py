"""What a function logs and measures: one line per outcome, and nothing of a record."""
