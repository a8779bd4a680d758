"""Appointments that last whole days have no time of day. Used by every kind that knows them.

CRMs write midnight as their time, somebody's or UTC's: Mateo would send its reminders in the night.
So the default mappings of these kinds give a date where the CRM's flag is set, and a date clears
the time that the appointment had before.

A partial change may hold the times without the flag. Then the times decide: an appointment that
begins at half past ten, or lasts an hour, does not last whole days. If they do not decide, the flag
stays unknown: the columns are left out and noted, or the record is read.
"""

from datetime import datetime, timedelta

_DAY = timedelta(days=1)
_LAST_MINUTE = timedelta(minutes=1)
_SUMMER_TIME = timedelta(hours=1)
_SHORTER = _LAST_MINUTE + _SUMMER_TIME
"""A day may end a minute early, and last an hour less or more when clocks change."""
_QUARTER = 15
"""Minutes: every time zone is whole quarters of an hour away from UTC."""


def timed(flag: str, time: str) -> str:
    """The expression for a time: where the flag is true, be it as a text, that of a day."""
    return f'(contains(`[true, "true"]`, {flag}) && {{date: ({time})}}) || ({time})'


def with_flag(
    record: dict[str, object], flag: str, times: tuple[str, str], *, partial: bool, local: bool
) -> dict[str, object]:
    """The record with its flag, derived from its times if the record lacks it.

    `times`: the names of start and end. `local`: the times are written in the zone whose midnight
    begins the day. A whole record whose times are whole days lasts whole days. A flag that is null
    says nothing.
    """
    if record.get(flag) is not None or not record.keys() & set(times):
        return record
    record = {name: value for name, value in record.items() if name != flag}
    start, end = (_timestamp(record.get(name)) for name in times)
    if _tells_time(start, end, local=local):
        return {**record, flag: False}
    if not partial and start and end:
        return {**record, flag: True}
    return record


def _timestamp(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _tells_time(start: datetime | None, end: datetime | None, *, local: bool) -> bool:
    """Whether the times cannot be those of whole days."""
    for timestamp in filter(None, (start, end)):
        clock = timedelta(hours=timestamp.hour, minutes=timestamp.minute)
        is_midnight = clock in (timedelta(0), _DAY - _LAST_MINUTE)
        may_be_midnight = timestamp.minute % _QUARTER in (0, _QUARTER - 1)
        if not (is_midnight if local else may_be_midnight):
            return True
    if local or start is None or end is None:
        return False
    span = end - start + _SHORTER
    return span < _DAY or span % _DAY > _SHORTER + _SUMMER_TIME
