"""What `relay import` does: reads a file on this machine, uploads it, follows it to its end."""
