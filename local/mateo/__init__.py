"""A local Import API: what a developer, a test or the demo talks to instead of the real one.

Start it with ``python -m local.mateo``; `application` says what it answers and how sure that is.
"""
