"""The third stage: one import is watched until its outcome is known."""
