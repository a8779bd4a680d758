"""Reads dates and datetimes as the import does; used for rows and for timestamp filters.

Documented: ISO 8601 with a zone, and UTC where the zone is missing.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

_SHAPE = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})"
    r"(?:[T ](?P<time>\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)"
    r" ?(?P<zone>Z|z|[+-]\d{2}(?::?\d{2})?)?)?",
    re.ASCII,
)


def parse_datetime(text: str) -> datetime | None:
    """The moment in UTC, or None if the text cannot be read; a bare date means midnight UTC."""
    match = _SHAPE.fullmatch(text.strip())
    if match is None:
        return None
    zone = (match["zone"] or "Z").upper()
    try:
        moment = datetime.fromisoformat(f"{match['date']}T{match['time'] or '00:00'}{zone}")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
