"""HubSpot workflows: legacy records in the shape of the kind `hubspot`, and two methods of
authentication.
"""

import json
from functools import partial
from typing import Any

import pytest

from import_relay.connectors.complete_connections import kind_mistakes, with_defaults
from import_relay.connectors.contract import Change
from import_relay.connectors.hubspot import workflow_events as connector
from import_relay.connectors.shared.event_ids import content_id
from import_relay.domain.connections import Connection
from import_relay.domain.errors import RejectedRow, SignatureError, UnreadableDelivery
from import_relay.mapping.record_mapping import RecordMapping
from tests.support import signers
from tests.support.sender import Sender
from tests.support.webhooks import NOW, request, sample

EVENTS = {
    "hubspot_workflow.company.json": ("ignored: entity",),
    "hubspot_workflow.contact.json": (
        "contact 251: full_name email whatsapp address_line1 zipcode city",
    ),
    "hubspot_workflow.deal.json": ("deal 8100001: name",),
}
"""Example webhook → what becomes of each of its items."""
URL = "https://relay.example.com/webhooks/hubspot_workflow"
SENDER = Sender(
    partial(signers.hubspot, url=URL),
    auth_header="x-hubspot-signature-v3",
    time="x-hubspot-request-timestamp",
    covers_body=True,
)

CHANGED_AT = "1795253400482"


def connection(**options: str) -> Connection:
    return with_defaults(Connection("w", "hubspot_workflow", {"public_url": URL, **options}))


CONNECTION = connection()


def contact(properties: dict[str, object] | None = None, **more: object) -> dict[str, Any]:
    values = {"lastmodifieddate": CHANGED_AT, **(properties or {})}
    entries = {name: {"value": value, "versions": []} for name, value in values.items()}
    return {"vid": 251, "canonical-vid": 251, "portal-id": 33, "properties": entries, **more}


def deal(properties: dict[str, object] | None = None, **more: object) -> dict[str, Any]:
    values = {"hs_lastmodifieddate": CHANGED_AT, **(properties or {})}
    entries = {name: {"value": value, "timestamp": 1} for name, value in values.items()}
    known = {"objectType": "DEAL", "objectTypeId": "0-3", "objectId": 9, "isDeleted": False}
    return {"portalId": 33, **known, "properties": entries, **more}


def interpret(item: object, given: Connection = CONNECTION) -> Change:
    return connector.interpret(item, given)


def rejection(item: object) -> RejectedRow:
    with pytest.raises(RejectedRow) as caught:
        interpret(item)
    return caught.value


def row(item: object) -> dict[str, object]:
    change = interpret(item)
    assert change.record_type is not None
    return RecordMapping(CONNECTION.record_types[change.record_type]).columns(change.record).values


def example(name: str) -> dict[str, Any]:
    (item,) = connector.split(request(sample(f"hubspot_workflow.{name}")), {})
    found: dict[str, Any] = json.loads(item.text)
    return found


def test_a_contact_is_a_full_record_in_the_shape_of_hubspots_api() -> None:
    assert interpret(contact({"email": "ada@example.com"})) == Change(
        {
            "id": "251",
            "objectTypeId": "0-1",
            "properties": {
                "lastmodifieddate": "2026-11-21T09:30:00.482000Z",
                "email": "ada@example.com",
            },
        },
        "contact",
        1_795_253_400_482_000,
    )


def test_a_deal_is_a_full_record_in_the_same_shape() -> None:
    change = interpret(deal({"dealname": "Example"}))
    assert change.record == {
        "id": "9",
        "objectTypeId": "0-3",
        "properties": {
            "hs_lastmodifieddate": "2026-11-21T09:30:00.482000Z",
            "dealname": "Example",
        },
    }
    assert (change.record_type, change.version) == ("deal", 1_795_253_400_482_000)
    assert not change.partial


def test_the_example_of_a_contact_becomes_this_row() -> None:
    assert row(example("contact")) == {
        "external_id": "251",
        "full_name": "Ada Example",
        "email": "ada@example.com",
        "whatsapp": "+4915112345678",
        "address_line1": "Beispielstrasse 1",
        "zipcode": "10115",
        "city": "Berlin",
    }


def test_the_example_of_a_deal_becomes_this_row() -> None:
    assert row(example("deal")) == {"external_id": "8100001", "name": "Example deal"}


def test_a_merged_contact_has_the_id_of_the_remaining_one() -> None:
    assert row(contact() | {"canonical-vid": 300})["external_id"] == "300"


def test_a_deal_names_its_contact_where_hubspot_does() -> None:
    given = deal(associations={"associatedVids": [251, 252], "associatedCompanyIds": [1]})
    assert row(given)["contact_external_id"] == "251"
    assert "contact_external_id" not in row(deal(associations={"associatedVids": []}))
    assert "contact_external_id" not in row(deal(associations=[1]))


def test_companies_and_other_objects_are_ignored() -> None:
    assert interpret(example("company")).ignored == "entity"
    assert interpret(deal(objectTypeId="0-421")).ignored == "entity"


def test_a_deleted_record_is_ignored() -> None:
    assert interpret(deal(isDeleted=True)).ignored == "deleted"


def test_a_withheld_value_is_left_out() -> None:
    record = interpret(contact({"email": "REDACTED"})).record
    assert isinstance(record, dict)
    assert "email" not in record["properties"]


def test_own_date_properties_become_iso_8601() -> None:
    item = contact({"last_visit": "1795516200000", "other": "1795516200000"})
    record = interpret(item, connection(datetime_properties="last_visit")).record
    assert isinstance(record, dict)
    assert record["properties"]["last_visit"] == "2026-11-24T10:30:00Z"
    assert record["properties"]["other"] == "1795516200000"


def test_without_a_time_the_time_of_receipt_counts() -> None:
    assert interpret(contact(properties={"lastmodifieddate": None})).version is None


@pytest.mark.parametrize("item", [None, [], "a", 1])
def test_an_item_that_is_no_object_is_rejected(item: object) -> None:
    assert rejection(item).code == "row.not_an_object"


@pytest.mark.parametrize("properties", [None, [], "a"])
def test_a_record_without_properties_is_rejected(properties: object) -> None:
    assert rejection(contact() | {"properties": properties}).field == "properties"


@pytest.mark.parametrize("item", [{}, {"objectId": 1}, {"objectTypeId": "0-3"}, {"email": "a"}])
def test_a_body_of_a_custom_shape_is_rejected(item: object) -> None:
    assert rejection(item).field == "objectTypeId"


@pytest.mark.parametrize("bad", [None, 0, -1, "x", {}, True])
def test_a_bad_id_is_rejected(bad: object) -> None:
    assert rejection(contact() | {"canonical-vid": bad}).field == "canonical-vid"
    assert rejection(deal(objectId=bad)).field == "objectId"
    field = rejection(deal(associations={"associatedVids": [bad]})).field
    assert field == "associations.associatedVids"


def test_one_request_is_one_item_known_by_its_digest() -> None:
    (item,) = connector.split(request('\n {"vid":1} '), {})
    assert item == (content_id('{"vid":1}'), '{"vid":1}')


@pytest.mark.parametrize("body", ["[]", "1", '"a"', "null"])
def test_a_body_that_is_no_object_is_of_the_wrong_shape(body: str) -> None:
    with pytest.raises(UnreadableDelivery) as caught:
        connector.split(request(body), {})
    assert caught.value.code == "delivery.wrong_shape"


def test_with_auth_header_the_api_key_authenticates_the_sender() -> None:
    options = {"auth": "header", "header": "X-Key"}
    connector.verify(request("{}", {"x-key": "secret"}), ["secret"], options, now=NOW)
    for headers in ({"x-key": "other"}, {}):
        with pytest.raises(SignatureError):
            connector.verify(request("{}", headers), ["secret"], options, now=NOW)


def test_a_key_in_a_header_authenticates_nobody_where_a_signature_is_expected() -> None:
    given = request("{}", {"x-relay-secret": "secret"})
    with pytest.raises(SignatureError) as caught:
        connector.verify(given, ["secret"], {"public_url": URL}, now=NOW)
    assert caught.value.code == "signature.missing"


def test_a_pause_is_told_in_milliseconds() -> None:
    assert connector.REPLIES.retry_after == "60000"


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"public_url": URL}, []),
        ({}, ["public_url"]),
        ({"auth": "header"}, []),
        ({"auth": "header", "header": "a b"}, ["header"]),
        ({"auth": "none", "public_url": URL}, ["auth"]),
        ({"public_url": URL, "portal_id": "1"}, ["portal_id"]),
    ],
)
def test_mistakes_in_the_options_are_named(options: dict[str, str], wrong: list[str]) -> None:
    given = Connection("w", "hubspot_workflow", options)
    assert [key for key, _ in kind_mistakes(connector, given)] == wrong
