"""Deliveries of a shop, and what the connector makes of them."""

import json

from import_relay.connectors.complete_connections import with_defaults
from import_relay.connectors.contract import Change, Request
from import_relay.connectors.shopify import events as connector
from import_relay.domain.connections import Connection
from import_relay.mapping.record_mapping import RecordMapping
from tests.support.webhooks import request, with_headers

BODY = '{"id":706405506930370084}'
CONNECTION = with_defaults(Connection("shopify", "shopify"))


def delivery(topic: str = "customers/update", body: str | bytes = BODY, **headers: str) -> Request:
    known = {"x-shopify-topic": topic, "x-shopify-webhook-id": "b54557e4"}
    return with_headers(request(body, known), **headers)


def interpret(given: Request, connection: Connection = CONNECTION) -> Change:
    (item,) = connector.split(given, {})
    return connector.interpret(json.loads(item.text), connection)


def row(change: Change) -> dict[str, object]:
    assert change.record_type is not None
    mapping = RecordMapping(CONNECTION.record_types[change.record_type])
    return mapping.columns(change.record, partial=change.partial).values
