"""What each CRM sends and how it authenticates itself: one folder for each, found by `kinds`.

A new CRM is a folder with an `events.py` that fulfils `contract.Connector`; docs/connectors.md
shows one. Modules are imported when a connection needs them, so that no kind makes the receiver's
start slower.
"""
