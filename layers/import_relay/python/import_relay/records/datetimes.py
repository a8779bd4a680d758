"""Datetimes as Mateo wants them: ISO 8601 with zone, UTC where there is none (its import guide)."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

LARGEST_VERSION = 2**63
LONGEST_NUMBER = 100
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def explicit_datetime(text: str) -> str:
    """The same instant, with its zone made explicit: a naive time is UTC.

    Raises:
        ValueError: the text is not an ISO 8601 date or datetime.
    """
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    written = moment.isoformat()
    return written[:-6] + "Z" if written.endswith("+00:00") else written


def plain_date(text: str) -> str:
    """`YYYY-MM-DD` of an ISO date, or of a datetime as it is written there.

    Raises:
        ValueError: the text is neither.
    """
    text = text.strip()
    if len(text) == len("2026-11-21"):
        return date.fromisoformat(text).isoformat()
    return datetime.fromisoformat(text).date().isoformat()


def microseconds(moment: datetime) -> int:
    """Microseconds since the epoch; a naive time is UTC. Exact, unlike `timestamp()`."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def is_time(value: object) -> bool:
    """Whether `version_number` reads the value as a time and not as a number that counts."""
    return isinstance(value, str) and not _NUMBER.fullmatch(value.strip())


def version_number(value: object) -> int:
    """The number that orders changes: a time as µs since the epoch, a number in millionths.

    So seconds since the epoch, with or without a fraction, order with times as they should.

    Raises:
        ValueError: the value is neither.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("neither a number nor a time")
    text = value.strip() if isinstance(value, str) else repr(value)
    if isinstance(value, str) and not _NUMBER.fullmatch(text):
        return microseconds(datetime.fromisoformat(text))
    number = Decimal(text) if len(text) <= LONGEST_NUMBER else Decimal("Infinity")
    if not (number.is_finite() and abs(number) < LARGEST_VERSION):
        raise ValueError("out of range")
    return int(number * 1_000_000)
