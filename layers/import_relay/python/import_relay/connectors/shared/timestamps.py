"""Times as CRMs write them, as versions: microseconds since the epoch.

Called by `interpret` of the connectors.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from import_relay.mapping.datetimes import iso_time, microseconds

MAX_TIME_LENGTH = 64
"""Own limit: no ISO 8601 time with nanoseconds and an offset is longer."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def timestamp(value: object) -> int | None:
    """Microseconds since the epoch of an ISO text or of a number; None if it is no time at all.

    A text without a zone is UTC; of its fraction six digits count. A number, or a text of digits,
    counts seconds, milliseconds or microseconds; its size says which.
    """
    if isinstance(value, str):
        if len(value) > MAX_TIME_LENGTH:
            return None
        if not (value.isascii() and value.isdecimal()):
            return _of_text(value)
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    for digits, factor in ((11, 1_000_000), (14, 1_000), (17, 1)):
        if 0 < value < 10**digits:
            return value * factor
    return None


def first_timestamp(values: Iterable[object]) -> int | None:
    """The first of some values that is a time; None if none is."""
    return next((at for at in map(timestamp, values) if at is not None), None)


def utc_text(milliseconds: int) -> str:
    """The time so many milliseconds after 1970 as ISO 8601, in UTC.

    Raises:
        OverflowError: it lies in no year from 1 to 9999.
    """
    return (_EPOCH + timedelta(milliseconds=milliseconds)).isoformat().replace("+00:00", "Z")


def _of_text(text: str) -> int | None:
    try:
        return microseconds(iso_time(text))
    except ValueError:
        return None
