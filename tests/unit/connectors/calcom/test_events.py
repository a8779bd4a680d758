"""Cal.com: the signature, and what a booking and its reschedules become."""

import json
from dataclasses import replace
from functools import partial

import pytest

from import_relay.connectors.calcom import events as connector
from import_relay.connectors.complete_connections import kind_mistakes
from import_relay.connectors.contract import Request
from import_relay.connectors.shared.event_ids import content_id
from import_relay.domain.errors import RejectedRow, SignatureError, UnreadableDelivery
from tests.support import signers
from tests.support.sender import Sender
from tests.support.webhooks import NOW, request, sample, with_headers
from tests.unit.connectors.calcom.bookings import CONNECTION, NEW, OLD, changes, event, row, rows

EVENTS = {
    "calcom.booking-cancelled.json": (
        "appointment …d00001: name start_time end_time cancelled_at contact_external_id",
    ),
    "calcom.booking-created.json": (
        "contact ada@example.com: full_name email whatsapp",
        "appointment …d00001: name start_time end_time contact_external_id",
    ),
    "calcom.booking-requested.json": (
        "appointment …d00001, partial: start_time end_time cancelled_at contact_external_id",
    ),
    "calcom.booking-rescheduled.json": (
        "contact ada@example.com: full_name email whatsapp",
        "appointment …d00002: name start_time end_time contact_external_id",
        "appointment …d00001, partial: start_time end_time cancelled_at contact_external_id",
    ),
    "calcom.phone-call.json": (
        "contact ada@example.com: full_name email whatsapp",
        "appointment …d00003: name start_time end_time contact_external_id",
    ),
    "calcom.ping.json": ("ignored: test",),
}
"""Example webhook → what becomes of each of its items."""
SENDER = Sender(
    partial(signers.body_hmac, "x-cal-signature-256", encoding="hex"),
    auth_header="x-cal-signature-256",
    covers_body=True,
)
ALWAYS_TIMED = "bookings have a time"

SECRET = "calcom-example-secret"
BODY = '{"triggerEvent":"PING"}'
# printf '%s' '{"triggerEvent":"PING"}' | openssl dgst -sha256 -hmac calcom-example-secret
SIGNATURE = "707b0ff0a01d186aff1f9ddb9824b6955897b59a789efc2371148a77d57c4fab"


def signed(signature: str | None = SIGNATURE, body: str = BODY) -> Request:
    return with_headers(request(body), x_cal_signature_256=signature)


def refusal(given: Request, *secrets: str, auth: str = "signature") -> str:
    with pytest.raises(SignatureError) as caught:
        connector.verify(given, secrets, {"auth": auth}, now=NOW)
    return caught.value.code


def test_a_signature_made_by_openssl_is_accepted() -> None:
    connector.verify(signed(), [SECRET], {}, now=NOW)


def test_any_of_several_secrets_counts() -> None:
    connector.verify(signed(), ["another", SECRET], {}, now=NOW)


@pytest.mark.parametrize(
    ("signature", "code"),
    [
        (None, "signature.missing"),
        ("", "signature.missing"),
        ("no-secret-provided", "signature.mismatch"),
        (SIGNATURE.upper(), "signature.mismatch"),
        (SIGNATURE[:-1], "signature.mismatch"),
        (f"sha256={SIGNATURE}", "signature.mismatch"),
        (f"{SIGNATURE}, {SIGNATURE}", "signature.mismatch"),
        ("a" * 5_000, "signature.malformed"),
        ("\u2603", "signature.mismatch"),
    ],
)
def test_anything_but_the_signature_is_refused(signature: str | None, code: str) -> None:
    assert refusal(signed(signature), SECRET) == code


def test_a_changed_body_is_refused() -> None:
    assert refusal(signed(body=BODY + " "), SECRET) == "signature.mismatch"


@pytest.mark.parametrize("secrets", [(), ("",)])
def test_without_a_secret_nothing_is_accepted(secrets: tuple[str, ...]) -> None:
    assert refusal(signed(), *secrets) == "signature.no_secret"


def test_a_webhook_without_a_secret_needs_one_in_its_address() -> None:
    given = request(BODY, {"x-cal-signature-256": "no-secret-provided"}, path="/webhooks/c/long")
    connector.verify(given, ["long"], {"auth": "path"}, now=NOW)
    assert refusal(given, "other", auth="path") == "signature.mismatch"
    assert refusal(request(BODY, path="/webhooks/c"), "long", auth="path") == "signature.missing"


def test_a_booking_becomes_the_contact_and_then_the_appointment() -> None:
    assert rows("calcom.booking-created") == [
        {
            "external_id": "ada@example.com",
            "full_name": "Ada Example",
            "email": "Ada@Example.com",
            "whatsapp": "+4915112345678",
        },
        {
            "external_id": OLD,
            "name": "Consultation between Host Example and Ada Example",
            "start_time": "2026-11-24T10:30:00Z",
            "end_time": "2026-11-24T11:00:00Z",
            "contact_external_id": "ada@example.com",
        },
    ]


def test_a_cancellation_cancels_the_appointment_and_leaves_the_contact_alone() -> None:
    (booking,) = rows("calcom.booking-cancelled")
    assert booking == rows("calcom.booking-created")[1] | {"cancelled_at": "2026-11-21T09:45:00Z"}


def test_an_attendee_with_a_phone_number_only_has_no_email() -> None:
    attendee = {"email": "4915112345678@sms.cal.com", "phoneNumber": "+4915112345678"}
    contact, booking = map(row, changes(json.dumps(event(attendees=[attendee]))))
    assert contact == {"external_id": "4915112345678@sms.cal.com", "whatsapp": "+4915112345678"}
    assert booking["contact_external_id"] == "4915112345678@sms.cal.com"


def test_the_first_attendee_is_the_contact() -> None:
    people = [{"email": "ada@example.com"}, {"email": "guest@example.com"}]
    contact, _ = map(row, changes(json.dumps(event(attendees=people))))
    assert contact["external_id"] == "ada@example.com"


@pytest.mark.parametrize("attendees", [None, [], {}, [7], [{}], [{"email": None}]])
def test_a_booking_of_nobody_names_no_contact(attendees: object) -> None:
    _, booking = changes(json.dumps(event(attendees=attendees)))
    assert row(booking) == {"external_id": NEW}


@pytest.mark.parametrize(
    "trigger", ["BOOKING_CREATED", "BOOKING_RESCHEDULED", "BOOKING_CANCELLED", "BOOKING_REQUESTED"]
)
def test_bookings_with_seats_are_ignored(trigger: str) -> None:
    found = changes(json.dumps(event(trigger, seatsPerTimeSlot=20, rescheduleUid=OLD)))
    assert {change.ignored for change in found} == {"entity"}


def test_a_test_is_ignored() -> None:
    assert [change.ignored for change in changes(sample("calcom.ping"))] == ["test"]


@pytest.mark.parametrize(
    "trigger",
    ["BOOKING_REQUESTED", "BOOKING_REJECTED", "BOOKING_PAID", "MEETING_ENDED", "OOO_CREATED", "x"],
)
def test_other_events_are_ignored(trigger: str) -> None:
    assert [change.ignored for change in changes(json.dumps(event(trigger)))] == ["event_type"]


def test_an_event_that_holds_its_booking_elsewhere_is_ignored() -> None:
    body = json.dumps({"triggerEvent": "MEETING_ENDED", "uid": NEW, "startTime": "2026-11-24"})
    assert [change.ignored for change in changes(body)] == ["event_type"]


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "false",
        '"Ada booked"',
        '{"content": "a template of the subscriber\'s own"}',
        '{"triggerEvent": 7, "payload": {}}',
        '{"triggerEvent": "BOOKING_CREATED", "uid": "u"}',
        '{"triggerEvent": "BOOKING_CANCELLED", "payload": []}',
    ],
)
def test_a_body_of_another_template_has_the_wrong_shape(body: str) -> None:
    with pytest.raises(UnreadableDelivery) as caught:
        connector.split(request(body), {})
    assert caught.value.code == "delivery.wrong_shape"


def test_a_form_is_not_json() -> None:
    with pytest.raises(UnreadableDelivery) as caught:
        connector.split(request("name=Ada&start=2026-11-24"), {})
    assert caught.value.code == "delivery.not_json"


def test_trigger_booking_and_time_identify_the_event() -> None:
    ids = {item.event_id for item in connector.split(request(json.dumps(event())), {})}
    assert ids == {f"BOOKING_CREATED:{NEW}:2026-11-21T09:30:00.000Z"}


def test_without_a_booking_id_the_digest_identifies_the_event() -> None:
    body = json.dumps(event(uid=None))
    assert {item.event_id for item in connector.split(request(body), {})} == {content_id(body)}


def test_the_time_of_the_event_orders_changes() -> None:
    body = json.dumps(event("BOOKING_RESCHEDULED", rescheduleUid=OLD))
    assert [change.version for change in changes(body)] == [NOW * 1_000_000] * 3


@pytest.mark.parametrize(
    "item",
    [
        7,
        [],
        {},
        {"record": "contact"},
        {"record": 7, "event": event()},
        {"record": "contact", "event": []},
        {"record": "contact", "event": {"triggerEvent": "BOOKING_CREATED"}},
    ],
)
def test_an_item_that_no_delivery_makes_is_rejected(item: object) -> None:
    with pytest.raises(RejectedRow):
        connector.interpret(item, CONNECTION)


@pytest.mark.parametrize(
    ("record", "trigger"),
    [
        ("contact", "BOOKING_CANCELLED"),
        ("replaced", "BOOKING_CANCELLED"),
        ("deal", "BOOKING_CANCELLED"),
        ("contact", ["BOOKING_CREATED"]),
    ],
)
def test_a_record_that_an_event_does_not_change_is_ignored(record: str, trigger: object) -> None:
    item = {"record": record, "event": event(trigger)}
    assert connector.interpret(item, CONNECTION).ignored == "event_type"


def test_the_options_choose_one_of_two_methods() -> None:
    for auth in ("signature", "path"):
        assert not list(kind_mistakes(connector, replace(CONNECTION, options={"auth": auth})))
    wrong = replace(CONNECTION, options={"auth": "none"})
    assert [key for key, _ in kind_mistakes(connector, wrong)] == ["auth"]


NUMBER = "+4915112345678"


def place(kind: str, value: object) -> dict[str, object]:
    return {"location": {"label": "location", "value": {"value": kind, "optionValue": value}}}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"responses": place("phone", NUMBER), "location": NUMBER}, NUMBER),
        ({"responses": place("phone", ""), "location": NUMBER}, NUMBER),
        ({"responses": place("phone", NUMBER)}, NUMBER),
        ({"responses": {"attendeePhoneNumber": {"value": NUMBER}}}, NUMBER),
        ({"responses": {"smsReminderNumber": {"value": NUMBER}}}, NUMBER),
        ({"responses": {"aiAgentCallPhoneNumber": {"value": NUMBER}}}, NUMBER),
        ({"smsReminderNumber": NUMBER}, NUMBER),
        ({"attendees": [{"email": "ada@example.com", "phoneNumber": NUMBER}]}, NUMBER),
        # the host's number, and places
        ({"responses": place("userPhone", ""), "location": NUMBER}, None),
        ({"responses": place("userPhone", NUMBER), "location": NUMBER}, None),
        ({"responses": place("somewhereElse", NUMBER)}, None),
        ({"responses": {"location": {"value": NUMBER}}, "location": NUMBER}, None),
        ({"location": NUMBER}, None),
        ({"responses": None}, None),
    ],
)
def test_the_attendees_number_is_read_from_every_place_where_it_may_be(
    payload: dict[str, object], expected: str | None
) -> None:
    contact, *_ = map(row, changes(json.dumps(event(**payload))))
    assert contact.get("whatsapp") == expected
