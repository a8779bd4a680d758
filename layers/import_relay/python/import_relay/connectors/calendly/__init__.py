"""Everything of Calendly."""
