"""Property-based tests find the same examples on every machine, however slow it is."""

from hypothesis import settings

settings.register_profile("relay", deadline=None, derandomize=True, database=None)
settings.load_profile("relay")
