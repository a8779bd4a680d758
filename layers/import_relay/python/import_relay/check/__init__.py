"""The check of connections.toml, before anything is deployed."""
