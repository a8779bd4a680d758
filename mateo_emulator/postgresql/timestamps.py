"""Reads a ``timestamp with time zone`` as PostgreSQL does (``timestamptz_in``), in UTC.

ISO 8601 in its usual spellings, names of months and weekdays, month/day/year, AM and PM, offsets,
names and abbreviations of zones, and the special words: ``now``, ``today``, ``yesterday``,
``tomorrow``, ``epoch``, ``infinity``. Not read here: years of two digits, Julian days, years BC.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from mateo_emulator.clock import MICROSECONDS
from mateo_emulator.postgresql.white_space import stripped

INFINITY_US = 2**62
"""Later than every stored timestamp; PostgreSQL has a value of its own for it."""
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTH = rf"(?P<month>{'|'.join(f'{name}|{name[:3]}' for name in _MONTHS)}|sept)"
_WEEKDAY = r"(?:(?:sun|mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?)(?:day)?,?\s+)?"
_DATES = [
    re.compile(_WEEKDAY + shape, re.ASCII | re.IGNORECASE)
    for shape in (
        "(?P<word>yesterday|today|tomorrow)",
        r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)",
        r"(?P<year>\d{4})([-/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})",
        r"(?P<month>\d{1,2})([-/.])(?P<day>\d{1,2})\2(?P<year>\d{4})",  # DateStyle MDY
        rf"(?P<year>\d{{4}})[-\s]{_MONTH}[-\s](?P<day>\d{{1,2}})",
        rf"(?P<day>\d{{1,2}})[-\s]?{_MONTH}[-\s](?P<year>\d{{4}})",
        rf"{_MONTH}[-\s](?P<day>\d{{1,2}})(?:,\s*|[-\s])(?P<year>\d{{4}})",
    )
]
_TIME = re.compile(
    r"(?:(?:\s*T\s*|\s+)(?P<hour>\d{1,2}):?(?P<minute>\d\d)"
    r"(?::?(?P<second>\d\d)(?P<fraction>\.\d*)?)?(?:\s*(?P<half>AM|PM))?"
    r"\s*(?P<zone>[+-]\d{1,2}(?:\d\d|:\d{1,2}(?::\d{1,2})?)?|[A-Z][\w+/-]*)?)?",
    re.ASCII | re.IGNORECASE,
)
_FIXED = {
    **dict.fromkeys(("z", "zulu", "utc", "ut", "gmt", "wet"), 0.0),
    **dict.fromkeys(("cet", "met", "bst", "west"), 1.0),
    **dict.fromkeys(("cest", "mest", "eet"), 2.0),
    **dict.fromkeys(("eest", "msk"), 3.0),
    "est": -5.0,
    "edt": -4.0,
    "cst": -6.0,
    "cdt": -5.0,
    "mst": -7.0,
    "mdt": -6.0,
    "pst": -8.0,
    "pdt": -7.0,
    "akst": -9.0,
    "akdt": -8.0,
    "hst": -10.0,
    "jst": 9.0,
    "kst": 9.0,
    "aest": 10.0,
    "aedt": 11.0,
    "nzst": 12.0,
    "nzdt": 13.0,
}
"""Abbreviations that stand for one offset the whole year (PostgreSQL: `timezonesets/Default`)."""


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
    text = stripped(text)
    date = next(filter(None, (shape.match(text) for shape in _DATES)), None)
    time = _TIME.fullmatch(text, date.end()) if date else None
    if date is None or time is None:
        return None
    try:
        midnight = _midnight(date.groupdict(), _zone(time["zone"] or "Z"), now)
        return (midnight + _time_of_day(time)).astimezone(UTC)
    except (ValueError, OverflowError, OSError, ZoneInfoNotFoundError):
        return None


def _midnight(date: dict[str, str], zone: tzinfo, now: datetime | None) -> datetime:
    if "word" not in date:
        return datetime(int(date["year"]), _month(date["month"]), int(date["day"]), tzinfo=zone)
    if now is None:
        raise ValueError(date["word"])
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=zone)
    return today + timedelta(days=_DAYS[date["word"].lower()])


def _month(text: str) -> int:
    """The number of a month that is given as a number or a name, of which three letters count."""
    if text.isdecimal():
        return int(text)
    return [name[:3] for name in _MONTHS].index(text[:3].lower()) + 1


def _time_of_day(match: re.Match[str]) -> timedelta:
    """The time since midnight; 24:00 is the next midnight and :60 the next minute."""
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    fraction = round(float(f"0{match['fraction'] or ''}") * MICROSECONDS)
    if minute > 59 or second > 60:
        raise ValueError(match[0])
    if match["half"]:
        if hour > 12:
            raise ValueError(match[0])
        hour = hour % 12 + (12 if match["half"].lower() == "pm" else 0)
    time = timedelta(hours=hour, minutes=minute, seconds=second, microseconds=fraction)
    if time > timedelta(days=1):
        raise ValueError(match[0])
    return time


def _zone(text: str) -> tzinfo:
    """An offset, or a zone by its abbreviation or its name, in any case."""
    if text[0] not in "+-":
        hours_ahead = _FIXED.get(text.lower())
        if hours_ahead is None:
            return ZoneInfo(_zone_names().get(text.lower(), text))
        return timezone(timedelta(hours=hours_ahead))
    hours, *rest = text[1:].split(":")
    if len(hours) > 2:
        hours, rest = hours[:-2], [hours[-2:]]
    minutes, seconds = (int(one) for one in (*rest, "0", "0")[:2])
    if int(hours) > 15 or minutes > 59 or seconds > 59:
        raise ValueError(text)
    offset = timedelta(hours=int(hours), minutes=minutes, seconds=seconds)
    return timezone(-offset if text[0] == "-" else offset)


@cache
def _zone_names() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}
