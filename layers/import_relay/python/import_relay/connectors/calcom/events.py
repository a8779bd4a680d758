"""Cal.com webhooks: a booking becomes an appointment and its contact.

Authentication: `X-Cal-Signature-256`, the hexadecimal HMAC-SHA256 of the body under the webhook's
secret. No time is signed, so a replay cannot be told from a repetition; the versions decide what
counts. The secret is optional at Cal.com: a webhook without one signs nothing, and its connection
says `auth = "path"` and has a secret in its address.

One event per request: `{"triggerEvent", "createdAt", "payload"}`. A subscriber may replace the
whole body by a template of its own; what is no such event any more is unreadable. The record is the
whole event, so that expressions say `payload.title`, with two keys more: `contact` (`id`, the
lower-case e-mail address, and `email`) and, where the booking ended, `cancelled_at`. The person is
the first attendee, who booked; the others are guests.

A reschedule makes a new booking with another `uid` and names the old one by `rescheduleUid`, which
is not announced as cancelled: it becomes a cancelled appointment here, of which nothing is known
but its times, its type and whom it was with (a partial change). A request that waits for its
confirmation is no appointment yet, but the old booking ends with it too. Bookings with seats share
one `uid` among people, and a change does not say reliably which of them it is about: they are
ignored.

Event id: trigger, `uid` and time, as Cal.com sends none. Version: `createdAt`, when it happened.
"""

from collections.abc import Iterable, Mapping, Sequence

from import_relay.connectors.contract import Change, Item, Replies, Request
from import_relay.connectors.shared.auth import check_hmac, signature, text_keys
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
from import_relay.domain.errors import RejectedRow, UnreadableDelivery

OPTIONS: Mapping[str, str] = AUTH_OPTIONS
DEFAULTS: Mapping[RecordTypeName, RecordType] = {
    "contact": RecordType(
        "contact",
        {
            "external_id": "contact.id",
            "full_name": "payload.attendees[0].name",
            "email": "contact.email",
            # `phone` is the attendee's number as the place of the meeting, `userPhone` the host's
            "whatsapp": "[payload.attendees[0].phoneNumber,"
            " payload.responses.attendeePhoneNumber.value,"
            " payload.responses.location.value.value == 'phone'"
            " && (payload.responses.location.value.optionValue || payload.location),"
            " payload.smsReminderNumber, payload.responses.smsReminderNumber.value,"
            " payload.responses.aiAgentCallPhoneNumber.value][?@]",
        },
    ),
    "appointment": RecordType(
        "appointment",
        {
            "external_id": "payload.uid",
            "name": "payload.title",
            "start_time": "payload.startTime",
            "end_time": "payload.endTime",
            "cancelled_at": "cancelled_at",
            "contact_external_id": "contact.id",
        },
    ),
}
REPLIES = Replies()
_NEW = frozenset({"BOOKING_CREATED", "BOOKING_RESCHEDULED"})
_ENDED = "BOOKING_CANCELLED"
_MOVING = _NEW | {"BOOKING_REQUESTED"}
_REPLACED = "replaced"
"""The item about the booking that a reschedule ended."""
_OLD_BOOKING: Mapping[str, str] = {
    "startTime": "rescheduleStartTime",
    "endTime": "rescheduleEndTime",
    "type": "type",
    "eventTypeId": "eventTypeId",
    "eventTitle": "eventTitle",
    "attendees": "attendees",
    "responses": "responses",
}
"""Fields of the booking that a reschedule ended → where the new booking's payload has them. Its
times are there; the type of event, the people and their answers are those of the new booking.
"""
_NO_MAILBOX = "@sms.cal.com"
"""Where Cal.com's code places people who booked with a phone number only."""


def verify(
    request: Request, secrets: Sequence[str], options: Mapping[str, str], *, now: float
) -> None:
    """See `contract.Connector.verify`."""
    check_auth(request, secrets, options, _check_signature)


def _check_signature(request: Request, secrets: Sequence[str]) -> None:
    given = request.headers.get("x-cal-signature-256")
    check_hmac(given, request.body, text_keys(secrets), encoding="hex")


def sign(request: Request, secret: str, options: Mapping[str, str]) -> Request:
    """See `contract.SigningConnector.sign`."""
    code = signature(secret.encode(), request.body, encoding="hex")
    return request.with_headers({"x-cal-signature-256": code})


def split(request: Request, options: Mapping[str, str]) -> list[Item]:
    """The records of one event; an event that is not imported is one item."""
    event, text = single(body_text(request))
    trigger = event.get("triggerEvent") if isinstance(event, dict) else None
    if not isinstance(event, dict) or not isinstance(trigger, str):
        raise UnreadableDelivery("delivery.wrong_shape", "no event of Cal.com's own form")
    payload = event.get("payload")
    if not isinstance(payload, dict):
        if trigger in _MOVING or trigger == _ENDED:
            raise UnreadableDelivery("delivery.wrong_shape", "holds no booking")
        payload = {}
    known = joined(trigger, payload.get("uid"), event.get("createdAt"))
    return items(event_id(known, text), text, _records(trigger, payload))


def _records(trigger: str, payload: Mapping[str, object]) -> list[str]:
    """What an event is about; at least one record, so that an ignored event is counted, too."""
    records = ["contact", "appointment"] if trigger in _NEW else []
    if trigger in _MOVING and _replaced(payload):
        records.append(_REPLACED)
    return records or ["appointment"]


def _replaced(payload: Mapping[str, object]) -> str | None:
    """The `uid` of the booking that this one takes the place of."""
    old = payload.get("rescheduleUid")
    return old if isinstance(old, str) and old and old != payload.get("uid") else None


def interpret(item: object, connection: Connection) -> Change:
    """The contact, the appointment, or the appointment that a reschedule ended.

    Ignored are `test`, `entity` (bookings with seats) and `event_type`.
    """
    record, event = booked(item)
    trigger, payload = event.get("triggerEvent"), event.get("payload")
    if trigger == "PING":
        return Change(event, ignored="test")
    if not isinstance(trigger, str) or not _is_imported(record, trigger):
        return Change(event, ignored="event_type")
    if not isinstance(payload, dict):
        raise RejectedRow("row.not_an_object", field="payload", value=payload)
    if payload.get("seatsPerTimeSlot"):
        return Change(event, ignored="entity")
    record_type: RecordTypeName = "contact" if record == "contact" else "appointment"
    created_at = event.get("createdAt")
    version = timestamp(created_at)
    if record == _REPLACED:
        return Change(_ended_by(event, payload), record_type, version, partial=True)
    known = {**event, "contact": _person(payload)}
    if trigger == _ENDED:
        known["cancelled_at"] = created_at
    return Change(known, record_type, version)


def _is_imported(record: str, trigger: str) -> bool:
    if record == _REPLACED:
        return trigger in _MOVING
    return trigger in _NEW or (record == "appointment" and trigger == _ENDED)


def _ended_by(event: Mapping[str, object], payload: Mapping[str, object]) -> dict[str, object]:
    """What a reschedule says of the booking that it ended."""
    created_at = event.get("createdAt")
    old = {"uid": _replaced(payload), "status": "CANCELLED"}
    known = {name: payload[source] for name, source in _OLD_BOOKING.items() if source in payload}
    return {
        "createdAt": created_at,
        "cancelled_at": created_at,
        "payload": old | known,
        "contact": _person(payload),
    }


def _person(payload: Mapping[str, object]) -> dict[str, object]:
    """Who booked: the first attendee. An address that stands for a phone number gets no mail."""
    attendees = payload.get("attendees")
    first = attendees[0] if isinstance(attendees, list) and attendees else None
    email = first.get("email") if isinstance(first, dict) else None
    mailbox = not (isinstance(email, str) and email.strip().lower().endswith(_NO_MAILBOX))
    return person(email, reachable=mailbox)


def check_options(connection: Connection) -> Iterable[tuple[str, str]]:
    """An unsupported authentication method."""
    return auth_mistakes(connection)
