"""Everything of Pipedrive."""
