"""Dates and datetimes as Mateo wants them: ISO 8601, a time with its zone (its import guide).

What a sender writes without a zone belongs to the connection's zone, UTC if it names none. Only ISO
8601 is read: any other form may be read in two ways, and `functions` has what reads it on purpose.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from import_relay.mapping.texts import is_empty

MAX_VERSION = 2**63
MAX_NUMBER = 100
YEARS = range(1901, 2200)
"""Years that a birthday or an appointment lies in. Others stand for "no date" in some systems, such
as 1900 in SQL Server and in spreadsheets."""
LONG_YEARS = range(1000, 9999)
"""The same for custom fields, which may hold any time in history."""
_DATE = len("YYYY-MM-DD")
MAX_TEXT = 64
"""Characters of a date and time; the longest that any sender writes has 33."""
_ISO = re.compile(r"\d{4}-\d\d-\d\d([Tt ].+)?|\d{8}([Tt].+)?", re.ASCII)
_ONLY_A_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{8}", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_UTC = re.compile(r"(?<=[0-9])(?:z| ?(?:UTC|GMT))")
"""How some write UTC after a time: RFC 3339 allows the small letter, Ruby writes ` UTC`."""
_NO_DATE = re.compile(r"0000-00-00(?:[T ].*)?", re.ASCII)
"""What MySQL holds where there is no date."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_ZONED = frozenset({"date", "datetime", "timezone"})
"""Keys of Microsoft Graph's `dateTimeTimeZone` and of Google Calendar's times, in lower case."""
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d\d?)(?::?([0-5]\d))?", re.ASCII)


@lru_cache(maxsize=256)
def time_zone(name: str) -> tzinfo:
    """The zone of an IANA name such as `Europe/Berlin`, or of Windows' `W. Europe Standard Time`.

    Offsets are zones as well: `+01:00`, `UTC+1`.

    Raises:
        ValueError: there is no such zone.
    """
    if offset := _OFFSET.fullmatch(name):
        sign, hours, minutes = offset.groups()
        ahead = timedelta(hours=int(hours), minutes=int(minutes or 0))
        if ahead < timedelta(hours=24):
            return timezone(-ahead if sign == "-" else ahead)
    iana_name = windows_zones().get(name, name)
    try:
        return ZoneInfo(iana_name)
    except (LookupError, ValueError, OSError) as error:  # OSError: a folder's name
        raise ValueError("no time zone of that name is known") from error


@lru_cache(maxsize=1)
def windows_zones() -> dict[str, str]:
    """Windows' name of a time zone → the IANA zone that it means.

    Source: Unicode CLDR, `windowsZones.xml`, territory 001 (the zone for the world).
    """
    table = Path(__file__).with_name("windows_zones.txt").read_text(encoding="utf-8")
    return dict(line.split("|") for line in table.splitlines())


def explicit_datetime(
    value: object, zone: tzinfo | None = None, *, years: range = LONG_YEARS
) -> str:
    """The same instant, with its zone made explicit: a naive time is that of `zone`, or UTC.

    A text, or an object of a text and its zone as Microsoft Graph and Google Calendar send it.

    Raises:
        ValueError: it is no ISO 8601 date or datetime, or its year says that there is none.
    """
    timestamp = _read(value, zone or UTC)
    if timestamp.year not in years:
        raise ValueError(f"the year {timestamp.year} stands for no date")
    ahead = timestamp.utcoffset()
    if ahead is not None and ahead % _MINUTE:  # local time before there were zones
        timestamp = timestamp.astimezone(UTC)
    written = timestamp.isoformat()
    return written[:-6] + "Z" if written.endswith("+00:00") else written


def is_only_a_date(value: object) -> bool:
    """Whether a value that `explicit_datetime` reads says a day and no time of it."""
    text = _time_and_zone(value)[0] if isinstance(value, dict) else value
    return isinstance(text, str) and _ONLY_A_DATE.fullmatch(text.strip()) is not None


def is_named_day(value: object) -> bool:
    """Whether a value is an object of a `date`, as Google Calendar writes whole days."""
    return isinstance(value, dict) and not is_empty(value.get("date"))


def has_zone(text: str) -> bool:
    """Whether a text is a time that says its zone itself."""
    try:
        return _read(text, None).tzinfo is not None
    except ValueError:
        return False


def plain_date(value: object, zone: tzinfo | None = None, *, years: range = LONG_YEARS) -> str:
    """`YYYY-MM-DD` of a date, or of a datetime: the day in `zone`, or as it is written there.

    Raises:
        ValueError: as `explicit_datetime`.
    """
    if type(value) is str and len(value) == _DATE and _is_plain(value, years):
        return value  # as most dates are written; what is wrong with others, `_read` says
    timestamp = _read(value, None)
    if zone is not None and timestamp.tzinfo is not None:
        timestamp = _shifted(timestamp, zone)
    if timestamp.year not in years:
        raise ValueError(f"the year {timestamp.year} stands for no date")
    return timestamp.isoformat()[:_DATE]


def _is_plain(text: str, years: range) -> bool:
    """Whether ten characters are a date as `plain_date` writes it, which is told fast."""
    try:
        return text[4] == text[7] == "-" and date.fromisoformat(text).year in years
    except ValueError:
        return False


def _read(value: object, zone: tzinfo | None) -> datetime:
    """The datetime of a value; one without a zone is in the zone beside it, else in `zone`."""
    name = None
    if isinstance(value, dict):
        value, name = _time_and_zone(value)
    if not isinstance(value, str):
        raise ValueError("a number or object, not an ISO 8601 text")
    text = value.strip()
    if len(text) > MAX_TEXT or not _ISO.fullmatch(text):
        raise ValueError("not ISO 8601")
    try:
        timestamp = iso_time(text)
    except ValueError as error:
        raise ValueError("no such date or time") from error
    if timestamp.tzinfo is not None:  # whatever the zone beside it is called, this time is certain
        return timestamp
    return timestamp.replace(tzinfo=time_zone(name) if name else zone)


def iso_time(text: str) -> datetime:
    """The datetime of an ISO 8601 text; UTC may be written in a few more ways.

    Raises:
        ValueError: it is none.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        found = _UTC.search(text)
        if found is None or found.end() != len(text):
            raise
        return datetime.fromisoformat(f"{text[: found.start()]}Z")


def _time_and_zone(value: Mapping[object, object]) -> tuple[object, str | None]:
    given = {str(name).lower(): one for name, one in value.items() if not is_empty(one)}
    name = given.get("timezone")
    times = [given[key] for key in ("date", "datetime") if key in given]
    if given.keys() - _ZONED or len(times) > 1 or not isinstance(name, str | None):
        raise ValueError("an object, not a text")
    return times[0] if times else None, name


def says_no_time(value: object) -> bool:
    """Whether a value is such an object of a time and its zone, without a time."""
    if not isinstance(value, dict) or not value:
        return False
    keys = {str(name).lower() for name in value}
    return keys <= _ZONED and _time_and_zone(value)[0] is None


def _shifted(timestamp: datetime, zone: tzinfo) -> datetime:
    try:
        return timestamp.astimezone(zone)
    except OverflowError as error:  # within a day of year 1 or 9999
        raise ValueError(f"the year {timestamp.year} stands for no date") from error


def parse_format(text: str) -> re.Pattern[str]:
    """What matches a time of the form `DD.MM.YYYY HH:mm`: each of YYYY, MM, DD, HH, mm, ss once.

    One digit is enough for all but the year, if the form has something between the numbers.

    Raises:
        ValueError: the form does not say year, month and day.
    """
    pieces = re.split("(YYYY|MM|DD|HH|mm|ss)", text)
    pattern, found = "", []
    for number, piece in enumerate(pieces):
        if number % 2 == 0:
            pattern += re.escape(piece)
            continue
        found.append(piece)
        beside = (pieces[number - 1] or number == 1) and (
            pieces[number + 1] or number == len(pieces) - 2
        )
        digits = "{4}" if piece == "YYYY" else ("{1,2}" if beside else "{2}")
        pattern += f"(?P<{_GROUPS[piece]}>[0-9]{digits})"
    if len(found) != len(set(found)) or not {"YYYY", "MM", "DD"} <= set(found):
        raise ValueError("a form has YYYY, MM and DD, each once, e.g. 'DD.MM.YYYY HH:mm'")
    return re.compile(pattern)


_GROUPS = {"YYYY": "year", "MM": "month", "DD": "day", "HH": "hour", "mm": "minute", "ss": "second"}
_form = lru_cache(maxsize=256)(parse_format)


def formatted_time(text: str, form: str) -> datetime:
    """The naive time that a text of such a form says.

    Raises:
        ValueError: the form is none, the text has another one, or there is no such day.
    """
    found = _form(form).fullmatch(text.strip())
    if found is None:
        raise ValueError(f"is not of the form {form}")
    numbers = {name: int(value) for name, value in found.groupdict().items()}
    try:
        return datetime(**numbers)  # type: ignore[arg-type]  # noqa: DTZ001  # names are checked
    except ValueError as error:
        raise ValueError("no such date or time") from error


def epoch_time(number: Decimal, per_second: int) -> datetime:
    """The time so many units after 1970-01-01T00:00Z.

    Raises:
        ValueError: it lies in no year that a datetime has.
    """
    try:
        return datetime.fromtimestamp(float(number / per_second), UTC)
    except (OverflowError, OSError, ValueError) as error:
        raise ValueError("no time counts so many") from error


def microseconds(timestamp: datetime) -> int:
    """Microseconds since the epoch; a naive time is UTC. Exact, unlike `timestamp()`."""
    if timestamp.tzinfo is None:
        timestamp = timestamp.replace(tzinfo=UTC)
    since = timestamp - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def is_time(value: object) -> bool:
    """Whether `version_number` reads the value as a time and not as a number that counts."""
    return isinstance(value, str) and not _NUMBER.fullmatch(value.strip())


def version_number(value: object, zone: tzinfo = UTC) -> int:
    """The number that orders changes: a time as µs since the epoch, a number in millionths.

    A time without a zone is in `zone`; MySQL's `0000-00-00` is 1970. So seconds since the epoch,
    with or without a fraction, order with times as they should.

    Raises:
        ValueError: the value is neither.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("neither a number nor a time")
    text = value.strip() if isinstance(value, str) else repr(value)
    if isinstance(value, str) and not _NUMBER.fullmatch(text):
        timestamp = _EPOCH if _NO_DATE.fullmatch(text) else iso_time(text)
        return microseconds(timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=zone))
    number = Decimal(text) if len(text) <= MAX_NUMBER else Decimal("Infinity")
    if not (number.is_finite() and abs(number) < MAX_VERSION):
        raise ValueError("out of range")
    return int(number * 1_000_000)
