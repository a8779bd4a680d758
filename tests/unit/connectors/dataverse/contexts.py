"""Contexts as Dataverse sends them, and what the connector makes of them."""

import json
from typing import Any

import pytest

from import_relay.connectors.complete_connections import with_defaults
from import_relay.connectors.contract import Change
from import_relay.connectors.dataverse import events as connector
from import_relay.domain.connections import Connection
from import_relay.domain.errors import RejectedRow
from tests.support.webhooks import request, sample

CONNECTION = with_defaults(Connection("dataverse", "dataverse"))
RECORD = "6d81597f-0f9f-4711-8122-000000000001"


def pairs(**values: object) -> list[dict[str, object]]:
    return [{"key": key, "value": value} for key, value in values.items()]


def context(
    columns: dict[str, object] | None = None,
    images: dict[str, dict[str, object]] | None = None,
    /,
    **changes: object,
) -> dict[str, Any]:
    target = {"Attributes": pairs(**(columns or {})), "LogicalName": "contact"}
    shown = {name: {"Attributes": pairs(**values)} for name, values in (images or {}).items()}
    known: dict[str, object] = {
        "MessageName": "Update",
        "PrimaryEntityName": "contact",
        "PrimaryEntityId": RECORD,
        "InputParameters": pairs(Target=target),
        "PostEntityImages": pairs(**shown),
    }
    return known | changes


def interpret(given: object, connection: Connection = CONNECTION, *, cut: object = False) -> Change:
    return connector.interpret({"size_exceeded": cut, "context": given}, connection)


def refused(given: object, **item: object) -> RejectedRow:
    with pytest.raises(RejectedRow) as caught:
        connector.interpret({"size_exceeded": False, "context": given, **item}, CONNECTION)
    return caught.value


def change_of(name: str) -> Change:
    (item,) = connector.split(request(sample(name)), {})
    return connector.interpret(json.loads(item.text), CONNECTION)
