"""Everything of Standard Webhooks."""
