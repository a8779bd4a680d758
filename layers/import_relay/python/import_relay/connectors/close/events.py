"""Close webhooks: contacts, opportunities and meetings.

Authentication: `close-sig-hash`, the hexadecimal HMAC-SHA256 of `close-sig-timestamp` and the body,
joined without a separator. The key is the subscription's `signature_key` decoded from hexadecimal;
used as it is written it would never match. The signed time, in seconds, may be five minutes away:
Close leaves the window to the receiver.

One event per request: `{"event", "subscription_id"}`. `event.data` is the whole object after the
change, and the record, so that expressions say `name`. Event id: `event.id`. Version:
`event.date_updated`, else that of the object; Close writes the former without a zone beside others
with one, and it is taken for UTC. A lead is a company with contacts and is not imported.
"""

from collections.abc import Iterable, Mapping, Sequence

from import_relay.connectors.contract import Change, Item, Replies, Request
from import_relay.connectors.shared.auth import check_hmac, check_time, signature, usable
from import_relay.connectors.shared.event_ids import event_id
from import_relay.connectors.shared.json_members import text_or_none
from import_relay.connectors.shared.json_text import body_text, single
from import_relay.connectors.shared.timestamps import first_timestamp
from import_relay.domain.connections import Connection, RecordType, RecordTypeName
from import_relay.domain.errors import RejectedRow, SignatureError, UnreadableDelivery

OPTIONS: Mapping[str, str] = {}
DEFAULTS: Mapping[RecordTypeName, RecordType] = {
    "contact": RecordType(
        "contact",
        {
            "external_id": "id",
            "full_name": "name",
            "email": "emails[0].email",
            "whatsapp": "phones[].phone",
            "country_codes": "phones[].country",
        },
    ),
    "deal": RecordType(
        "deal",
        {"external_id": "id", "name": "lead_name", "contact_external_id": "contact_id"},
        allow_reassignment=True,
    ),
    "appointment": RecordType(
        "appointment",
        {
            "external_id": "id",
            "name": "title",
            "start_time": "starts_at",
            "end_time": "ends_at",
            # a meeting that either side declined does not take place: nobody is to be reminded
            "cancelled_at": "contains(['canceled', 'declined-by-lead', 'declined-by-org'], status)"
            " && date_updated || null",
            "contact_external_id": "contact_id",
        },
        allow_reassignment=True,
    ),
}
REPLIES = Replies()
CLOSE_TOLERANCE_S = 300
_TIME, _HASH = "close-sig-timestamp", "close-sig-hash"
CLOSE_RECORD_TYPES: Mapping[object, RecordTypeName] = {
    "contact": "contact",
    "opportunity": "deal",
    "activity.meeting": "appointment",
}
_CHANGES = frozenset({"created", "updated", "scheduled", "started", "completed", "canceled"})
_REASONS = frozenset({"deleted", "merged"})


def verify(
    request: Request, secrets: Sequence[str], options: Mapping[str, str], *, now: float
) -> None:
    """See `contract.Connector.verify`."""
    timestamp = request.headers.get(_TIME)
    if not timestamp:
        raise SignatureError("signature.missing")
    check_time(timestamp, now, tolerance_s=CLOSE_TOLERANCE_S)
    signed = timestamp.encode("ascii") + request.body
    check_hmac(request.headers.get(_HASH), signed, _keys(secrets), encoding="hex")


def _keys(secrets: Sequence[str]) -> list[bytes]:
    """The keys behind the secrets; an empty key would let anyone sign, so it is none."""
    keys = []
    for secret in usable(secrets):
        try:
            key = bytes.fromhex(secret)
        except ValueError:  # it cannot be what Close gave, and authenticates nobody
            continue
        if key:
            keys.append(key)
    if not keys:
        raise SignatureError("signature.no_secret", "no secret is hexadecimal")
    return keys


def sign(request: Request, secret: str, options: Mapping[str, str]) -> Request:
    """See `contract.SigningConnector.sign`."""
    message = request.seconds.encode() + request.body
    code = signature(bytes.fromhex(secret), message, encoding="hex")
    return request.with_headers({_HASH: code, _TIME: request.seconds})


def split(request: Request, options: Mapping[str, str]) -> list[Item]:
    """One event per request."""
    value, text = single(body_text(request))
    event = value.get("event") if isinstance(value, dict) else None
    if not isinstance(event, dict):
        raise UnreadableDelivery("delivery.wrong_shape", "holds no event")
    if not isinstance(event.get("object_type"), str) or not isinstance(event.get("action"), str):
        raise UnreadableDelivery("delivery.wrong_shape", "names no object_type or no action")
    return [Item(event_id(event.get("id"), text), text)]


def interpret(item: object, connection: Connection) -> Change:
    """The object of the event; ignored are `deleted`, `merged`, `action` and `entity`."""
    event = item.get("event") if isinstance(item, dict) else None
    if not isinstance(event, dict):
        raise RejectedRow("row.not_an_object", field="event", value=event)
    data, action = event.get("data"), text_or_none(event.get("action"))
    record_type = CLOSE_RECORD_TYPES.get(text_or_none(event.get("object_type")))
    if record_type is None:
        return Change(data, ignored="entity")
    if action not in _CHANGES:
        return Change(data, record_type, ignored=action if action in _REASONS else "action")
    if not isinstance(data, dict):
        raise RejectedRow("row.not_an_object", field="event.data", value=data)
    version = first_timestamp([event.get("date_updated"), data.get("date_updated")])
    return Change(data, record_type, version)


def check_options(connection: Connection) -> Iterable[tuple[str, str]]:
    """None: this kind has no options."""
    return ()
