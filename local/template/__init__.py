"""Reads template.yaml as AWS would, and sorts what it describes by who provides it here."""
