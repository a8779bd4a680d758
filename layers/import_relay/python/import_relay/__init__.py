"""Relay of CRM webhooks into Mateo imports: the code that all functions share."""

__version__ = "0.1.0"
"""Also in template.yaml and CHANGELOG.md."""
