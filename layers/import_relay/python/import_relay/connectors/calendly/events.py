"""Calendly webhooks: a booking becomes an appointment and its contact.

Authentication: `Calendly-Webhook-Signature: t=<seconds>,v1=<hex>`, the HMAC-SHA256 of `<t>.<body>`
under the subscription's signing key. The signed time may be three minutes away, as Calendly
suggests. A personal token may make subscriptions without a key, which sign nothing: such a
connection says `auth = "path"` and has a secret in its address.

One invitee per request: `{"event", "created_at", "payload"}`. The record is this whole event, so
that expressions say `payload.name`, with two keys more: `contact` (`id`, the lower-case e-mail
address, and `email`) and, of a cancellation, `cancelled_at`. The appointment's id is the invitee's
URI, since several invitees may share a scheduled event. A reschedule arrives as the cancellation of
the old invitee and the creation of a new one: see `bookings`. A cancellation says nothing new of
the contact, and would bring back what an older booking said, so only the appointment is imported.

Event id: event, time and URI, as Calendly sends none. Version: `created_at`, when it happened.
"""

from collections.abc import Iterable, Mapping, Sequence

from import_relay.connectors.contract import Change, Item, Replies, Request
from import_relay.connectors.shared.auth import (
    MAX_SIGNATURE_LENGTH,
    check_hmac,
    check_time,
    signature,
    text_keys,
)
from import_relay.connectors.shared.bookings import (
    AUTH_OPTIONS,
    auth_mistakes,
    booked,
    check_auth,
    items,
    person,
)
from import_relay.connectors.shared.event_ids import event_id, joined
from import_relay.connectors.shared.json_text import body_text, single
from import_relay.connectors.shared.timestamps import timestamp
from import_relay.domain.connections import Connection, RecordType, RecordTypeName
from import_relay.domain.errors import RejectedRow, SignatureError, UnreadableDelivery

OPTIONS: Mapping[str, str] = AUTH_OPTIONS
DEFAULTS: Mapping[RecordTypeName, RecordType] = {
    "contact": RecordType(
        "contact",
        {
            "external_id": "contact.id",
            "full_name": "payload.name || join(' ', [payload.first_name, payload.last_name][?@])",
            "email": "contact.email",
            # of an inbound call the number is the host's, of the other types it is none
            "whatsapp": "[payload.text_reminder_number,"
            " payload.scheduled_event.location.type == 'outbound_call'"
            " && payload.scheduled_event.location.location][?@]",
        },
    ),
    "appointment": RecordType(
        "appointment",
        {
            "external_id": "payload.uri",
            "name": "payload.scheduled_event.name",
            "start_time": "payload.scheduled_event.start_time",
            "end_time": "payload.scheduled_event.end_time",
            "cancelled_at": "cancelled_at",
            "contact_external_id": "contact.id",
        },
    ),
}
REPLIES = Replies()
CALENDLY_TOLERANCE_S = 180
_HEADER = "calendly-webhook-signature"
_CREATED, _CANCELED = "invitee.created", "invitee.canceled"
_RECORDS: Mapping[str, tuple[RecordTypeName, ...]] = {
    _CREATED: ("contact", "appointment"),
    _CANCELED: ("appointment",),
}


def verify(
    request: Request, secrets: Sequence[str], options: Mapping[str, str], *, now: float
) -> None:
    """See `contract.Connector.verify`."""
    check_auth(
        request, secrets, options, lambda given, keys: _check_signature(given, keys, now=now)
    )


def _check_signature(request: Request, secrets: Sequence[str], *, now: float) -> None:
    header = request.headers.get(_HEADER)
    if not header:
        raise SignatureError("signature.missing")
    timestamp, code = _parts(header)
    check_time(timestamp, now, tolerance_s=CALENDLY_TOLERANCE_S)
    check_hmac(
        code, timestamp.encode("ascii") + b"." + request.body, text_keys(secrets), encoding="hex"
    )


def _parts(header: str) -> tuple[str, str]:
    """The time and the code of the header; each must be there once.

    Raises:
        SignatureError: it is of another form.
    """
    if len(header) > MAX_SIGNATURE_LENGTH:
        raise SignatureError("signature.malformed", "the signature is far too long")
    pairs = [part.partition("=") for part in header.split(",")]
    values = {name: value for name, _, value in pairs}
    if len(values) != len(pairs) or not values.get("t") or not values.get("v1"):
        raise SignatureError("signature.malformed", "not of the form t=...,v1=...")
    return values["t"], values["v1"]


def sign(request: Request, secret: str, options: Mapping[str, str]) -> Request:
    """See `contract.SigningConnector.sign`."""
    message = f"{request.seconds}.".encode() + request.body
    code = signature(secret.encode(), message, encoding="hex")
    return request.with_headers({_HEADER: f"t={request.seconds},v1={code}"})


def split(request: Request, options: Mapping[str, str]) -> list[Item]:
    """The records of one event; an event that is not imported is one item."""
    value, text = single(body_text(request))
    name = value.get("event") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(name, str):
        raise UnreadableDelivery("delivery.wrong_shape", "names no event")
    payload = value.get("payload")
    if not isinstance(payload, dict):
        raise UnreadableDelivery("delivery.wrong_shape", "holds no payload")
    known = joined(name, value.get("created_at"), payload.get("uri"))
    return items(event_id(known, text), text, _RECORDS.get(name, ("appointment",)))


def interpret(item: object, connection: Connection) -> Change:
    """The contact or the appointment of a booking; other events are ignored: `event_type`."""
    record, event = booked(item)
    name = event.get("event")
    imported = _RECORDS.get(name, ()) if isinstance(name, str) else ()
    record_type = next((one for one in imported if one == record), None)
    if record_type is None:
        return Change(event, ignored="event_type")
    payload = event.get("payload")
    if not isinstance(payload, dict):
        raise RejectedRow("row.not_an_object", field="payload", value=payload)
    known = {**event, "contact": person(payload.get("email"))}
    if name == _CANCELED:
        known["cancelled_at"] = _cancelled_at(payload) or event.get("created_at")
    return Change(known, record_type, timestamp(event.get("created_at")))


def _cancelled_at(payload: Mapping[str, object]) -> object:
    cancellation = payload.get("cancellation")
    return cancellation.get("created_at") if isinstance(cancellation, dict) else None


def check_options(connection: Connection) -> Iterable[tuple[str, str]]:
    """An unsupported authentication method."""
    return auth_mistakes(connection)
