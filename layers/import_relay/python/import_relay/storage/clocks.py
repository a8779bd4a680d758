"""How far the clocks of two functions may be apart: every agreement by time allows for it."""

CLOCK_SKEW_S = 5.0
"""How far apart the clocks of two functions may be."""
