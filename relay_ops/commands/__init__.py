"""The commands: each reads options, calls the function that does the work, and shows the result."""
