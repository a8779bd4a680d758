"""Reads the formats that files of rows come in, one row in memory at a time."""
