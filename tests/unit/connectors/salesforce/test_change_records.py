"""What a change event says of a record: known fields, emptied ones, and those to be fetched."""

from typing import Any

import pytest

from import_relay.connectors.contract import RecordLookup
from import_relay.mapping.record_mapping import RecordMapping
from tests.unit.connectors.salesforce.change_events import (
    CONNECTION,
    CONTACT,
    OPPORTUNITY,
    SECOND_MS,
    change_from,
    deal,
    row,
)


@pytest.mark.parametrize(
    ("fields", "changed", "nulled", "known"),
    [
        ({"Email": "a"}, [], [], {"Email": "a"}),
        ({"Email": "a", "Phone": None}, ["Email"], [], {"Email": "a"}),
        ({"Phone": None}, ["Phone"], [], {"Phone": None}),
        ({"Phone": None}, ["Phone"], ["Phone"], {"Phone": None}),
        ({}, ["Phone"], ["Phone"], {"Phone": None}),
        ({"DoNotCall": False}, ["DoNotCall"], [], {"DoNotCall": False}),
        ({"Title": ""}, ["Title"], [], {"Title": ""}),
        ({"Name": {"LastName": "B"}}, ["Name.LastName"], [], {"Name": {"LastName": "B"}}),
        (
            {"Name": {"LastName": "B", "FirstName": None}},
            ["Name.LastName"],
            [],
            {"Name": {"LastName": "B"}},
        ),
        (
            {"Name": {"LastName": "B", "FirstName": None}},
            ["Name.LastName", "Name.FirstName"],
            [],
            {"Name": {"LastName": "B", "FirstName": None}},
        ),
        ({}, [], ["MailingAddress.City"], {"MailingAddress": {"City": None}}),
        ({"MailingAddress": None}, ["MailingAddress.City"], [], {"MailingAddress": {"City": None}}),
        ({"MailingAddress": None, "Email": "a"}, ["Email"], [], {"Email": "a"}),
        ({}, [], ["MailingAddress", "MailingAddress.City"], {"MailingAddress": None}),
        ({"Email": "a"}, [7, None], "Phone", {"Email": "a"}),
    ],
)
def test_only_what_changed_is_known_and_only_named_nulls_count(
    fields: dict[str, Any], changed: list[object], nulled: object, known: dict[str, object]
) -> None:
    found = change_from("UPDATE", fields, changedFields=changed, nulledFields=nulled)
    assert found.record == {"Id": CONTACT, **known}
    assert found.lookup is not None
    assert not found.lookup.always


def test_a_record_whose_changed_value_is_missing_is_fetched() -> None:
    found = change_from("UPDATE", {"Email": "a"}, changedFields=["Email", "MailingAddress.City"])
    assert found.record == {"Id": CONTACT, "Email": "a"}
    assert found.lookup == RecordLookup("Contact", CONTACT, always=True)


@pytest.mark.parametrize(
    "header",
    [
        {"changedFields": ["MailingAddress.City"]},
        {"changedFields": ["0x4000000A"], "nulledFields": ["0x0A"]},
    ],
)
def test_changes_without_any_value_say_nothing(header: dict[str, Any]) -> None:
    found = change_from("UPDATE", {"LastModifiedDate": SECOND_MS}, **header)
    assert found.record is None
    assert found.lookup == RecordLookup("Contact", CONTACT, always=True)


@pytest.mark.parametrize(("nulled", "always"), [([], False), (["0x02"], True), (["4-0x01"], True)])
def test_a_record_with_a_bitmap_of_emptied_fields_is_fetched(
    nulled: list[str], always: bool
) -> None:
    fields = {"Email": "a", "Phone": None}
    found = change_from("UPDATE", fields, changedFields=["0x400800", "4-0x04"], nulledFields=nulled)
    assert found.record == {"Id": CONTACT, "Email": "a"}
    assert found.lookup == RecordLookup("Contact", CONTACT, always=always)


def test_a_leads_address_has_the_name_of_a_contacts() -> None:
    fields = {"Address": {"City": "Berlin"}}
    found = change_from("UPDATE", fields, entityName="Lead", changedFields=["Address.City"])
    assert found.record == {"Id": CONTACT, "MailingAddress": {"City": "Berlin"}}
    assert found.lookup == RecordLookup("Lead", CONTACT, always=False)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("LastModifiedDate", SECOND_MS, "2026-11-21T09:30:00.000Z"),
        ("LastModifiedDate", "2026-11-21T09:30:00.000Z", "2026-11-21T09:30:00.000Z"),
        ("ActivityDateTime", SECOND_MS + 1, "2026-11-21T09:30:00.001Z"),
        ("Birthdate", -1_000, "1969-12-31"),
        ("CloseDate", SECOND_MS, "2026-11-21"),
        ("CloseDate", 10**18, 10**18),
        ("CloseDate", True, True),
        ("Amount", SECOND_MS, SECOND_MS),
        ("Paid__c", SECOND_MS, SECOND_MS),
    ],
)
def test_milliseconds_of_known_time_fields_become_texts(
    name: str, value: object, text: object
) -> None:
    record = change_from("CREATE", {name: value}).record
    assert isinstance(record, dict)
    assert record[name] == text


@pytest.mark.parametrize(
    ("fields", "start", "end"),
    [
        (
            {"ActivityDateTime": "2026-11-24T09:30:00.000Z", "DurationInMinutes": 30},
            "2026-11-24T09:30:00.000Z",
            "2026-11-24T10:00:00.000Z",
        ),
        ({"ActivityDateTime": None}, None, None),
        (
            {"ActivityDateTime": "a", "StartDateTime": "b", "EndDateTime": "c"},
            "b",
            "c",
        ),
        ({"ActivityDateTime": "soon", "DurationInMinutes": 10**400}, "soon", None),
        ({"ActivityDateTime": "2026-11-24", "DurationInMinutes": 1e300}, "2026-11-24", None),
    ],
)
def test_an_events_start_and_end_come_from_its_time_and_duration(
    fields: dict[str, Any], start: str | None, end: str | None
) -> None:
    record = change_from("CREATE", fields, entityName="Event").record
    assert isinstance(record, dict)
    assert (record["StartDateTime"], record["EndDateTime"]) == (start, end)


@pytest.mark.parametrize("fields", [{"ActivityDateTime": "2026-11-24"}, {"DurationInMinutes": 30}])
def test_an_event_whose_end_is_not_known_is_fetched(fields: dict[str, Any]) -> None:
    found = change_from("UPDATE", fields, entityName="Event", changedFields=list(fields))
    assert found.lookup == RecordLookup("Event", CONTACT, always=True)
    assert isinstance(found.record, dict)
    assert "EndDateTime" not in found.record


DIFFERENCE = (
    "--- \n+++ 9f2c1d7e5b0a4c3f8e6d1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f\n"
    "@@ -2,1 +2,1 @@\n-Delivery in March.\n+Delivery in April.\n"
)


@pytest.mark.parametrize("value", [DIFFERENCE, {"diff": DIFFERENCE}])
@pytest.mark.parametrize("named", [["Description"], [], ["0x08"]])
def test_a_difference_is_no_text_and_the_record_is_fetched(value: object, named: list[str]) -> None:
    change = deal(
        {"Description": value, "Name": "Licences"},
        diffFields=named,
        changedFields=["Description", "Name"],
    )
    assert change.lookup == RecordLookup("Opportunity", OPPORTUNITY, always=True)
    columns, notes = RecordMapping(CONNECTION.record_types["deal"]).columns(
        change.record, partial=True
    )
    assert columns == {"external_id": OPPORTUNITY, "name": "Licences"}
    assert [note for note in notes if note.field == "description"]


def test_a_field_that_the_header_names_as_a_difference_is_no_text() -> None:
    change = deal({"Description": "@@ other form", "Name": "x"}, diffFields=["Description"])
    assert change.record == {
        "Id": OPPORTUNITY,
        "Name": "x",
        "Description": {"diff": "@@ other form"},
    }


@pytest.mark.parametrize("named", [["MailingAddress.Street"], []])
@pytest.mark.parametrize("value", [DIFFERENCE, {"diff": DIFFERENCE}])
def test_a_part_of_a_compound_field_may_be_a_difference(value: object, named: list[str]) -> None:
    address = {"Street": value, "City": "Ulm"}
    change = change_from(
        "UPDATE",
        {"MailingAddress": address},
        diffFields=named,
        changedFields=["MailingAddress.Street", "MailingAddress.City"],
    )
    assert change.partial
    assert row(change) == {"external_id": CONTACT, "city": "Ulm"}
    assert change.lookup is not None


def test_a_difference_alone_says_nothing_of_the_record() -> None:
    change = deal(
        {"Description": DIFFERENCE, "LastModifiedDate": SECOND_MS}, diffFields=["Description"]
    )
    assert (change.record, change.partial) == (None, False)
    assert change.lookup == RecordLookup("Opportunity", OPPORTUNITY)


@pytest.mark.parametrize("text", ["--- \nmy notes", "+++ a", "--- a\n+++ b\n", "", "---"])
def test_a_text_that_only_resembles_a_difference_is_a_text(text: str) -> None:
    change = deal({"Description": text}, diffFields=[], changedFields=["Description"])
    assert change.record == {"Id": OPPORTUNITY, "Description": text}


def test_a_long_text_of_a_creation_is_a_text() -> None:
    change = change_from("CREATE", {"Description": DIFFERENCE}, diffFields=[])
    assert isinstance(change.record, dict)
    assert change.record["Description"] == DIFFERENCE
