"""Puts stored items back into the queue because a person asks for it."""
