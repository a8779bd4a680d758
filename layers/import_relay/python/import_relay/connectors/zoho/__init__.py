"""Everything of Zoho CRM."""
