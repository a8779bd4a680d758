"""White space as PostgreSQL sees it around a value."""

from __future__ import annotations

_WHITE = " \t\n\v\f\r"


def stripped(text: str) -> str:
    """The text without the white space of C's ``isspace``; a no-break space is not among it."""
    return text.strip(_WHITE)
