"""Pipedrive webhooks of version 2 and of version 1: persons, deals and activities.

Authentication: HTTP Basic with the user and password chosen when the webhook was made; Pipedrive
signs nothing. One event per request. Version 2: `{"meta", "data", "previous"}`; `data` is the state
after the change, `null` when deleted. Version 1 says `current` instead of `data` and has other
names: the record is given those of version 2 beside its own, so that one mapping serves both. A
merge arrives as the deletion of one record and a change of the other. The record is the whole
event: expressions say `data.name`. An activity of either version gets the end that Pipedrive leaves
to be worked out, as `data.end_time`: its UTC start, `due_date` and `due_time`, and its `duration`.

Event id: in version 2 `meta.id`, a UUID that retries keep; without one entity, record and time. In
version 1 `meta.id` is the id of the record, so that record, time in microseconds and action make
the event's id. Version: the time of the event in `meta`, else `data.update_time`; times come as ISO
texts or as numbers.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from import_relay.connectors.contract import Change, Item, Replies, Request
from import_relay.connectors.shared.auth import check_basic
from import_relay.connectors.shared.event_ids import event_id, joined
from import_relay.connectors.shared.json_members import text_or_none
from import_relay.connectors.shared.json_text import body_text, single
from import_relay.connectors.shared.timestamps import first_timestamp
from import_relay.domain.connections import Connection, RecordType, RecordTypeName
from import_relay.domain.errors import RejectedRow, UnreadableDelivery
from import_relay.mapping.datetimes import explicit_datetime

OPTIONS: Mapping[str, str] = {}
DEFAULTS: Mapping[RecordTypeName, RecordType] = {
    "contact": RecordType(
        "contact",
        {
            "external_id": "data.id",
            "full_name": "data.name",
            "email": "(data.emails[?primary].value | [0]) || data.emails[0].value",
            "whatsapp": "[data.phones[?primary].value, data.phones[].value][]",
            "country_codes": "data.postal_address.country || data.postal_address_country",
        },
    ),
    "deal": RecordType(
        "deal",
        {"external_id": "data.id", "name": "data.title", "contact_external_id": "data.person_id"},
        allow_reassignment=True,
    ),
    # tasks, deadlines and e-mails are activities too: nobody is to be reminded of them
    "appointment": RecordType(
        "appointment",
        {
            "external_id": "data.id",
            "name": "data.subject",
            "description": "data.public_description",
            "start_time": "data.due_date && (data.due_time"
            " && join('', [data.due_date, 'T', data.due_time, 'Z']) || {date: data.due_date})",
            "end_time": "data.end_time || (data.due_date && !(data.due_time)"
            " && {date: data.due_date} || `null`)",
            "contact_external_id": "data.person_id"
            " || (data.participants[?primary].person_id | [0])",
        },
        when="data.type == 'meeting'",
        allow_reassignment=True,
    ),
}
REPLIES = Replies()
PIPEDRIVE_RECORD_TYPES: Mapping[object, RecordTypeName] = {
    "person": "contact",
    "deal": "deal",
    "activity": "appointment",
}
_CHANGES = frozenset({"create", "change"})
_V1_ACTIONS: Mapping[object, str] = {"added": "create", "updated": "change", "deleted": "delete"}
"""Action of version 1 → the same one of version 2."""
_CLOCK = re.compile(r"([0-9]{1,4}):([0-5][0-9])(?::([0-5][0-9]))?")
"""Hours, minutes and perhaps seconds: a time or a duration. Four digits of hours: own limit."""


def verify(
    request: Request, secrets: Sequence[str], options: Mapping[str, str], *, now: float
) -> None:
    """See `contract.Connector.verify`."""
    check_basic(request.headers.get("authorization"), secrets)


def split(request: Request, options: Mapping[str, str]) -> list[Item]:
    """One event per request."""
    value, text = single(body_text(request))
    meta = value.get("meta") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(meta, dict):
        raise UnreadableDelivery("delivery.wrong_shape", "not an event of webhooks v2 or v1")
    first_version = _is_first_version(value)
    if "data" not in value and not first_version:
        raise UnreadableDelivery("delivery.wrong_shape", "holds neither data nor current")
    entity = meta.get("object" if first_version else "entity")
    if not isinstance(entity, str) or not isinstance(meta.get("action"), str):
        raise UnreadableDelivery("delivery.wrong_shape", "meta names no entity or no action")
    given = _v1_id(meta) if first_version else meta.get("id") or _second_id(meta)
    return [Item(event_id(given, text), text)]


def _is_first_version(event: Mapping[str, object]) -> bool:
    return "current" in event and "data" not in event


def _v1_id(meta: Mapping[str, object]) -> str | None:
    return joined(*map(meta.get, ("object", "id", "timestamp_micro", "action")))


def _second_id(meta: Mapping[str, object]) -> str | None:
    return joined(*map(meta.get, ("entity", "entity_id", "timestamp")))


def interpret(item: object, connection: Connection) -> Change:
    """The event of a person, deal or activity.

    Others are ignored: `deleted`, `merged` (into another record), `action`, `entity`.
    """
    meta = item.get("meta") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(meta, dict):
        raise RejectedRow("row.not_an_object", field="meta", value=meta)
    if not _is_first_version(item):
        return _change(item, meta, connection)
    meta, data = _second_words(meta, item.get("current"))
    return _change({**item, "meta": meta, "data": data}, meta, connection)


def _change(
    event: Mapping[str, object], meta: Mapping[str, object], connection: Connection
) -> Change:
    """What an event in the words of version 2 says."""
    record_type = PIPEDRIVE_RECORD_TYPES.get(text_or_none(meta.get("entity")))
    if record_type is None:
        return Change(event, ignored="entity")
    action = text_or_none(meta.get("action"))
    if action == "delete":
        reason = "merged" if meta.get("merged_to_id") else "deleted"
        return Change(event, record_type, ignored=reason)
    if action not in _CHANGES:
        reason = "merged" if action == "merged" else "action"
        return Change(event, record_type, ignored=reason)
    data = event.get("data")
    if not isinstance(data, dict):
        raise RejectedRow("row.not_an_object", field="data", value=data)
    if record_type == "appointment":
        data = _with_end(data)
        event = {**event, "data": data}
    times = meta.get("timestamp_micro"), meta.get("timestamp"), data.get("update_time")
    return Change(event, record_type, first_timestamp(times))


def _second_words(meta: Mapping[str, object], current: object) -> tuple[dict[str, object], object]:
    """`meta` and `data` of an event of version 1, in the words of version 2 beside its own.

    `merged`, which is in that version's list of events, is a change if it holds a state.
    """
    action = text_or_none(meta.get("action"))
    if action == "merged" and isinstance(current, dict):
        action = "updated"
    words = {"entity": meta.get("object"), "action": _V1_ACTIONS.get(action, action)}
    data = _with_second_names(current) if isinstance(current, dict) else current
    return {**meta, **words}, data


def _with_second_names(current: Mapping[str, object]) -> dict[str, object]:
    """A record of version 1 that has the names of version 2 too, where they are missing."""
    named: dict[str, object] = {
        "emails": _entries(current.get("email")),
        "phones": _entries(current.get("phone")),
        "owner_id": current.get("user_id"),
    }
    known = {name: value for name, value in named.items() if value is not None} | {**current}
    people = current.get("participants")
    if isinstance(people, list):
        known["participants"] = [_participant(one) for one in people]
    return known


def _entries(given: object) -> object:
    """E-mail addresses or numbers as version 2 lists them; one text alone is the primary one."""
    return [{"value": given, "primary": True}] if isinstance(given, str) else given


def _participant(given: object) -> object:
    if isinstance(given, dict) and "primary_flag" in given:
        return {"primary": given["primary_flag"], **given}
    return given


def _with_end(data: dict[str, object]) -> dict[str, object]:
    """An activity with its `end_time`; without a start or a length it has none."""
    day, time, duration = (
        text_or_none(data.get(key)) for key in ("due_date", "due_time", "duration")
    )
    length = _CLOCK.fullmatch(duration or "")
    if not day or not _CLOCK.fullmatch(time or "") or not length:
        return data
    hours, minutes, seconds = (int(part or 0) for part in length.groups())
    lasts = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if not lasts:  # an end at the start would say that the meeting takes no time
        return data
    try:
        end = datetime.fromisoformat(f"{day}T{time}Z") + lasts
    except (ValueError, OverflowError):  # no time, or one beyond the year 9999
        return data
    return {"end_time": explicit_datetime(end.isoformat()), **data}


def check_options(connection: Connection) -> Iterable[tuple[str, str]]:
    """None: this kind has no options."""
    return ()
