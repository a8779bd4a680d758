"""Everything of Salesforce."""
