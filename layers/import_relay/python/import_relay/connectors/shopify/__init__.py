"""Everything of Shopify."""
