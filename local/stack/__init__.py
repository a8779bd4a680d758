"""The running stack: its processes, its HTTP API, and what can be asked of it."""
