"""Datetimes as Mateo wants them: ISO 8601 with zone, UTC where there is none (its import guide)."""

from datetime import UTC, date, datetime

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


def version_number(value: object) -> int:
    """The number that orders changes: an integer as it is, a datetime as µs since the epoch.

    Raises:
        ValueError: the value is neither.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("neither a number nor a time")
    if isinstance(value, str):
        text = value.strip()
        if not (text.isascii() and text.lstrip("-").isdecimal()):
            return microseconds(datetime.fromisoformat(text))
        value = int(text)
    if not abs(value) < 2**63:  # NaN too
        raise ValueError("out of range")
    return int(value)
