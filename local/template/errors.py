"""What goes wrong with a template."""

from __future__ import annotations


class TemplateError(Exception):
    """template.yaml cannot be executed here; the text says which part and why."""
