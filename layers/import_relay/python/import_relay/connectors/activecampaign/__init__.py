"""Everything of ActiveCampaign."""
