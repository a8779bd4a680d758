"""The commands: each reads options, calls what does the work, and shows the result."""
