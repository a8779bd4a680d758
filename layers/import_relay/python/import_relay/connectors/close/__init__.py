"""Everything of Close."""
