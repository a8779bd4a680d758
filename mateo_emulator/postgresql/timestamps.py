"""Reads a ``timestamp with time zone`` as PostgreSQL does (``timestamptz_in``), in UTC.

ISO 8601 in its usual spellings, and the special words: ``now``, ``today``, ``yesterday``,
``tomorrow``, ``epoch``, ``infinity``. Not read here: names of months, Julian days, years BC.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mateo_emulator.clock import MICROSECONDS
from mateo_emulator.postgresql.white_space import stripped

INFINITY_US = 2**62
"""Later than every stored timestamp; PostgreSQL has a value of its own for it."""
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHAPE = re.compile(
    r"(?:(?P<year>\d{4})-?(?P<month>(?<=-)\d{1,2}|\d\d)-?(?P<day>(?<=-)\d{1,2}|\d\d)"
    r"|(?P<word>yesterday|today|tomorrow))"
    r"(?:(?:\s*T\s*|\s+)(?P<hour>\d{1,2}):?(?P<minute>\d\d)"
    r"(?::?(?P<second>\d\d)(?P<fraction>\.\d*)?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{1,2}(?::?\d\d)?|[A-Z]\w+(?:/[A-Z][\w+-]*)+)?)?",
    re.ASCII | re.IGNORECASE,
)


def read_timestamp(text: str, now: datetime) -> int | None:
    """Microseconds since 1970 of what a text means at ``now``; None if it means no time."""
    word = stripped(text).lower()
    match word:
        case "now" | "now()":  # punctuation merely separates
            return epoch_us(now)
        case "epoch":
            return 0
        case "infinity":
            return INFINITY_US
        case "-infinity":
            return -INFINITY_US
    read = parse_datetime(text, now)
    return None if read is None else epoch_us(read)


def epoch_us(time: datetime) -> int:
    """Microseconds since 1970."""
    return (time - _EPOCH) // timedelta(microseconds=1)


def parse_datetime(text: str, now: datetime | None = None) -> datetime | None:
    """The time in UTC, or None if the text cannot be read; a bare date means midnight UTC.

    ``yesterday``, ``today`` and ``tomorrow`` are read only where ``now`` is given.
    """
    match = _SHAPE.fullmatch(stripped(text))
    if match is None or (match["word"] and now is None):
        return None
    try:
        return (_date(match, now) + _time_of_day(match)).astimezone(UTC)
    except (ValueError, OverflowError, OSError, ZoneInfoNotFoundError):
        return None


def _date(match: re.Match[str], now: datetime | None) -> datetime:
    zone = _zone(match["zone"] or "Z")
    if match["word"] is None or now is None:
        return datetime(int(match["year"]), int(match["month"]), int(match["day"]), tzinfo=zone)
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=zone)
    return today + timedelta(days=_DAYS[match["word"].lower()])


def _time_of_day(match: re.Match[str]) -> timedelta:
    """The time since midnight; 24:00 is the next midnight and :60 the next minute."""
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    fraction = round(float(f"0{match['fraction'] or ''}") * MICROSECONDS)
    if minute > 59 or second > 60:
        raise ValueError(match[0])
    time = timedelta(hours=hour, minutes=minute, seconds=second, microseconds=fraction)
    if time > timedelta(days=1):
        raise ValueError(match[0])
    return time


def _zone(text: str) -> tzinfo:
    name = text.upper()
    if name in ("Z", "UTC", "GMT"):
        return UTC
    if name[0] not in "+-":
        return ZoneInfo(text)
    digits = name[1:].replace(":", "")
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    if int(hours) > 15 or int(minutes) > 59:
        raise ValueError(text)
    return timezone(-offset if name[0] == "-" else offset)
