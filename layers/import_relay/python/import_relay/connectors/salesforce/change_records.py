"""What a Salesforce change event says of a record. Called by `cdc_events`.

Salesforce describes two forms of the same event. In one the payload holds only fields that have a
value or were emptied, in the other every field of the object, those that did not change as null
(Change Data Capture guide, change event body fields). Here a null of an update means something only
if the header names the field among `changedFields` or `nulledFields`; a value always does. In that
other form these lists may be bitmaps (`0x400800`), whose meaning is in the event's schema: then the
values are all that changed, unless `nulledFields` says that others were emptied.

Of a long text an update may hold only the difference to the former one (section "Sending Data
Differences"), as text or below `diff`; the header names such fields among `diffFields`. It is kept
as `{"diff": …}`, of which no column can be told, and the record has to be read.

Three things are made equal to what `cdc_fetcher` gives. A lead's `Address` is called
`MailingAddress`, as with contacts, since a mapping that names both could never be sure of a partial
record. Times that come as milliseconds become ISO texts, for the fields known here: of custom
fields only Salesforce knows which are times. Events have the start and the end that
`ActivityDateTime` and `DurationInMinutes` make, if they do not have these fields themselves.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from import_relay.connectors.shared.all_day import with_flag

HEADER = "ChangeEventHeader"
SYSTEM_FIELDS = frozenset({"Id", "LastModifiedDate", "LastModifiedById"})
"""Fields that every update holds, so that they alone say nothing."""
_DATES = frozenset({"ActivityDate", "Birthdate", "CloseDate", "ConvertedDate"})
_TIMES = frozenset(
    {"ActivityDateTime", "CreatedDate", "EndDateTime", "LastModifiedDate", "StartDateTime"}
)
_DURATION = "DurationInMinutes"
ALL_DAY, TIMES = "IsAllDayEvent", ("StartDateTime", "EndDateTime")
"""Of whole days Salesforce gives midnight UTC (object reference, Event)."""
_is_bitmap = re.compile(r"([0-9]+-)?0x[0-9A-Fa-f]+").fullmatch
"""Pub/Sub API guide, event deserialization: of the record's fields, or of a compound field's."""
_is_difference = re.compile(r"--- ?\n\+\+\+ [0-9A-Fa-f]{64}\s").match
"""The head of a difference, with the SHA-256 of the new text; the header may not name the field."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Record = dict[str, object]


def whole(payload: Mapping[str, object], entity: str, record_id: str) -> Record:
    """The record of a creation or of an undeletion: a missing field is empty."""
    fields = {name: value for name, value in payload.items() if name != HEADER}
    return _normal(fields, entity, record_id)


def known_of(
    payload: Mapping[str, object], entity: str, record_id: str
) -> tuple[Record | None, bool]:
    """What an update says of the record, and whether that is all that changed.

    None: fields changed, but the values of none of them are there.
    """
    fields, differences, is_complete = _changed(payload)
    if not is_complete and fields.keys() - _says_nothing(differences) <= SYSTEM_FIELDS:
        return None, False
    record = _normal(fields, entity, record_id)
    if entity == "Event":
        record = with_flag(record, ALL_DAY, TIMES, partial=True, local=True)
        is_complete = is_complete and _has_whole_time(record)
    return record, is_complete


def _changed(payload: Mapping[str, object]) -> tuple[Record, Record, bool]:
    """The fields that changed, those of them that come as differences, and whether that is all."""
    fields = _valued(payload)
    differences = _differences(fields, _names(payload, "diffFields"))
    fields |= differences
    nulled = _names(payload, "nulledFields")
    is_complete = not differences and not any(map(_is_bitmap, nulled))
    for path in _paths(nulled):
        _set_null(fields, path)
    for path in _paths(_names(payload, "changedFields")):
        if _is_told(fields, path):
            continue
        if _is_null(payload, path):
            _set_null(fields, path)
        else:
            is_complete = False
    return fields, differences, is_complete


def _has_whole_time(event: Record) -> bool:
    """Whether an event has its end, or neither its begin nor its duration changed alone."""
    return "EndDateTime" in event or len(event.keys() & {"ActivityDateTime", _DURATION}) != 1


def _valued(payload: Mapping[str, object]) -> Record:
    """The fields, and the components of compound fields, that have a value."""
    fields: Record = {}
    for name, value in payload.items():
        if name == HEADER or value is None:
            continue
        if not isinstance(value, dict):
            fields[name] = value
        elif parts := {part: one for part, one in value.items() if one is not None}:
            fields[name] = parts
    return fields


def _differences(fields: Mapping[str, object], named: Iterable[str]) -> Record:
    """Field → what came instead of its value: the difference to the former one.

    Of a compound field with a part that is one (a street of `MailingAddress`): all its parts.
    """
    found: Record = {}
    for name, value in fields.items():
        difference = _difference(value, is_named=name in named)
        if difference is not None:
            found[name] = difference
        elif isinstance(value, dict):
            parts = {
                part: _difference(one, is_named=f"{name}.{part}" in named)
                for part, one in value.items()
            }
            if any(parts.values()):
                found[name] = {part: parts[part] or one for part, one in value.items()}
    return found


def _difference(value: object, *, is_named: bool) -> Record | None:
    """What stands for a value that is a difference; None if it is none."""
    text = value.get("diff") if isinstance(value, dict) else value
    if is_named or (isinstance(text, str) and _is_difference(text)):
        return {"diff": text}
    return None


def _says_nothing(differences: Mapping[str, object]) -> set[str]:
    """The fields of which nothing but differences came."""
    return {
        name
        for name, value in differences.items()
        if isinstance(value, dict)
        and (value.keys() == {"diff"} or all(isinstance(one, dict) for one in value.values()))
    }


def _names(payload: Mapping[str, object], key: str) -> list[str]:
    header = payload.get(HEADER)
    names = header.get(key) if isinstance(header, dict) else None
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def _paths(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Of each name that is one, e.g. `Name.LastName`: the field, and the part of it."""
    return [tuple(name.split(".", 1)) for name in names if not _is_bitmap(name)]


def _is_told(fields: Mapping[str, object], path: tuple[str, ...]) -> bool:
    value = fields.get(path[0])
    if len(path) == 1 or not isinstance(value, dict):
        return path[0] in fields
    return path[1] in value


def _is_null(payload: Mapping[str, object], path: tuple[str, ...]) -> bool:
    """Whether the payload holds a null at the path, or in the place of its compound field."""
    if path[0] not in payload:
        return False
    value = payload[path[0]]
    return value is None or (len(path) > 1 and isinstance(value, dict) and path[1] in value)


def _set_null(fields: Record, path: tuple[str, ...]) -> None:
    if len(path) == 1:
        fields[path[0]] = None
        return
    compound = fields.setdefault(path[0], {})
    if isinstance(compound, dict):
        compound[path[1]] = None


def _normal(fields: Record, entity: str, record_id: str) -> Record:
    """The fields with the record's id, readable times, and the names that fetchers give."""
    record: Record = {"Id": record_id}
    record |= {name: _readable(name, value) for name, value in fields.items() if name != "Id"}
    if entity == "Lead" and "Address" in record:
        record["MailingAddress"] = record.pop("Address")
    if entity == "Event" and "ActivityDateTime" in record:
        start = record["ActivityDateTime"]
        record.setdefault("StartDateTime", start)
        if start is None or _DURATION in record:
            record.setdefault("EndDateTime", _after(start, record.get(_DURATION)))
    return record


def _readable(name: str, value: object) -> object:
    """ISO text of milliseconds since the epoch, in a field that is known to be a date or a time."""
    if not isinstance(value, int) or isinstance(value, bool) or name not in _DATES | _TIMES:
        return value
    try:
        timestamp = _EPOCH + timedelta(milliseconds=value)
    except OverflowError:
        return value
    return timestamp.date().isoformat() if name in _DATES else _text(timestamp)


def _after(start: object, minutes: object) -> str | None:
    """The time so many minutes later; None if it is no time or too late for one."""
    if not isinstance(start, str) or not isinstance(minutes, int | float):
        return None
    try:
        timestamp = datetime.fromisoformat(start) + timedelta(minutes=minutes)
    except (ValueError, OverflowError):
        return None
    return _text(timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC))


def _text(timestamp: datetime) -> str:
    return timestamp.isoformat(timespec="milliseconds").replace("+00:00", "Z")
