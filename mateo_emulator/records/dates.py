"""Reads the dates and datetimes of a row, or fails the row.

Documented: ISO 8601 with a zone, and UTC where the zone is missing.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from mateo_emulator.records.failure import RowFailure

_SHAPE = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})"
    r"(?:[T ](?P<time>\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)"
    r" ?(?P<zone>Z|z|[+-]\d{2}(?::?\d{2})?)?)?",
    re.ASCII,
)


def parse_row_datetime(text: str) -> datetime | None:
    """The time in UTC, or None if the text cannot be read; a bare date means midnight UTC."""
    match = _SHAPE.fullmatch(text.strip())
    if match is None:
        return None
    zone = (match["zone"] or "Z").upper()
    try:
        timestamp = datetime.fromisoformat(f"{match['date']}T{match['time'] or '00:00'}{zone}")
        return timestamp.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def read_datetime(value: object) -> str:
    """The time as ``YYYY-MM-DDTHH:MM:SS[.ffffff]+00:00``.

    Raises:
        RowFailure: ``22007`` when the value is not a readable ISO 8601 text.
    """
    timestamp = parse_row_datetime(value) if isinstance(value, str) else None
    if timestamp is None:
        raise _unreadable("timestamp with time zone", value)
    return timestamp.isoformat()


def read_date(value: object) -> str:
    """The date as ``YYYY-MM-DD``; of a datetime, the date as it is written.

    Raises:
        RowFailure: ``22007`` when the value is neither a date nor a datetime.
    """
    if not isinstance(value, str) or parse_row_datetime(value) is None:
        raise _unreadable("date", value)
    return date.fromisoformat(value.strip()[:10]).isoformat()


def _unreadable(kind: str, value: object) -> RowFailure:
    shown = value if isinstance(value, str) else repr(value)
    return RowFailure("22007", f'invalid input syntax for type {kind}: "{shown}"')
