"""Calendly: the signature with its time, and what a booking becomes."""

import json
from dataclasses import replace
from typing import Any

import pytest

from import_relay.connectors.calendly import events as connector
from import_relay.connectors.complete_connections import kind_mistakes, with_defaults
from import_relay.connectors.contract import Change, Request
from import_relay.domain.connections import Connection
from import_relay.domain.errors import RejectedRow, SignatureError, UnreadableDelivery
from import_relay.mapping.record_mapping import RecordMapping
from tests.support import signers
from tests.support.sender import Sender
from tests.support.webhooks import NOW, request, sample, with_headers

EVENTS = {
    "calendly.invitee-canceled.json": (
        "appointment …EE0001: name start_time end_time cancelled_at contact_external_id",
    ),
    "calendly.invitee-created.json": (
        "contact ada@example.com: full_name email whatsapp",
        "appointment …EE0001: name start_time end_time contact_external_id",
    ),
    "calendly.invitee-no-show.json": ("ignored: event_type",),
    "calendly.phone-call.json": (
        "contact ada@example.com: full_name email whatsapp",
        "appointment …EE0004: name start_time end_time contact_external_id",
    ),
    "calendly.rescheduled-new-invitee.json": (
        "contact ada@example.com: full_name email whatsapp",
        "appointment …EE0002: name start_time end_time contact_external_id",
    ),
    "calendly.rescheduled-old-invitee.json": (
        "appointment …EE0001: name start_time end_time cancelled_at contact_external_id",
    ),
}
"""Example webhook → what becomes of each of its items."""
SENDER = Sender(
    signers.calendly,
    auth_header="calendly-webhook-signature",
    time="calendly-webhook-signature",
    covers_body=True,
)
ALWAYS_TIMED = "bookings have a time"

KEY = "calendly-example-key"
BODY = '{"event":"invitee.created","payload":{}}'
# printf '%s' '1795253400.<body>' | openssl dgst -sha256 -hmac calendly-example-key
CODE = "38a4b30eeda3600247fff36b0aba9efabfb9a8b7af3b74cde6ffc03775ebbc07"
HEADER = f"t={NOW},v1={CODE}"
CONNECTION = with_defaults(Connection("calendly", "calendly"))
OLD = "https://api.calendly.com/scheduled_events/EXAMPLEEVENT0001/invitees/EXAMPLEINVITEE0001"
NEW = "https://api.calendly.com/scheduled_events/EXAMPLEEVENT0002/invitees/EXAMPLEINVITEE0002"


def signed(header: str | None = HEADER, body: str = BODY) -> Request:
    return with_headers(request(body), calendly_webhook_signature=header)


def refusal(given: Request, *secrets: str, now: float = NOW, auth: str = "signature") -> str:
    with pytest.raises(SignatureError) as caught:
        connector.verify(given, secrets, {"auth": auth}, now=now)
    return caught.value.code


def event(name: object = "invitee.created", **payload: object) -> dict[str, Any]:
    known: dict[str, object] = {"uri": OLD, "email": "ada@example.com"}
    return {"event": name, "created_at": "2026-11-21T09:30:00Z", "payload": known | payload}


def changes(body: bytes | str, connection: Connection = CONNECTION) -> list[Change]:
    return [
        connector.interpret(json.loads(item.text), connection)
        for item in connector.split(request(body), {})
    ]


def rows(name: str) -> list[dict[str, object]]:
    found = []
    for change in changes(sample(name)):
        assert change.record_type is not None
        assert change.ignored is None
        mapping = RecordMapping(CONNECTION.record_types[change.record_type])
        found.append(mapping.columns(change.record).values)
    return found


def test_a_signature_made_by_openssl_is_accepted() -> None:
    connector.verify(signed(), [KEY], {}, now=NOW)


def test_any_of_several_keys_counts() -> None:
    connector.verify(signed(), ["another", KEY], {}, now=NOW)


@pytest.mark.parametrize("now", [NOW - 180, NOW + 180])
def test_a_signature_holds_for_three_minutes_both_ways(now: float) -> None:
    connector.verify(signed(), [KEY], {}, now=now)


@pytest.mark.parametrize("now", [NOW - 181, NOW + 181])
def test_an_older_or_later_time_is_refused(now: float) -> None:
    assert refusal(signed(), KEY, now=now) == "signature.expired"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "signature.missing"),
        ("", "signature.missing"),
        (CODE, "signature.malformed"),
        (f"t={NOW}", "signature.malformed"),
        (f"v1={CODE}", "signature.malformed"),
        (f"t=,v1={CODE}", "signature.malformed"),
        (f"t=soon,v1={CODE}", "signature.malformed"),
        (f"t={NOW},t={NOW},v1={CODE}", "signature.malformed"),
        (f"{HEADER},{HEADER}", "signature.malformed"),
        (f"{HEADER}, {HEADER}", "signature.malformed"),
        ("t=1," * 2_000, "signature.malformed"),
        (f"t={NOW + 1},v1={CODE}", "signature.mismatch"),
        (f"t={NOW},v1={CODE.upper()}", "signature.mismatch"),
        (f"t={NOW},v1={CODE[:-1]}", "signature.mismatch"),
        (f"t={NOW},v1=\u2603", "signature.mismatch"),
    ],
)
def test_anything_but_the_signature_is_refused(header: str | None, code: str) -> None:
    assert refusal(signed(header), KEY) == code


def test_a_changed_body_is_refused() -> None:
    assert refusal(signed(body=BODY + " "), KEY) == "signature.mismatch"


@pytest.mark.parametrize("secrets", [(), ("",)])
def test_without_a_key_nothing_is_accepted(secrets: tuple[str, ...]) -> None:
    assert refusal(signed(), *secrets) == "signature.no_secret"


def test_a_subscription_without_a_key_needs_a_secret_in_its_address() -> None:
    given = request(BODY, path="/webhooks/calendly/long-secret")
    connector.verify(given, ["long-secret"], {"auth": "path"}, now=NOW)
    assert refusal(given, "other", auth="path") == "signature.mismatch"
    assert refusal(request(BODY, path="/webhooks/calendly"), "other", auth="path") == (
        "signature.missing"
    )


def test_a_secret_in_the_address_does_not_replace_a_signature() -> None:
    given = request(BODY, path=f"/webhooks/calendly/{KEY}")
    assert refusal(given, KEY) == "signature.missing"


def test_a_booking_becomes_the_contact_and_then_the_appointment() -> None:
    assert rows("calendly.invitee-created") == [
        {
            "external_id": "ada@example.com",
            "full_name": "Ada Example",
            "email": "Ada@Example.com",
            "whatsapp": "+4915112345678",
        },
        {
            "external_id": OLD,
            "name": "Consultation",
            "start_time": "2026-11-24T10:30:00Z",
            "end_time": "2026-11-24T11:00:00Z",
            "contact_external_id": "ada@example.com",
        },
    ]


def test_a_cancellation_cancels_the_appointment_and_leaves_the_contact_alone() -> None:
    (booking,) = rows("calendly.invitee-canceled")
    assert booking == rows("calendly.invitee-created")[1] | {"cancelled_at": "2026-11-21T09:40:00Z"}


def test_after_a_reschedule_the_old_appointment_is_cancelled_and_a_new_one_is_there() -> None:
    (old,) = rows("calendly.rescheduled-old-invitee")
    _, new = rows("calendly.rescheduled-new-invitee")
    assert (old["external_id"], old["cancelled_at"]) == (OLD, "2026-11-21T09:40:00Z")
    assert (new["external_id"], new["start_time"]) == (NEW, "2026-11-25T10:30:00Z")
    assert "cancelled_at" not in new


def test_a_cancellation_without_a_time_has_the_time_of_the_event() -> None:
    (change,) = changes(json.dumps(event("invitee.canceled", cancellation={"reason": "ill"})))
    mapping = RecordMapping(CONNECTION.record_types["appointment"])
    assert mapping.columns(change.record).values["cancelled_at"] == "2026-11-21T09:30:00Z"


@pytest.mark.parametrize("email", [None, 7, "", " "])
def test_an_invitee_without_an_address_has_no_id(email: object) -> None:
    contact, _ = changes(json.dumps(event(email=email)))
    assert isinstance(contact.record, dict)
    assert contact.record["contact"] == {"id": None, "email": None}


def test_event_time_and_invitee_identify_the_event() -> None:
    ids = {item.event_id for item in connector.split(request(json.dumps(event())), {})}
    assert ids == {f"invitee.created:2026-11-21T09:30:00Z:{OLD}"}


def test_the_event_is_spliced_so_that_no_digit_and_no_key_is_lost() -> None:
    body = '{"event": "x", "payload": {"n": 9007199254740993, "n": 1e400, "e": "\\u00e9"}}'
    (item,) = connector.split(request(body), {})
    assert item.text.endswith(f'"event": {body}}}')


def test_the_time_of_the_event_orders_changes() -> None:
    assert [change.version for change in changes(json.dumps(event()))] == [NOW * 1_000_000] * 2


@pytest.mark.parametrize(
    "name",
    ["invitee_no_show.created", "routing_form_submission.created", "contact.created", "INVITEE"],
)
def test_other_events_are_ignored(name: str) -> None:
    assert [change.ignored for change in changes(json.dumps(event(name)))] == ["event_type"]


@pytest.mark.parametrize(
    "body", ["[]", "7", "{}", '{"event": 7, "payload": {}}', '{"event": "invitee.created"}']
)
def test_a_body_that_is_no_event_has_the_wrong_shape(body: str) -> None:
    with pytest.raises(UnreadableDelivery) as caught:
        connector.split(request(body), {})
    assert caught.value.code == "delivery.wrong_shape"


@pytest.mark.parametrize(
    "item",
    [
        7,
        [],
        {},
        {"record": "contact"},
        {"record": 7, "event": event()},
        {"record": "contact", "event": []},
        {"record": "contact", "event": {"event": "invitee.created"}},
    ],
)
def test_an_item_that_no_delivery_makes_is_rejected(item: object) -> None:
    with pytest.raises(RejectedRow):
        connector.interpret(item, CONNECTION)


@pytest.mark.parametrize(
    ("record", "name"),
    [("deal", "invitee.created"), ("contact", "invitee.canceled"), ("contact", ["invitee"])],
)
def test_a_record_that_an_event_does_not_change_is_ignored(record: str, name: object) -> None:
    item = {"record": record, "event": event(name)}
    assert connector.interpret(item, CONNECTION).ignored == "event_type"


def test_the_options_choose_one_of_two_methods() -> None:
    for auth in ("signature", "path"):
        assert not list(kind_mistakes(connector, replace(CONNECTION, options={"auth": auth})))
    wrong = replace(CONNECTION, options={"auth": "none", "header": "x"})
    assert [key for key, _ in kind_mistakes(connector, wrong)] == ["header", "auth"]


NUMBER, OTHER_NUMBER = "+4915112345678", "+436641234567"


@pytest.mark.parametrize(
    ("location", "reminder", "expected"),
    [
        ({"type": "outbound_call", "location": "+49 151 12345678"}, None, NUMBER),
        (
            {"type": "outbound_call", "location": "+49 151 12345678"},
            "+43 664 1234567",
            OTHER_NUMBER,
        ),
        ({"type": "outbound_call", "location": None}, "+49 151 12345678", NUMBER),
        # the host's number, and places
        ({"type": "inbound_call", "location": "+49 30 23125000"}, None, None),
        ({"type": "physical", "location": "+49 151 12345678"}, None, None),
        ({"type": "ask_invitee", "location": "+49 151 12345678"}, None, None),
        ({"type": "outbound_call"}, None, None),
        (None, None, None),
        ("+49 151 12345678", None, None),
    ],
)
def test_the_invitees_number_is_that_of_the_reminder_or_of_the_call(
    location: object, reminder: str | None, expected: str | None
) -> None:
    given = event(scheduled_event={"location": location}, text_reminder_number=reminder)
    contact, _ = changes(json.dumps(given))
    values = RecordMapping(CONNECTION.record_types["contact"]).columns(contact.record).values
    assert values.get("whatsapp") == expected


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"name": "Ada B. Example", "first_name": "Ada", "last_name": "Example"}, "Ada B. Example"),
        ({"name": None, "first_name": "Ada", "last_name": "Example"}, "Ada Example"),
        ({"name": "", "first_name": None, "last_name": "Example"}, "Example"),
        ({"name": None, "first_name": None, "last_name": None}, None),
    ],
)
def test_a_name_that_came_in_parts_is_put_together(
    given: dict[str, object], name: str | None
) -> None:
    booked = event()
    booked["payload"] |= given
    contact, _ = changes(json.dumps(booked))
    values = RecordMapping(CONNECTION.record_types["contact"]).columns(contact.record).values
    assert values.get("full_name") == name
