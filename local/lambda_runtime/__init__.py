"""Runs the functions as Lambda does: as processes under the official runtime client."""
