"""Salesforce's change events: authentication by the event bus, items, and kinds of changes."""

import json
from dataclasses import replace
from typing import Any

import pytest

from import_relay.connectors.contract import RecordLookup
from import_relay.connectors.salesforce import cdc_events as connector
from import_relay.connectors.shared.event_ids import content_id
from import_relay.domain.errors import RejectedRow, SignatureError, UnreadableDelivery
from tests.support import signers
from tests.support.sender import Sender
from tests.support.webhooks import NOW, request
from tests.unit.connectors.salesforce.change_events import (
    CONNECTION,
    CONTACT,
    OPTIONS,
    SECOND_MS,
    SOURCE,
    change_from,
    item,
    over_the_bus,
    payload,
)

EVENTS = {
    "salesforce_cdc.contact-changed.json": (
        "contact 003Xx0000004adAIAQ, partial: full_name email",
    ),
    "salesforce_cdc.contact-created.json": (
        "contact 003Xx0000004adCIAQ: full_name email whatsapp birthday",
    ),
    "salesforce_cdc.contact-deleted.json": ("ignored: deleted",),
    "salesforce_cdc.contact-gap.json": ("rejected: row.token_missing",),
    "salesforce_cdc.contact-overflow.json": ("rejected: row.incomplete",),
    "salesforce_cdc.contacts-changed-together.json": (
        "contact 003Xx0000004adAIAQ, partial: city",
        "contact 003Xx0000004adBIAQ, partial: city",
    ),
    "salesforce_cdc.contacts-converted.json": ("rejected: row.incomplete",),
    "salesforce_cdc.event-created.json": (
        "appointment 00UXx0000005evTMAQ: name start_time end_time contact_external_id",
    ),
    "salesforce_cdc.lead-changed.json": (
        "contact 00QXx0000002leDMAQ, partial: address_line1 zipcode",
    ),
    "salesforce_cdc.opportunity-created.json": (
        "deal 006Xx0000003opPIAQ: name description contact_external_id",
    ),
    "salesforce_cdc.opportunity-description-changed.json": (
        "deal 006Xx0000003opPIAQ, partial: name",
    ),
}
"""Example webhook → what becomes of each of its items."""
SENDER = Sender(lambda _: signers.event_bus(SOURCE), needs_secret=False, transport="eventbridge")


def of_a_whole_day(item: dict[str, Any]) -> None:
    item["payload"] |= {
        "IsAllDayEvent": True,
        "ActivityDateTime": 1_795_478_400_000,
        "DurationInMinutes": 1_440,
    }


WHOLE_DAYS = {
    "salesforce_cdc.event-created.json": of_a_whole_day,
}
"""Example webhook of a timed appointment → what makes it one of the whole day."""
SECOND = SECOND_MS * 1_000


def event(content: dict[str, Any] | None = None) -> str:
    return json.dumps({"source": SOURCE, "detail": {"payload": content or payload()}})


def unreadable(body: str) -> str:
    with pytest.raises(UnreadableDelivery) as caught:
        connector.split(over_the_bus(body), OPTIONS)
    return caught.value.code


def rejection(given: object) -> RejectedRow:
    with pytest.raises(RejectedRow) as caught:
        connector.interpret(given, CONNECTION)
    return caught.value


# ---------------------------------------------------------------- the authentication


def test_an_event_of_the_configured_source_is_authentic_without_a_secret() -> None:
    connector.verify(over_the_bus(event()), [], OPTIONS, now=NOW)


@pytest.mark.parametrize(
    "name", [SOURCE[:-1], f"{SOURCE}/x", SOURCE.swapcase(), "", "aws.partner/salesforce.com/"]
)
def test_an_event_of_another_source_is_refused(name: str) -> None:
    with pytest.raises(SignatureError) as caught:
        connector.verify(over_the_bus(event(), name), ["secret"], OPTIONS, now=NOW)
    assert caught.value.code == "signature.mismatch"


def test_without_a_configured_source_every_event_is_refused() -> None:
    with pytest.raises(SignatureError) as caught:
        connector.verify(over_the_bus(event(), ""), [], {}, now=NOW)
    assert caught.value.code == "signature.no_secret"


def test_nothing_is_taken_from_the_web() -> None:
    with pytest.raises(SignatureError) as caught:
        connector.verify(request(event(), path=SOURCE), [], OPTIONS, now=NOW)
    assert caught.value.code == "signature.wrong_transport"


# ---------------------------------------------------------------- the items


def test_each_record_of_an_event_is_an_item() -> None:
    ids = [CONTACT, "003Xx0000004adBIAQ"]
    content = payload("UPDATE", {"Email": "a@example.com"}, recordIds=ids)
    found = connector.split(over_the_bus(event(content)), OPTIONS)
    assert [one.event_id for one in found] == [f"0000be70-a756:1:{one}" for one in ids]
    parsed = [json.loads(one.text) for one in found]
    assert [one["id"] for one in parsed] == ids
    assert parsed[0]["payload"] == parsed[1]["payload"]
    assert parsed[0]["payload"]["Email"] == "a@example.com"


def test_an_item_does_not_carry_the_ids_of_its_neighbours() -> None:
    content = payload(recordIds=[CONTACT, "003Xx0000004adBIAQ"])
    assert (
        "003Xx0000004adBIAQ" not in connector.split(over_the_bus(event(content)), OPTIONS)[0].text
    )


def test_integers_beyond_2_53_stay_exact() -> None:
    (found,) = connector.split(over_the_bus(event()), OPTIONS)
    assert '"commitNumber": 1795253400683617281' in found.text


@pytest.mark.parametrize("header", [{"transactionKey": None}, {"sequenceNumber": None}])
def test_without_a_transaction_the_digest_identifies_the_change(header: dict[str, object]) -> None:
    (found,) = connector.split(over_the_bus(event(payload(**header))), OPTIONS)  # type: ignore[arg-type]  # only header fields
    assert found.event_id == content_id(found.text)


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "7",
        "{}",
        '{"detail": []}',
        '{"detail": {"payload": {}}}',
        '{"detail": {"payload": {"ChangeEventHeader": []}}}',
        event(payload(recordIds=[])),
        event(payload(recordIds=None)),
        event(payload(recordIds=CONTACT)),
    ],
)
def test_a_body_that_is_no_change_event_has_the_wrong_shape(body: str) -> None:
    assert unreadable(body) == "delivery.wrong_shape"


def test_an_event_with_an_infinite_number_or_too_many_records_is_unreadable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert unreadable(event(payload(commitNumber=1)).replace("1,", "1e999,")) == "delivery.not_json"
    monkeypatch.setattr(connector, "MAX_ITEMS", 1)
    assert unreadable(event(payload(recordIds=[CONTACT] * 2))) == "delivery.too_many_items"


# ---------------------------------------------------------------- kinds of changes


@pytest.mark.parametrize("change", ["CREATE", "UNDELETE"])
def test_a_creation_holds_the_whole_record(change: str) -> None:
    found = change_from(change, {"Email": "a@example.com", "Phone": None})
    assert found.record == {"Id": CONTACT, "Email": "a@example.com", "Phone": None}
    assert (found.record_type, found.partial, found.lookup) == ("contact", False, None)


def test_an_update_is_partial_and_fetched_only_if_the_mapping_needs_more() -> None:
    found = change_from("UPDATE", {"Email": "a@example.com"}, changedFields=["Email"])
    assert found.record == {"Id": CONTACT, "Email": "a@example.com"}
    assert found.partial
    assert found.lookup == RecordLookup("Contact", CONTACT, always=False)


@pytest.mark.parametrize("change", ["GAP_CREATE", "GAP_UPDATE", "GAP_UNDELETE"])
def test_a_record_of_a_gap_is_fetched(change: str) -> None:
    found = change_from(change, {"Email": None, "Name": None})
    assert (found.record, found.record_type) == (None, "contact")
    assert found.lookup == RecordLookup("Contact", CONTACT, always=True)


@pytest.mark.parametrize("change", ["DELETE", "GAP_DELETE"])
def test_a_deletion_is_ignored(change: str) -> None:
    found = change_from(change)
    assert (found.ignored, found.lookup) == ("deleted", None)


@pytest.mark.parametrize("change", ["MERGE", "create", "", None, ["UPDATE"]])
def test_other_changes_are_ignored(change: Any) -> None:
    assert change_from(change).ignored == "action"


@pytest.mark.parametrize("entity", ["Account", "contact", "User", "", None, ["Contact"]])
def test_other_objects_are_ignored(entity: object) -> None:
    assert change_from("GAP_OVERFLOW", entityName=entity).ignored == "entity"


def test_an_object_that_the_connection_does_not_import_is_ignored() -> None:
    only_deals = replace(CONNECTION, record_types={"deal": CONNECTION.record_types["deal"]})
    assert connector.interpret(item("GAP_UPDATE"), only_deals).ignored == "entity"


@pytest.mark.parametrize(
    ("change", "identifier"),
    [("GAP_OVERFLOW", "000000000000000AAA"), ("GAP_OVERFLOW", CONTACT), ("UPDATE", "003*")],
)
def test_a_change_of_unnamed_records_is_reported(change: str, identifier: str) -> None:
    error = rejection(item(change, identifier=identifier))
    assert (error.code, error.field) == ("row.incomplete", "recordIds")
    assert "export them anew" in error.detail


@pytest.mark.parametrize("identifier", [None, 3, "", "003", "003Xx0000004ad/", [CONTACT], "*"])
def test_an_id_of_another_form_is_rejected(identifier: object) -> None:
    assert rejection(item(identifier=identifier)).field == "recordIds"


@pytest.mark.parametrize("given", [None, 7, [], {}, {"payload": 7}, {"payload": {}}])
def test_an_item_without_a_header_is_rejected(given: object) -> None:
    assert rejection(given).code == "row.not_an_object"


# ---------------------------------------------------------------- the version


@pytest.mark.parametrize(
    ("header", "version"),
    [
        ({"sequenceNumber": 1}, SECOND + 1),
        ({"sequenceNumber": 2}, SECOND + 2),
        ({"sequenceNumber": 5_000}, SECOND + 999),
        ({"sequenceNumber": -3}, SECOND),
        ({"sequenceNumber": None}, SECOND),
        ({"commitTimestamp": SECOND_MS + 1}, SECOND + 1_001),
        ({"commitTimestamp": None}, SECOND - 60_000_000),
        ({"commitTimestamp": 10**30}, SECOND - 60_000_000),
    ],
)
def test_commit_time_and_sequence_order_the_changes(header: dict[str, Any], version: int) -> None:
    fields = {"Email": "a", "LastModifiedDate": "2026-11-21T09:29:00.000Z"}
    assert change_from("UPDATE", fields, **header).version == version
