"""What the example connections' senders send in end-to-end tests; everyone in it is invented."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from import_relay.connectors.contract import Request
from tests.support.webhooks import basic, example_secrets, request, signed

SECRETS = example_secrets()
FIRST_CHANGE = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


def customer(
    number: int, name: str | None = None, *, minute: int = 0, **changes: object
) -> dict[str, object]:
    """A record of the ERP. `minute`: when it was changed; a later change is a newer version."""
    return {
        "customer_no": f"C-{number}",
        "name": name or f"Customer {number}",
        "email": f"customer{number}@example.com",
        "phones": [f"0151 {20_000_000 + number}"],
        "updated_at": (FIRST_CHANGE + timedelta(minutes=minute)).isoformat(),
    } | changes


def erp(records: Sequence[object]) -> Request:
    """The ERP's request with these records."""
    return erp_text(json.dumps({"records": records}))


def erp_text(body: str, *, secret: str = SECRETS["json"][0]) -> Request:
    """A request of the ERP with any body."""
    return request(body, {"content-type": "application/json", "x-relay-secret": secret})


def subscriber(name: str, *, identifier: str, timestamp: float) -> Request:
    """A signed event about subscriber S-1, sent at `timestamp` (s since the epoch)."""
    person = {"id": "S-1", "full_name": name, "email": "subscriber1@example.com"}
    body = {"type": "contact.updated", "timestamp": FIRST_CHANGE.isoformat(), "data": person}
    return signed(
        json.dumps(body),
        SECRETS["standard_webhooks"][0],
        identifier=identifier,
        timestamp=int(timestamp),
    )


def person(number: int) -> Request:
    """A person of Pipedrive was created."""
    emails = [{"value": f"person{number}@example.com", "primary": True}]
    return _pipedrive("person", number, {"name": f"Person {number}", "emails": emails})


def deal(number: int, *, person: int) -> Request:
    """A deal of Pipedrive with this person was created."""
    return _pipedrive("deal", number, {"title": f"Deal {number}", "person_id": person})


def _pipedrive(entity: str, number: int, data: dict[str, object]) -> Request:
    meta = {
        "action": "create",
        "entity": entity,
        "entity_id": str(number),
        "id": f"{entity}-{number}",
        "timestamp": FIRST_CHANGE.isoformat(),
        "version": "2.0",
        "attempt": 1,
    }
    body = json.dumps({"meta": meta, "data": {"id": number} | data, "previous": None})
    headers = {
        "content-type": "application/json",
        "authorization": basic(SECRETS["pipedrive"][0]),
    }
    return request(body, headers)
