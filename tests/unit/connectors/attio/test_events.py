"""Attio: the signature over the body, events that hold only ids, merges and deletions."""

import json
from functools import partial
from typing import Any

import pytest

from import_relay.connectors.attio import events as connector
from import_relay.connectors.complete_connections import kind_mistakes, with_defaults
from import_relay.connectors.contract import Change, Item, RecordLookup, Request
from import_relay.connectors.shared.event_ids import content_id
from import_relay.domain.connections import Connection, RecordType
from import_relay.domain.errors import RejectedRow, SignatureError, UnreadableDelivery
from tests.support import signers
from tests.support.sender import Sender
from tests.support.webhooks import NOW, request, sample

EVENTS = {
    "attio.deal-updated.json": ("rejected: row.token_missing",),
    "attio.list-entry-updated.json": ("ignored: entity",),
    "attio.people-merged.json": ("ignored: merged",),
    "attio.person-created.json": ("rejected: row.token_missing",),
    "attio.person-deleted.json": ("ignored: deleted",),
}
"""Example webhook → what becomes of each of its items."""
SENDER = Sender(
    partial(signers.body_hmac, "attio-signature", encoding="hex"),
    auth_header="attio-signature",
    covers_body=True,
    headers_of=lambda name: {"idempotency-key": f"key-of-{name}"},
)
ALWAYS_TIMED = "its appointments are not mapped by default"

SECRET = "example-secret"  # invented
BODY = '{"events":[]}'
# printf '%s' '{"events":[]}' | openssl dgst -sha256 -hmac example-secret
SIGNATURE = "0a55eecefc4a9d9e278c1d1632a0de6c27f81925a600d553738a784020bb0daf"
CONNECTION = with_defaults(Connection("attio", "attio"))
PEOPLE = "97052eb9-e65e-443f-a297-000000000001"
RECORD = "bf071e1f-6035-429d-b874-000000000001"


def signed(signature: str | None = SIGNATURE, name: str = "attio-signature") -> Request:
    return request(BODY, {} if signature is None else {name: signature})


def refusal(given: Request, *secrets: str) -> str:
    with pytest.raises(SignatureError) as caught:
        connector.verify(given, secrets or [SECRET], {}, now=NOW)
    return caught.value.code


def event(event_type: object = "record.updated", **ids: object) -> dict[str, Any]:
    return {
        "event_type": event_type,
        "id": {"workspace_id": "w", "object_id": PEOPLE, "record_id": RECORD, **ids},
    }


def split(body: object, key: str | None = "key-1") -> list[Item]:
    text = body if isinstance(body, str) else json.dumps(body)
    return connector.split(request(text, {} if key is None else {"idempotency-key": key}), {})


def interpret(item: object) -> Change:
    return connector.interpret(item, CONNECTION)


def changes(name: str) -> list[Change]:
    items = connector.split(request(sample(name)), {})
    return [interpret(json.loads(item.text)) for item in items]


# ---------------------------------------------------------------- authentication


@pytest.mark.parametrize("name", ["attio-signature", "x-attio-signature"])
def test_a_signature_made_by_openssl_is_accepted_under_both_names(name: str) -> None:
    connector.verify(signed(name=name), ["another", SECRET], {}, now=NOW)


@pytest.mark.parametrize(
    ("signature", "code"),
    [
        (None, "signature.missing"),
        ("", "signature.missing"),
        (SIGNATURE.upper(), "signature.mismatch"),
        (SIGNATURE[:-1], "signature.mismatch"),
        (f"sha256={SIGNATURE}", "signature.mismatch"),
        (f"{SIGNATURE}, {SIGNATURE}", "signature.mismatch"),
        ("ä" * 64, "signature.mismatch"),
        (SIGNATURE * 100, "signature.malformed"),
    ],
)
def test_any_other_signature_is_refused(signature: str | None, code: str) -> None:
    assert refusal(signed(signature)) == code


def test_a_changed_body_or_another_secret_is_refused() -> None:
    changed = request(BODY + " ", {"attio-signature": SIGNATURE})
    assert refusal(changed) == "signature.mismatch"
    assert refusal(signed(), "another") == "signature.mismatch"
    assert refusal(signed(), "") == "signature.no_secret"


# ---------------------------------------------------------------- items


def test_events_are_items_under_the_deliverys_key_and_their_number() -> None:
    first, second = event(), event("record.deleted")
    assert split({"webhook_id": "x", "events": [first, second]}) == [
        ("key-1:0", json.dumps(first)),
        ("key-1:1", json.dumps(second)),
    ]


def test_an_event_by_itself_is_an_item() -> None:
    assert split(event()) == [("key-1:0", json.dumps(event()))]


def test_without_a_key_the_digest_identifies_the_event() -> None:
    assert split(event(), None) == [(content_id(json.dumps(event())), json.dumps(event()))]


def test_no_events_are_no_items() -> None:
    assert split({"events": []}) == []


@pytest.mark.parametrize("body", ["7", "[]", "{}", '{"events":{}}', '{"event_type":7}'])
def test_a_body_without_events_has_the_wrong_shape(body: str) -> None:
    with pytest.raises(UnreadableDelivery) as caught:
        split(body)
    assert caught.value.code == "delivery.wrong_shape"


# ---------------------------------------------------------------- changes


@pytest.mark.parametrize("event_type", ["record.created", "record.updated"])
def test_a_changed_record_is_fetched_and_only_then_has_a_type(event_type: str) -> None:
    change = interpret(event(event_type, attribute_id="a"))
    assert change == Change(None, lookup=RecordLookup(PEOPLE, RECORD))


def test_a_merge_is_ignored_unless_the_remaining_record_can_be_fetched() -> None:
    (change,) = changes("attio.people-merged.json")
    lookup = RecordLookup(PEOPLE, RECORD, moves_time=False)
    assert change == Change(None, ignored="merged", lookup=lookup)


def test_a_deletion_is_ignored_and_nothing_is_fetched() -> None:
    assert changes("attio.person-deleted.json") == [Change(None, ignored="deleted")]


@pytest.mark.parametrize(
    ("event_type", "ignored"),
    [
        ("note.created", "entity"),
        ("task.updated", "entity"),
        ("list-entry.updated", "entity"),
        ("record", "entity"),
        ("record.restored", "action"),
    ],
)
def test_other_events_are_ignored(event_type: str, ignored: str) -> None:
    assert interpret(event(event_type)) == Change(None, ignored=ignored)


def test_the_older_shape_is_read_as_well() -> None:
    assert changes("attio.list-entry-updated.json") == [Change(None, ignored="entity")]


@pytest.mark.parametrize("name", ["object_id", "record_id"])
@pytest.mark.parametrize("value", [None, 7, "", "people", "../x", RECORD + "\n", RECORD + "0"])
def test_an_id_that_is_no_uuid_is_rejected(name: str, value: object) -> None:
    with pytest.raises(RejectedRow) as caught:
        interpret(event(**{name: value}))
    assert (caught.value.code, caught.value.field) == ("row.bad_value", f"id.{name}")


@pytest.mark.parametrize(
    "item", [7, [], None, {}, {"event_type": ["record.created"]}, {"event_type": "record.created"}]
)
def test_an_item_that_is_no_event_is_rejected(item: object) -> None:
    with pytest.raises(RejectedRow):
        interpret(item)


# ---------------------------------------------------------------- options


def test_there_are_no_options() -> None:
    given = with_defaults(Connection("attio", "attio", {"people_object_id": PEOPLE}))
    assert [key for key, _ in kind_mistakes(connector, given)] == ["people_object_id"]


def test_each_of_several_record_types_has_its_condition_by_default() -> None:
    custom = RecordType("appointment", {"external_id": "id"})
    given = Connection("attio", "attio", {}, {**CONNECTION.record_types, "appointment": custom})
    assert [key for key, _ in kind_mistakes(connector, CONNECTION)] == []
    assert [key for key, _ in kind_mistakes(connector, given)] == ["appointment.when"]
