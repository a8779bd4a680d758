"""Pipedrive webhooks v2: persons, deals and activities.

Proof: HTTP Basic with the user and password chosen when the webhook was made; Pipedrive signs
nothing. One event per request: `{"meta", "data", "previous"}`; `data` is the state after the
change, `null` when deleted. A merge arrives as a deletion and a change. Event id: `meta.id`, a UUID
that retries keep; without one `entity:entity_id:timestamp`. Version: `meta.timestamp`, else
`data.update_time`; both come as ISO texts or as numbers. The record is the whole event: expressions
say `data.name`. Webhooks of version 1 (`current` instead of `data`) are not read yet and end in
quarantine.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from import_relay.connections import Connection, RecordType, RecordTypeName
from import_relay.errors import RejectedRow, UnreadableDelivery
from import_relay.records.datetimes import microseconds
from import_relay.sources.contract import Change, Item, Replies, Request, unknown_options
from import_relay.sources.event_ids import event_id
from import_relay.sources.json_text import body_text, single
from import_relay.sources.proofs import check_basic

OPTIONS: Mapping[str, str] = {}
DEFAULTS: Mapping[RecordTypeName, RecordType] = {}
REPLIES = Replies()
RECORD_TYPES: Mapping[object, RecordTypeName] = {
    "person": "contact",
    "deal": "deal",
    "activity": "appointment",
}
_CHANGES = frozenset({"create", "change"})


def verify(
    request: Request, secrets: Sequence[str], options: Mapping[str, str], *, now: float
) -> None:
    """See `contract.Source.verify`."""
    check_basic(request.headers.get("authorization"), secrets)


def split(request: Request, options: Mapping[str, str]) -> list[Item]:
    """One event per request."""
    event, text = single(body_text(request))
    meta = event.get("meta") if isinstance(event, dict) else None
    if not isinstance(event, dict) or not isinstance(meta, dict) or "data" not in event:
        raise UnreadableDelivery("delivery.wrong_shape", "not an event of webhooks v2")
    if not isinstance(meta.get("entity"), str) or not isinstance(meta.get("action"), str):
        raise UnreadableDelivery("delivery.wrong_shape", "meta names no entity or no action")
    return [Item(event_id(meta.get("id") or _second_id(meta), text), text)]


def _second_id(meta: Mapping[str, object]) -> str | None:
    parts = [meta.get(key) for key in ("entity", "entity_id", "timestamp")]
    return ":".join(map(str, parts)) if all(parts) else None


def interpret(item: object, connection: Connection) -> Change:
    """The event of a person, deal or activity; others are ignored: `deleted`, `action`, `entity`.

    `version` in connections.toml goes before Pipedrive's own times.
    """
    meta = item.get("meta") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(meta, dict):
        raise RejectedRow("row.not_an_object", field="meta", value=meta)
    record_type = RECORD_TYPES.get(_text(meta.get("entity")))
    if record_type is None:
        return Change(item, ignored="entity")
    if meta.get("action") == "delete":
        return Change(item, record_type, ignored="deleted")
    if _text(meta.get("action")) not in _CHANGES:
        return Change(item, record_type, ignored="action")
    data = item.get("data")
    if not isinstance(data, dict):
        raise RejectedRow("row.not_an_object", field="data", value=data)
    configured = connection.record_types.get(record_type)
    if configured is not None and configured.version:
        return Change(item, record_type)
    version = _moment(meta.get("timestamp"))
    return Change(item, record_type, version or _moment(data.get("update_time")))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _moment(value: object) -> int | None:
    """Microseconds since the epoch of an ISO text or of a number; None if it is no time at all.

    A number counts seconds, milliseconds or microseconds; its size says which.
    """
    if isinstance(value, str):
        if not (value.isascii() and value.isdecimal()):
            try:
                return microseconds(datetime.fromisoformat(value))
            except ValueError:
                return None
        value = int(value[:20])
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    for digits, factor in ((11, 1_000_000), (14, 1_000), (17, 1)):
        if 0 < value < 10**digits:
            return value * factor
    return None


def check_options(connection: Connection) -> Iterable[tuple[str, str]]:
    """Unknown options: this kind has none."""
    return unknown_options(connection, OPTIONS)
