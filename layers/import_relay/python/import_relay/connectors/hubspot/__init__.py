"""Everything of HubSpot."""
