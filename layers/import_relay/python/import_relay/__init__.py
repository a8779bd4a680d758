"""Relay of CRM webhooks into Mateo imports: the code that all four functions share."""
