"""Webhooks of both versions, and what the connector makes of them."""

from typing import Any

from import_relay.connectors.complete_connections import with_defaults
from import_relay.connectors.contract import Change
from import_relay.domain.connections import Connection, RecordType
from import_relay.mapping.record_mapping import RecordMapping

CONNECTION = Connection("pipedrive", "pipedrive", {}, {"contact": RecordType("contact", {})})
DEFAULTS = with_defaults(Connection("pipedrive", "pipedrive"))
TIMESTAMP = 1_795_253_400_000_000
"""2026-11-21T09:30:00Z in microseconds."""


def first_event(current: object = None, **meta: object) -> dict[str, Any]:
    known: dict[str, object] = {"object": "person", "action": "updated", "id": 3}
    return {"v": 1, "meta": known | meta, "current": current, "previous": None}


def row(change: Change) -> dict[str, object]:
    assert change.record_type is not None
    mapping = RecordMapping(DEFAULTS.record_types[change.record_type])
    return mapping.columns(change.record).values


def meeting(**data: object) -> dict[str, object]:
    known = {"id": 2, "type": "meeting", "due_date": "2026-11-24", "due_time": "10:30"}
    return {**known, "duration": "00:30", **data}
