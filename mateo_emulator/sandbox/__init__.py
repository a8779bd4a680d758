"""The pages under ``/_sandbox``: look at what is stored, and change limits, clock and behaviour."""
