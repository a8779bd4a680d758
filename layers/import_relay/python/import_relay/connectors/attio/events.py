"""Attio webhooks: people and deals, of which they name nothing but the ids.

Authentication: `Attio-Signature` (older receivers get the same as `X-Attio-Signature`), the
hexadecimal HMAC-SHA256 of the body under the webhook's secret. No time is signed, so a replay
cannot be told from a repetition; since records are read as they are now, it does no harm.

Shape: `{"webhook_id", "events": […]}`, or one event by itself, as older deliveries were. Event id:
`Idempotency-Key`, which retries keep, and the event's number in the delivery. The webhook has no
time; the fetcher takes that of reading.

An event has the UUIDs of workspace, object and record. Which object a UUID stands for differs
between workspaces, and the record as it is read says it: `object` is then `people`, `deals` or the
slug of another object, and the record type is the one whose `when` is true of it. A merge is read
as the record that remains.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from import_relay.connectors.contract import Change, Item, RecordLookup, Replies, Request
from import_relay.connectors.shared.auth import check_hmac, signature, text_keys
from import_relay.connectors.shared.event_ids import event_id
from import_relay.connectors.shared.json_members import members
from import_relay.connectors.shared.json_text import body_text, elements, single
from import_relay.domain.connections import Connection, RecordType, RecordTypeName
from import_relay.domain.errors import RejectedRow, UnreadableDelivery

OPTIONS: Mapping[str, str] = {}
DEFAULTS: Mapping[RecordTypeName, RecordType] = {
    "contact": RecordType(
        "contact",
        {
            "external_id": "id",
            "full_name": "values.name",
            "email": "values.email_addresses[0]",
            "whatsapp": "values.phone_numbers",
            "country_codes": "values.primary_location.country_code",
        },
        when="object == 'people'",
    ),
    "deal": RecordType(
        "deal",
        {
            "external_id": "id",
            "name": "values.name",
            "contact_external_id": "values.associated_people[0]",
        },
        when="object == 'deals'",
        allow_reassignment=True,
    ),
}
REPLIES = Replies()
_IGNORED: Mapping[str, str | None] = {
    "record.created": None,
    "record.updated": None,
    "record.merged": "merged",
    "record.deleted": "deleted",
}
"""Event about a record → why it is not imported as it is."""
_uuid = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def verify(
    request: Request, secrets: Sequence[str], options: Mapping[str, str], *, now: float
) -> None:
    """See `contract.Connector.verify`."""
    headers = request.headers
    given = headers.get("attio-signature") or headers.get("x-attio-signature")
    check_hmac(given, request.body, text_keys(secrets), encoding="hex")


def sign(request: Request, secret: str, options: Mapping[str, str]) -> Request:
    """See `contract.SigningConnector.sign`."""
    code = signature(secret.encode(), request.body, encoding="hex")
    return request.with_headers({"attio-signature": code})


def split(request: Request, options: Mapping[str, str]) -> list[Item]:
    """Each event of the delivery."""
    value, text = single(body_text(request))
    if not isinstance(value, dict):
        raise UnreadableDelivery("delivery.wrong_shape", "not a JSON object")
    if isinstance(value.get("events"), list):
        events = elements(members(text)["events"][1])
    elif isinstance(value.get("event_type"), str):
        events = [(value, text)]
    else:
        raise UnreadableDelivery("delivery.wrong_shape", "holds no events")
    key = request.headers.get("idempotency-key")
    return [
        Item(event_id(f"{key}:{number}" if key else None, raw), raw)
        for number, (_, raw) in enumerate(events)
    ]


def interpret(item: object, connection: Connection) -> Change:
    """The record to read; ignored are `deleted`, `merged`, `action` and `entity`.

    A merge without a fetcher is ignored; with one it is the record that remains.
    """
    if not isinstance(item, dict):
        raise RejectedRow("row.not_an_object", value=item)
    event_type = item.get("event_type")
    if not isinstance(event_type, str):
        raise RejectedRow("row.bad_value", field="event_type", value=event_type)
    if event_type not in _IGNORED:
        return Change(None, ignored="action" if event_type.startswith("record.") else "entity")
    ignored = _IGNORED[event_type]
    if ignored == "deleted":
        return Change(None, ignored=ignored)
    moves_time = event_type != "record.merged"  # the values that remain may be old ones
    ids = _id(item, "object_id"), _id(item, "record_id")
    lookup = RecordLookup(*ids, moves_time=moves_time)
    return Change(None, ignored=ignored, lookup=lookup)


def _id(item: Mapping[str, object], name: str) -> str:
    ids = item.get("id")
    value = ids.get(name) if isinstance(ids, dict) else None
    if not isinstance(value, str) or not _uuid.fullmatch(value):
        raise RejectedRow("row.bad_value", field=f"id.{name}", value=value)
    return value.lower()


def check_options(connection: Connection) -> Iterable[tuple[str, str]]:
    """None: this kind has no options."""
    return ()
