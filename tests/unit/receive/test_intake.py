"""The intake: what is stored, what is refused, what waits in quarantine."""

import json
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import pytest

from import_relay.connectors.contract import Replies
from import_relay.connectors.kinds import connector_for, kinds
from import_relay.domain.errors import (
    DeliveryTooLarge,
    SignatureError,
    StoreUnavailable,
    UnknownConnection,
)
from import_relay.domain.queue_messages import MAX_ITEMS_PER_MESSAGE, MAX_MESSAGE_B, parse_message
from import_relay.receive.intake import (
    MAX_REQUEST_BODY_B,
    TEST_HEADER,
    Intake,
    Receipt,
    delivery_id,
)
from import_relay.storage.connection_secrets import ConnectionSecrets
from import_relay.storage.intake_store import IntakeStore
from tests.support.authentic import connection_of, requests_of, secrets_of
from tests.support.webhooks import NOW, request, with_headers
from tests.unit.receive.receiving import (
    ANSWER_BY,
    AUTHENTIC,
    DELIVERY,
    GIVE_UP_AT,
    Secrets,
    Store,
    contents,
    intake_of,
    receive,
)


def test_a_delivery_is_in_the_queue_when_its_receipt_is_given() -> None:
    store = Store()
    receipt = receive(request('[{"a":1},{"a":2}]', AUTHENTIC), store=store)
    assert receipt == Receipt(DELIVERY, items=2, messages=1)
    (message,) = contents(store.messages)
    assert {key: message[key] for key in message if key != "items"} == {
        "format": 1,
        "delivery": DELIVERY,
        "connection": "erp",
        "received_at": NOW * 1_000_000,
        "requeues": 0,
    }
    assert [(item["n"], item["item"]) for item in message["items"]] == [
        (0, {"a": 1}),
        (1, {"a": 2}),
    ]
    assert not store.objects


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_a_delivery_of_every_kind_can_be_marked_as_a_test(kind: str) -> None:
    given = next(iter(requests_of(kind).values()))
    marked = replace(given, headers={**given.headers, TEST_HEADER: "true"})
    store = Store()
    secrets = cast("ConnectionSecrets", Secrets(secrets_of(kind)))
    intake = Intake({kind: connection_of(kind)}, secrets, cast("IntakeStore", store))

    receipt = intake.receive(
        marked, kind, delivery=DELIVERY, answer_by=ANSWER_BY, give_up_at=GIVE_UP_AT
    )

    assert receipt.is_test
    occurrences = [
        occurrence for text in store.messages for occurrence in parse_message("m", text).occurrences
    ]
    assert occurrences
    assert all(occurrence.is_test for occurrence in occurrences)


def test_a_request_without_authentication_is_refused_although_it_is_marked_as_a_test() -> None:
    store = Store()
    with pytest.raises(SignatureError):
        receive(request("[{}]", {TEST_HEADER: "true"}), store=store)
    assert store.is_untouched


def test_a_delivery_without_records_needs_no_message() -> None:
    store = Store()
    assert receive(request("[]", AUTHENTIC), store=store) == Receipt(DELIVERY)
    assert store.is_untouched


def test_a_request_to_an_unknown_connection_is_refused() -> None:
    store = Store()
    with pytest.raises(UnknownConnection):
        receive(request("[{}]", AUTHENTIC), "other", store=store)
    assert store.is_untouched


def test_a_body_that_is_too_large_is_refused() -> None:
    store = Store()
    with pytest.raises(DeliveryTooLarge):
        receive(request(b" " * (MAX_REQUEST_BODY_B + 1), AUTHENTIC), store=store)
    assert store.is_untouched
    assert (
        receive(request(b" " * (MAX_REQUEST_BODY_B - 2) + b"{}", AUTHENTIC), store=store).items == 1
    )


def test_a_request_without_authentication_changes_nothing() -> None:
    store, secrets = Store(), Secrets()
    with pytest.raises(SignatureError):
        receive(request("[{}]"), store=store, secrets=secrets)
    assert store.is_untouched
    assert secrets.renewals == 0


def test_authentication_is_checked_before_the_body_is_read() -> None:
    store = Store()
    with pytest.raises(SignatureError):
        receive(request(b"\xff not json"), store=store)
    assert store.is_untouched


@pytest.mark.parametrize("known", [("old",), ()])
def test_a_new_secret_works_at_once(known: Sequence[str]) -> None:
    secrets = Secrets(known, newer=("s3cret", "old"))
    assert receive(request("[{}]", AUTHENTIC), store=Store(), secrets=secrets).items == 1
    assert secrets.renewals == 1


@pytest.mark.parametrize("newer", [None, (), ("another",)])
def test_a_wrong_secret_stays_wrong(newer: Sequence[str] | None) -> None:
    store = Store()
    with pytest.raises(SignatureError):
        receive(request("[{}]", AUTHENTIC), store=store, secrets=Secrets(("old",), newer=newer))
    assert store.is_untouched


def test_a_request_that_no_other_secret_could_verify_renews_none() -> None:
    secrets = Secrets(("whsec_AAAA",))
    old = {"webhook-id": "m", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}
    with pytest.raises(SignatureError, match=r"signature\.expired"):
        receive(request("{}", old), "crm", store=Store(), secrets=secrets)
    assert secrets.renewals == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"not json", "delivery.not_json"),
        (b"", "delivery.not_json"),
        (b"\xff", "delivery.not_utf8"),
        (b"[" * 5_000 + b"]" * 5_000, "delivery.too_deep"),
    ],
)
def test_an_authentic_but_unreadable_delivery_waits_in_quarantine(body: bytes, code: str) -> None:
    store = Store()
    headers = AUTHENTIC | {
        "content-type": "application/json",
        "user-agent": "ERP/1",
        "authorization": "Basic c2VjcmV0",
        "cookie": "session=secret",
        "webhook-signature": "v1,secret",
        "x-api-key": "secret",
    }
    receipt = receive(request(body, headers), store=store)
    assert receipt == Receipt(DELIVERY, quarantined=code, reason=receipt.reason)
    assert "not json" not in receipt.reason
    assert not store.messages
    ((key, content),) = store.objects.items()
    assert key == f"quarantine/date=2026-11-21/{DELIVERY}.json"
    kept = json.loads(content)
    assert b64decode(kept.pop("body_base64")) == body
    assert kept.pop("reason").startswith(f"{code}: ")
    assert kept == {
        "delivery": DELIVERY,
        "connection": "erp",
        "received_at": "2026-11-21T09:30:00+00:00",
        "code": code,
        "headers": {"content-type": "application/json", "user-agent": "ERP/1"},
    }


@pytest.mark.parametrize(
    "tag", ["<SessionId>", "<om:SessionId>", '<SessionId xmlns="http://soap.sforce.com/">']
)
def test_quarantine_holds_no_session_id_of_a_sender(tag: str) -> None:
    store = Store()
    receive(request(f"<a>{tag}00D!AQ</SessionId><b>kept", AUTHENTIC), store=store)
    ((_, content),) = store.objects.items()
    kept = b64decode(json.loads(content)["body_base64"]).decode()
    assert kept == f"<a>{tag}***</SessionId><b>kept"


def test_quarantine_holds_none_of_the_connections_secrets() -> None:
    store = Store()
    given = request(b'{"token":"s3cret","again":"s3cret","other":"old"', AUTHENTIC)
    receive(given, store=store, secrets=Secrets(("s3cret", "", "old")))
    ((_, content),) = store.objects.items()
    kept = b64decode(json.loads(content)["body_base64"])
    assert kept == b'{"token":"***","again":"***","other":"***"'


@pytest.mark.parametrize(
    "body",
    ["[{}]", "not json", '{"a":"' + "x" * MAX_MESSAGE_B + '"}'],
    ids=["one message", "quarantine", "a message and an object"],
)
def test_a_delivery_of_one_message_must_be_stored_before_its_sender_hangs_up(body: str) -> None:
    store = Store()
    receive(request(body, AUTHENTIC), store=store)
    assert set(store.deadlines) == {ANSWER_BY}


def test_a_delivery_of_several_messages_has_more_time() -> None:
    store = Store()
    records = ",".join(["{}"] * (MAX_ITEMS_PER_MESSAGE + 1))
    receive(request(f"[{records}]", AUTHENTIC), store=store)
    assert store.deadlines == [GIVE_UP_AT]


def test_senders_are_answered_as_their_kind_requires() -> None:
    intake = intake_of(Store(), Secrets())
    assert intake.replies("erp") == connector_for("json").REPLIES
    assert intake.replies("nobody") == Replies()


def test_an_event_of_a_bus_belongs_to_the_connection_that_names_its_source() -> None:
    intake = intake_of(Store(), Secrets())
    assert intake.connection_of_events("aws.partner/salesforce.com/x/y") == "bus"
    with pytest.raises(UnknownConnection):
        intake.connection_of_events("aws.partner/salesforce.com/x/other")


def test_only_a_connection_of_cloudevents_permits_a_sender_that_asks() -> None:
    asked = request("", {"webhook-request-origin": "sender.example.com"})
    intake = intake_of(store := Store(), Secrets())
    assert intake.allowed_origin(asked, "events") == "sender.example.com"
    assert intake.allowed_origin(asked, "erp") is None
    assert intake.allowed_origin(asked, "nobody") is None
    assert store.is_untouched


def test_a_sender_that_is_not_named_or_does_not_ask_is_not_permitted() -> None:
    intake = intake_of(Store(), Secrets())
    other = request("", {"webhook-request-origin": "other.example.com"})
    assert intake.allowed_origin(other, "events") is None
    assert intake.allowed_origin(request(""), "events") is None


def test_a_compressed_body_is_verified_raw_and_waits_in_quarantine() -> None:
    store = Store()
    given = with_headers(request(b"\x1f\x8b", AUTHENTIC), content_encoding="gzip")
    assert receive(given, store=store).quarantined == "delivery.compressed"


@pytest.mark.parametrize(
    ("broken", "body"),
    [("queue", "[{}]"), ("bucket", "not json"), ("bucket", f'["{"x" * MAX_MESSAGE_B}"]')],
)
def test_a_delivery_that_cannot_be_stored_gets_no_receipt(broken: str, body: str) -> None:
    with pytest.raises(StoreUnavailable):
        receive(request(body, AUTHENTIC), store=Store(broken=[broken]))


def test_ids_of_deliveries_sort_by_time() -> None:
    ids = [
        delivery_id(NOW * 1_000_000 + later, b"\x9f\x00") for later in (0, 1, 999_999, 1_000_000)
    ]
    assert ids[0] == "20261121T093000000000-9f00"
    assert ids == sorted(set(ids))


def test_a_large_item_is_in_the_bucket_before_its_pointer_is_in_the_queue() -> None:
    store = Store(broken=["queue"])
    large = '{"a":"' + "x" * MAX_MESSAGE_B + '"}'
    with pytest.raises(StoreUnavailable):
        receive(request(large, AUTHENTIC), store=store)
    assert store.objects == {f"oversize/{DELIVERY}/0.json": large.encode()}
