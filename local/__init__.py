"""Everything to run the relay on one machine with neither AWS nor Mateo; `stack` puts it together.

Nothing here is deployed, and nothing that is deployed imports it.
"""
