"""Events of an app of HubSpot: which record each one changes, and when the record is fetched."""

import json
from functools import partial
from typing import Any

import pytest

from import_relay.connectors.complete_connections import kind_mistakes
from import_relay.connectors.contract import Change, Item, RecordLookup
from import_relay.connectors.hubspot import events as connector
from import_relay.connectors.shared.event_ids import content_id
from import_relay.domain.connections import Connection
from import_relay.domain.errors import UnreadableDelivery
from tests.support import signers
from tests.support.sender import Sender
from tests.support.webhooks import request, sample
from tests.unit.connectors.hubspot.app_events import (
    OCCURRED_AT,
    URL,
    associated,
    event,
    interpret,
    of_object,
    rejection,
    row,
)

EVENTS = {
    "hubspot.appointment-changed.json": ("appointment 0-421-29010001, partial: start_time",),
    "hubspot.company-changed.json": ("ignored: entity",),
    "hubspot.contact-created.json": ("rejected: row.token_missing", "rejected: row.token_missing"),
    "hubspot.contact-deleted.json": ("ignored: deleted", "ignored: erasure"),
    "hubspot.contact-merged.json": ("ignored: merged",),
    "hubspot.contact-properties-changed.json": (
        "contact 1246965, partial: email",
        "contact 1246965, partial: city",
        "contact 1246978, partial: email",
    ),
    "hubspot.deal-associated.json": (
        "deal 8100001, partial: contact_external_id",
        "deal 8100001, partial: name",
    ),
    "hubspot.deal-dissociated.json": ("rejected: row.token_missing",),
    "hubspot.meeting-canceled.json": ("appointment 0-47-29010002, partial: cancelled_at",),
    "hubspot.sensitive-property-changed.json": ("rejected: row.token_missing",),
}
"""Example webhook → what becomes of each of its items."""
SENDER = Sender(
    partial(signers.hubspot, url=URL),
    auth_header="x-hubspot-signature-v3",
    time="x-hubspot-request-timestamp",
    covers_body=True,
)
ALWAYS_TIMED = "meetings and appointments have no property for it"


def split(body: object) -> list[Item]:
    text = body if isinstance(body, bytes | str) else json.dumps(body)
    return connector.split(request(text), {})


# ---------------------------------------------------------------- splitting


def test_each_event_of_the_array_is_an_item_as_it_was_received() -> None:
    first, second = '{"eventId": 9007199254740993, "a":1}', '{"eventId":2}'
    assert [item.text for item in split(f"[{first},\n {second}]")] == [first, second]


def test_a_hundred_events_are_a_hundred_items() -> None:
    assert len({item.event_id for item in split([event(eventId=n) for n in range(100)])}) == 100


@pytest.mark.parametrize("body", ["{}", '"a"', "1", "null"])
def test_a_body_that_is_no_array_is_of_the_wrong_shape(body: str) -> None:
    with pytest.raises(UnreadableDelivery) as caught:
        split(body)
    assert caught.value.code == "delivery.wrong_shape"


def test_one_bad_element_does_not_lose_the_others() -> None:
    items = split([event(), 17, event(eventId=2)])
    assert len(items) == 3
    assert rejection(json.loads(items[1].text)).code == "row.not_an_object"
    assert interpret(json.loads(items[2].text)).partial


def test_a_retry_has_the_same_event_id() -> None:
    first, again = split([event(attemptNumber=0), event(attemptNumber=3)])
    assert first.event_id == again.event_id


@pytest.mark.parametrize(
    "other",
    [
        {"portalId": 34},
        {"objectId": 8},
        {"propertyName": "phone"},
        {"occurredAt": OCCURRED_AT + 1},
        {"eventId": 2},
        {"event_type": "deal.propertyChange"},
    ],
)
def test_events_that_share_an_event_id_of_hubspot_are_told_apart(other: dict[str, Any]) -> None:
    first, second = split([event(), event(**other)])
    assert first.event_id != second.event_id


def test_associations_with_different_records_are_told_apart() -> None:
    first, second = split([associated(), associated(toObjectId=9)])
    assert first.event_id != second.event_id


def test_an_event_without_an_id_is_known_by_its_digest() -> None:
    (item,) = split('[{"a":1}]')
    assert item.event_id == content_id('{"a":1}')


# ---------------------------------------------------------------- a property


def test_a_changed_property_is_a_partial_record_and_the_rest_is_fetched() -> None:
    assert interpret(event()) == Change(
        {"id": "7", "objectTypeId": "0-1", "properties": {"email": "ada@example.com"}},
        "contact",
        OCCURRED_AT * 1_000,
        partial=True,
        lookup=RecordLookup("0-1", "7", always=True),
    )


def test_the_type_may_stand_in_event_type() -> None:
    given = event(subscriptionType=None, eventType="contact.propertyChange")
    assert interpret(given) == interpret(event())


@pytest.mark.parametrize(
    ("object_type", "record_type"),
    [("0-1", "contact"), ("0-3", "deal"), ("0-421", "appointment"), ("0-47", "appointment")],
)
def test_objects_are_known_by_their_type_id(object_type: str, record_type: str) -> None:
    change = interpret(of_object(object_type))
    assert change.record_type == record_type
    assert change.lookup == RecordLookup(object_type, "7")


@pytest.mark.parametrize("value", ["", "x", 5])
def test_the_value_of_a_property_is_passed_on_as_it_is(value: object) -> None:
    change = interpret(event(propertyValue=value))
    assert change.record == {"id": "7", "objectTypeId": "0-1", "properties": {"email": value}}


def test_a_value_of_null_is_an_empty_one() -> None:
    change = interpret(event() | {"propertyValue": None})
    assert change.record == {"id": "7", "objectTypeId": "0-1", "properties": {"email": None}}


@pytest.mark.parametrize("withheld", [{"propertyValue": "REDACTED"}, {"isSensitive": True}])
def test_a_record_with_a_withheld_or_sensitive_value_is_fetched_instead(
    withheld: dict[str, object],
) -> None:
    change = interpret(event() | withheld)
    assert (change.record, change.partial) == (None, False)
    assert change.lookup == RecordLookup("0-1", "7")


def test_a_record_whose_change_has_no_value_is_fetched() -> None:
    change = interpret(event(propertyValue=None))
    assert (change.record, change.lookup) == (None, RecordLookup("0-1", "7"))


def test_a_change_without_its_property_is_rejected() -> None:
    assert rejection(event(propertyName=None)).field == "propertyName"


# ---------------------------------------------------------------- hostile items


@pytest.mark.parametrize("item", [None, [], "a", 1, True])
def test_an_item_that_is_no_object_is_rejected(item: object) -> None:
    assert rejection(item).code == "row.not_an_object"


@pytest.mark.parametrize("event_type", [None, 1, {}, ["contact.creation"]])
def test_an_event_without_a_type_is_rejected(event_type: object) -> None:
    assert rejection(event() | {"subscriptionType": event_type}).field == "subscriptionType"


@pytest.mark.parametrize(
    "bad", [0, -1, 1.5, True, "", "7a", "\u0667", "7/../8", {}, [], 10**20, "9" * 21, "9" * 5_000]
)
def test_a_bad_id_is_never_part_of_a_lookup(bad: object) -> None:
    for item in (event(objectId=bad), event("contact.creation", objectId=bad)):
        assert (rejection(item).code, rejection(item).field) == ("row.bad_value", "objectId")
    assert rejection(associated(fromObjectId=bad)).field == "fromObjectId"
    assert rejection(associated(toObjectId=bad)).field == "toObjectId"
    merged = event("contact.merge", newObjectId=bad, primaryObjectId=bad)
    assert interpret(merged).lookup is None


@pytest.mark.parametrize("object_type", [None, {}, ["0-1"], "0-2", 1])
def test_an_object_of_another_type_is_ignored(object_type: object) -> None:
    assert interpret(of_object("x") | {"objectTypeId": object_type}).ignored == "entity"


# ---------------------------------------------------------------- configuration


@pytest.mark.parametrize("at", [None, "soon", 0, {}])
def test_without_a_usable_time_the_time_of_receipt_counts(at: object) -> None:
    assert interpret(event(occurredAt=at)).version is None


def mistakes(**options: str) -> list[str]:
    given = Connection("h", "hubspot", {"portal_id": "33", **options})
    return [key for key, _ in kind_mistakes(connector, given)]


def test_the_address_that_hubspot_calls_is_needed() -> None:
    assert mistakes() == ["public_url"]
    assert mistakes(public_url=URL) == []


def test_the_account_is_needed() -> None:
    given = Connection("h", "hubspot", {"public_url": URL})

    assert [key for key, _ in kind_mistakes(connector, given)] == ["portal_id"]


@pytest.mark.parametrize("url", ["", "relay.example.com", "ftp://x/", f"{URL}#x", "https://["])
def test_an_address_that_hubspot_cannot_call_is_a_mistake(url: str) -> None:
    assert mistakes(public_url=url) == ["public_url"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("portal_id", "x"),
        ("portal_id", "\u0663"),
        ("api_url", "http://api.example.com"),
        ("api_url", "https://api.example.com/crm"),
        ("other", "x"),
    ],
)
def test_a_mistake_in_an_option_is_named(key: str, value: str) -> None:
    assert mistakes(public_url=URL, **{key: value}) == [key]


@pytest.mark.parametrize("api_url", ["https://api.hubapi.com/", "http://127.0.0.1:8080"])
def test_another_address_of_the_api_may_be_given(api_url: str) -> None:
    assert mistakes(public_url=URL, api_url=api_url) == []


# ---------------------------------------------------------------- the examples


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        (
            "contact-properties-changed",
            [
                {"external_id": "1246965", "email": "ada@example.com"},
                {"external_id": "1246965", "city": "Berlin"},
                {"external_id": "1246978", "email": "grace@example.com"},
            ],
        ),
        (
            "deal-associated",
            [
                {"external_id": "8100001", "contact_external_id": "1246965"},
                {"external_id": "8100001", "name": "Example deal"},
            ],
        ),
        (
            "appointment-changed",
            [{"external_id": "0-421-29010001", "start_time": "2026-11-24T10:30:00Z"}],
        ),
        (
            "meeting-canceled",
            [
                {
                    "external_id": "0-47-29010002",
                    "cancelled_at": "2026-11-21T09:30:00.482000Z",
                }
            ],
        ),
    ],
)
def test_an_example_becomes_these_rows(name: str, rows: list[dict[str, object]]) -> None:
    items = split(sample(f"hubspot.{name}"))
    assert [row(interpret(json.loads(item.text))) for item in items] == rows
    assert len({item.event_id for item in items}) == len(items)
