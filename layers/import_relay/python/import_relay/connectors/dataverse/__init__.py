"""Everything of Dataverse (Dynamics 365)."""
