"""Change events as Salesforce sends them, and what the connector makes of them."""

from dataclasses import replace
from typing import Any

from import_relay.connectors.complete_connections import with_defaults
from import_relay.connectors.contract import Change, Request
from import_relay.connectors.salesforce import cdc_events as connector
from import_relay.domain.connections import Connection
from import_relay.mapping.record_mapping import RecordMapping
from tests.support.webhooks import request

SOURCE = "aws.partner/salesforce.com/00D000000000001AAA/0YL000000000001CAA"
OPTIONS = {"event_source": SOURCE}
CONNECTION = with_defaults(Connection("sf", "salesforce_cdc", OPTIONS))
CONTACT = "003Xx0000004adAIAQ"
OPPORTUNITY = "006Xx0000003opPIAQ"
SECOND_MS = 1_795_253_400_000
"""2026-11-21T09:30:00Z in milliseconds."""


def payload(
    change: str = "UPDATE", fields: dict[str, Any] | None = None, **header: object
) -> dict[str, Any]:
    known: dict[str, object] = {
        "entityName": "Contact",
        "recordIds": [CONTACT],
        "changeType": change,
        "transactionKey": "0000be70-a756",
        "sequenceNumber": 1,
        "commitTimestamp": SECOND_MS,
        "commitNumber": 1_795_253_400_683_617_281,
        "changedFields": [],
        "nulledFields": [],
    }
    return {"ChangeEventHeader": known | header, **(fields or {})}


def item(
    change: str = "UPDATE",
    fields: dict[str, Any] | None = None,
    *,
    identifier: object = CONTACT,
    **header: object,
) -> dict[str, Any]:
    return {"id": identifier, "payload": payload(change, fields, **header)}


def change_from(
    change: str = "UPDATE", fields: dict[str, Any] | None = None, **header: object
) -> Change:
    return connector.interpret(item(change, fields, **header), CONNECTION)


def row(change: Change) -> dict[str, object]:
    mapping = RecordMapping(CONNECTION.record_types[change.record_type or ""])
    return mapping.columns(change.record, partial=change.partial).values


def deal(fields: dict[str, Any], **header: object) -> Change:
    given = item("UPDATE", fields, identifier=OPPORTUNITY, entityName="Opportunity", **header)
    return connector.interpret(given, CONNECTION)


def over_the_bus(body: str, name: str = SOURCE) -> Request:
    """The event as the event bus of this name delivers it."""
    return replace(request(body, path=name), transport="eventbridge")
