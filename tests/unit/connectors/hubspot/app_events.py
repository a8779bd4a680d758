"""Events of an app of HubSpot, and what the connector makes of them."""

from typing import Any

import pytest

from import_relay.connectors.complete_connections import with_defaults
from import_relay.connectors.contract import Change
from import_relay.connectors.hubspot import events as connector
from import_relay.domain.connections import Connection
from import_relay.domain.errors import RejectedRow
from import_relay.mapping.record_mapping import RecordMapping

URL = "https://relay.example.com/webhooks/hubspot"
OCCURRED_AT = 1_795_253_400_482


def connection(**options: str) -> Connection:
    return with_defaults(Connection("hubspot", "hubspot", {"public_url": URL, **options}))


CONNECTION = connection()


def event(event_type: str = "contact.propertyChange", **more: object) -> dict[str, Any]:
    """An event of a contact, in which `None` removes a key."""
    known: dict[str, object] = {
        "eventId": 1,
        "portalId": 33,
        "occurredAt": OCCURRED_AT,
        "subscriptionType": event_type,
        "attemptNumber": 0,
        "objectId": 7,
        "propertyName": "email",
        "propertyValue": "ada@example.com",
    }
    return {key: value for key, value in (known | more).items() if value is not None}


def of_object(object_type: str, action: str = "propertyChange", **more: object) -> dict[str, Any]:
    return event(f"object.{action}", objectTypeId=object_type, **more)


def interpret(item: object, given: Connection = CONNECTION) -> Change:
    return connector.interpret(item, given)


def rejection(item: object) -> RejectedRow:
    with pytest.raises(RejectedRow) as caught:
        interpret(item)
    return caught.value


def row(change: Change) -> dict[str, object]:
    assert change.record_type is not None
    mapping = RecordMapping(CONNECTION.record_types[change.record_type])
    return mapping.columns(change.record, partial=change.partial).values


def associated(**more: object) -> dict[str, Any]:
    known = {
        "objectId": None,
        "fromObjectId": 8,
        "toObjectId": 7,
        "associationType": "DEAL_TO_CONTACT",
        "associationRemoved": False,
    }
    return event("deal.associationChange", **(known | more))
