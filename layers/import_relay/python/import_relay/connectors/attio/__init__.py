"""Everything of Attio."""
