"""Builders of the relay's nouns: each test says only what it is about."""

import json
from collections.abc import Mapping, Sequence

from import_relay.domain.connections import Connection, RecordType, parse_connections
from import_relay.domain.models import Claim, ImportOptions, MappedChange, Occurrence
from import_relay.mapping.row_texts import row_text

CONTACTS = ImportOptions("contact_details")
NOON = 1_795_262_400.0
"""2026-11-21 12:00:00 UTC."""
MIDNIGHT = NOON + 12 * 3_600
TODAY, TOMORROW = "2026-11-21", "2026-11-22"
"""The days before and after `MIDNIGHT`."""

ERP = """
[erp]
kind = "json"
[erp.contact]
version = "v"
country_codes = ["DE"]
[erp.contact.fields]
external_id = "id"
email = "email"
full_name = "name"
whatsapp = "phone"
"""

CAMPAIGNS = """
[campaigns]
kind = "activecampaign"
[campaigns.contact]
version = "v"
[campaigns.contact.fields]
external_id = "contact.id"
full_name = "contact.name"
city = "contact.city"
"""
"""Its items are partial: see `partial_item`."""


def connections(text: str = ERP) -> dict[str, Connection]:
    """Connections of a connections.toml text."""
    return parse_connections(text)


def record_type(**fields: str) -> RecordType:
    """A contact's record type with these expressions."""
    return RecordType("contact", fields)


def occurrence(
    number: int = 0,
    *,
    item: object = None,
    event: str | None = None,
    delivery: str = "d1",
    attempt: int = 0,
    received_at: int = 1_000,
    connection: str = "erp",
) -> Occurrence:
    """One item of a delivery."""
    return Occurrence(
        f"m-{delivery}",
        connection,
        delivery,
        number,
        event if event is not None else f"e{delivery}-{number}",
        received_at,
        attempt,
        item,
    )


def change(
    key: str = "contact_details#external_id:1",
    version: int = 1,
    *,
    number: int = 0,
    event: str | None = None,
    delivery: str = "d1",
    partial: bool = False,
    options: ImportOptions = CONTACTS,
    columns: Mapping[str, object] | None = None,
) -> MappedChange:
    """A mapped change of one record."""
    values = {"external_id": key.rpartition(":")[2], **(columns or {"full_name": f"V{version}"})}
    return MappedChange(
        occurrence(number, event=event, delivery=delivery),
        key,
        version,
        partial,
        values,
        row_text(values),
        options,
    )


def partial_item(version: int, **contact: str) -> dict[str, object]:
    """An item of `CAMPAIGNS`: some properties of contact 1."""
    return {"type": "update", "v": version, "contact": {"id": "1", **contact}}


def claim(
    version: int = 1, event: str = "old", *, reference: str = "r1", failed: bool = False
) -> Claim:
    """A watermark that some earlier import left."""
    return Claim(version, event, f"{event}/0", reference, failed)


def message(
    items: Sequence[object],
    *,
    delivery: str = "d1",
    connection: str = "erp",
    received_at: int = int(NOON * 1_000_000),
    requeues: int = 0,
    events: Sequence[str] | None = None,
    is_test: bool = False,
) -> str:
    """The body of a queue message."""
    marks = {"test": True} if is_test else {}
    return json.dumps(
        marks
        | {
            "format": 1,
            "delivery": delivery,
            "connection": connection,
            "received_at": received_at,
            "requeues": requeues,
            "items": [
                {"n": n, "event": events[n] if events else f"{delivery}.{n}", "item": item}
                for n, item in enumerate(items)
            ],
        }
    )
