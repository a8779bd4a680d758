"""Everything of CloudEvents."""
