"""Everything of Cal.com."""
