"""Close: the signature under the hex-decoded key, and what an event's object becomes."""

import json
from dataclasses import replace
from typing import Any

import pytest

from import_relay.connectors.close import events as connector
from import_relay.connectors.complete_connections import kind_mistakes, with_defaults
from import_relay.connectors.contract import Change, Request
from import_relay.connectors.shared.event_ids import content_id
from import_relay.domain.connections import Connection
from import_relay.domain.errors import RejectedRow, SignatureError, UnreadableDelivery
from import_relay.mapping.record_mapping import RecordMapping
from tests.support import signers
from tests.support.sender import Sender
from tests.support.webhooks import NOW, request, sample, with_headers

EVENTS = {
    "close.contact-created.json": ("contact …mple01: full_name email whatsapp",),
    "close.contact-deleted.json": ("ignored: deleted",),
    "close.lead-updated.json": ("ignored: entity",),
    "close.meeting-canceled.json": (
        "appointment …mple01: name start_time end_time cancelled_at contact_external_id",
    ),
    "close.meeting-scheduled.json": (
        "appointment …mple01: name start_time end_time contact_external_id",
    ),
    "close.opportunity-updated.json": ("deal …mple01: name contact_external_id",),
}
"""Example webhook → what becomes of each of its items."""
SENDER = Sender(
    signers.close, auth_header="close-sig-hash", time="close-sig-timestamp", covers_body=True
)
ALWAYS_TIMED = "it syncs no whole-day events, and cancels a meeting that becomes one"

KEY = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
OTHER = "ff" * 32
BODY = '{"event":{"object_type":"contact","action":"created"}}'
# printf '%s' '1795253400<body>' | openssl dgst -sha256 -mac HMAC -macopt hexkey:<key>
SIGNATURE = "322d0755844a070bb77e4f4e583b7cfcf70769cd66d06d588a4a6e403abf3258"
# the same with -hmac <key>, i.e. with the key's text instead of its bytes
SIGNATURE_UNDER_TEXT = "bb470bbb41c22957c9409477da3a174b898977861556b3ebc72ffb287901850b"
CONNECTION = with_defaults(Connection("close", "close"))
CONTACT_ID = "cont_exampleExampleExampleExampleExample01"


def signed(
    signature: str | None = SIGNATURE, timestamp: str | None = str(NOW), body: str = BODY
) -> Request:
    return with_headers(request(body), close_sig_hash=signature, close_sig_timestamp=timestamp)


def refusal(given: Request, *secrets: str, now: float = NOW) -> str:
    with pytest.raises(SignatureError) as caught:
        connector.verify(given, secrets, {}, now=now)
    return caught.value.code


def event(
    data: object = None, object_type: object = "contact", action: object = "updated", **more: object
) -> dict[str, Any]:
    known = {"id": "ev_1", "object_type": object_type, "action": action}
    return {"event": {**known, "data": {"id": "c1"} if data is None else data, **more}}


def interpret(item: object, connection: Connection = CONNECTION) -> Change:
    return connector.interpret(item, connection)


def row(name: str) -> dict[str, object]:
    return row_of(json.loads(sample(name)))


def row_of(item: object, **settings: Any) -> dict[str, object]:
    """The row of an event, with other settings of its record type if any are given."""
    change = interpret(item)
    assert change.record_type is not None
    mapping = RecordMapping(replace(CONNECTION.record_types[change.record_type], **settings))
    return mapping.columns(change.record).values


def meeting(**data: object) -> dict[str, Any]:
    known = {"id": "m1", "date_updated": "2026-11-21T09:45:00+00:00"}
    return event({**known, **data}, "activity.meeting")


def test_a_signature_made_by_openssl_with_the_decoded_key_is_accepted() -> None:
    connector.verify(signed(), [KEY], {}, now=NOW)


def test_a_signature_under_the_keys_text_is_refused() -> None:
    assert refusal(signed(SIGNATURE_UNDER_TEXT), KEY) == "signature.mismatch"


def test_any_of_several_keys_counts() -> None:
    connector.verify(signed(), [OTHER, "no hexadecimal", KEY], {}, now=NOW)


@pytest.mark.parametrize("now", [NOW - 300, NOW + 300])
def test_a_signature_holds_for_five_minutes_both_ways(now: float) -> None:
    connector.verify(signed(), [KEY], {}, now=now)


@pytest.mark.parametrize("now", [NOW - 301, NOW + 301])
def test_an_older_or_later_time_is_refused(now: float) -> None:
    assert refusal(signed(), KEY, now=now) == "signature.expired"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (signed(None), "signature.missing"),
        (signed(timestamp=None), "signature.missing"),
        (signed(timestamp="soon"), "signature.malformed"),
        (signed(timestamp=f"{NOW}, {NOW}"), "signature.malformed"),
        (signed(timestamp=str(NOW + 1)), "signature.mismatch"),
        (signed(body=BODY + " "), "signature.mismatch"),
        (signed(SIGNATURE.upper()), "signature.mismatch"),
        (signed(SIGNATURE[:-1]), "signature.mismatch"),
        (signed(f"{SIGNATURE}, {SIGNATURE}"), "signature.mismatch"),
        (signed("\u2603"), "signature.mismatch"),
    ],
)
def test_anything_but_the_signature_is_refused(given: Request, code: str) -> None:
    assert refusal(given, KEY) == code


@pytest.mark.parametrize("secrets", [(), ("",), ("  ",), ("no hexadecimal",), ("abc",)])
def test_without_a_hexadecimal_key_nothing_is_accepted(secrets: tuple[str, ...]) -> None:
    assert refusal(signed(), *secrets) == "signature.no_secret"


def test_an_event_is_one_item_under_its_own_id() -> None:
    body = json.dumps(event(id="ev_7"))
    assert connector.split(request(body), {}) == [("ev_7", body)]


def test_without_an_id_the_digest_identifies_the_event() -> None:
    body = json.dumps(event(id=None))
    assert connector.split(request(body), {})[0].event_id == content_id(body)


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "7",
        "{}",
        '{"event": []}',
        '{"event": {"object_type": "contact"}}',
        '{"event": {"object_type": 7, "action": "updated"}}',
    ],
)
def test_a_body_without_an_event_has_the_wrong_shape(body: str) -> None:
    with pytest.raises(UnreadableDelivery) as caught:
        connector.split(request(body), {})
    assert caught.value.code == "delivery.wrong_shape"


def test_a_contact_is_imported_with_the_first_valid_of_its_numbers() -> None:
    assert row("close.contact-created") == {
        "external_id": CONTACT_ID,
        "full_name": "Grace Example",
        "email": "grace@example.com",
        "whatsapp": "+493023125002",
    }


def test_an_opportunity_becomes_a_deal_of_its_contact() -> None:
    assert row("close.opportunity-updated") == {
        "external_id": "oppo_exampleExampleExampleExampleExample01",
        "name": "Nowhere Solutions",
        "contact_external_id": CONTACT_ID,
    }


def test_a_meeting_becomes_an_appointment_and_is_cancelled_with_it() -> None:
    scheduled = row("close.meeting-scheduled")
    assert scheduled == {
        "external_id": "acti_exampleExampleExampleExampleExample01",
        "name": "Show the offer",
        "start_time": "2026-11-24T10:30:00Z",
        "end_time": "2026-11-24T11:00:00Z",
        "contact_external_id": CONTACT_ID,
    }
    canceled = row("close.meeting-canceled")
    assert canceled == scheduled | {"cancelled_at": "2026-11-21T09:45:00Z"}


@pytest.mark.parametrize("status", ["canceled", "declined-by-lead", "declined-by-org"])
def test_a_meeting_that_was_canceled_or_declined_is_cancelled(status: str) -> None:
    assert row_of(meeting(status=status))["cancelled_at"] == "2026-11-21T09:45:00Z"


@pytest.mark.parametrize(
    "status", ["upcoming", "in-progress", "completed", "declined", "", None, 7, ["canceled"]]
)
def test_a_meeting_of_any_other_status_is_not_cancelled(status: object) -> None:
    assert row_of(meeting(status=status)) == {"external_id": "m1"}
    assert row_of(meeting()) == {"external_id": "m1"}


def test_a_revoked_cancellation_is_cleared_only_if_the_column_may_be() -> None:
    revived = meeting(status="upcoming")
    assert "cancelled_at" not in row_of(revived)
    assert row_of(revived, clears=("cancelled_at",))["cancelled_at"] is None


def test_a_later_edit_of_a_cancelled_meeting_moves_the_time_of_cancellation() -> None:
    edited = meeting(status="canceled", date_updated="2026-11-22T08:00:00+00:00")
    assert row_of(edited)["cancelled_at"] == "2026-11-22T08:00:00Z"


@pytest.mark.parametrize(
    ("object_type", "action", "reason"),
    [
        ("contact", "deleted", "deleted"),
        ("contact", "merged", "merged"),
        ("contact", "CREATED", "action"),
        ("activity.meeting", "sent", "action"),
        ("contact", ["created"], "action"),
        ("lead", "updated", "entity"),
        ("lead", "merged", "entity"),
        ("activity.call", "created", "entity"),
        (["contact"], "created", "entity"),
        (None, None, "entity"),
    ],
)
def test_deletions_merges_leads_and_other_objects_are_ignored(
    object_type: object, action: object, reason: str
) -> None:
    assert interpret(event(object_type=object_type, action=action)).ignored == reason


@pytest.mark.parametrize("action", ["created", "scheduled", "started", "completed", "canceled"])
def test_each_known_action_on_a_meeting_is_imported(action: str) -> None:
    change = interpret(event(object_type="activity.meeting", action=action))
    assert (change.record_type, change.ignored) == ("appointment", None)


@pytest.mark.parametrize(
    ("of_event", "of_object", "version"),
    [
        ("2026-11-21T09:30:00.000000", "2026-11-21T08:00:00+00:00", NOW * 1_000_000),
        (None, "2026-11-21T10:30:00+01:00", NOW * 1_000_000),
        ("soon", None, None),
    ],
)
def test_the_events_time_in_utc_orders_changes_else_the_time_of_the_object(
    of_event: object, of_object: object, version: int | None
) -> None:
    given = event({"id": "c1", "date_updated": of_object}, date_updated=of_event)
    assert interpret(given).version == version


@pytest.mark.parametrize("item", [7, [], {}, {"event": 7}, event([]), event("a text")])
def test_an_item_without_an_object_is_rejected(item: object) -> None:
    with pytest.raises(RejectedRow):
        interpret(item)


def test_the_kind_has_no_options() -> None:
    assert not list(kind_mistakes(connector, CONNECTION))
    wrong = replace(CONNECTION, options={"header": "x"})
    assert [key for key, _ in kind_mistakes(connector, wrong)] == ["header"]
