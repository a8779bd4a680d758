"""Puts items into the queue in bulk: stored ones that a person puts back."""
