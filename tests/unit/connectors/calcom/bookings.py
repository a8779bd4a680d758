"""Bookings of Cal.com, and what the connector makes of them."""

import json
from typing import Any

from import_relay.connectors.calcom import events as connector
from import_relay.connectors.complete_connections import with_defaults
from import_relay.connectors.contract import Change
from import_relay.domain.connections import Connection
from import_relay.mapping.record_mapping import RecordMapping
from tests.support.webhooks import request, sample

CONNECTION = with_defaults(Connection("calcom", "calcom"))
OLD, NEW = "exampleBookingUid00001", "exampleBookingUid00002"


def event(trigger: object = "BOOKING_CREATED", **payload: object) -> dict[str, Any]:
    known: dict[str, object] = {"uid": NEW, "attendees": [{"email": "ada@example.com"}]}
    return {
        "triggerEvent": trigger,
        "createdAt": "2026-11-21T09:30:00.000Z",
        "payload": known | payload,
    }


def changes(body: bytes | str, connection: Connection = CONNECTION) -> list[Change]:
    return [
        connector.interpret(json.loads(item.text), connection)
        for item in connector.split(request(body), {})
    ]


def row(change: Change, connection: Connection = CONNECTION) -> dict[str, object]:
    assert change.record_type is not None
    assert change.ignored is None
    mapping = RecordMapping(connection.record_types[change.record_type])
    assert mapping.condition(change.record)
    assert not change.partial or not mapping.needs(change.record)
    return mapping.columns(change.record, partial=change.partial).values


def rows(name: str) -> list[dict[str, object]]:
    return [row(change) for change in changes(sample(name))]
