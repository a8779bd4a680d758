"""Records of Dataverse's changes, full or partial, and their rows by the default mapping."""

import pytest

from import_relay.mapping.record_mapping import RecordMapping
from tests.unit.connectors.dataverse.contexts import (
    CONNECTION,
    RECORD,
    change_of,
    context,
    interpret,
    pairs,
    refused,
)

CONTACT = {"Id": RECORD, "LogicalName": "contact", "Name": "Ada Example"}
TYPED = "__type"


def record(**columns: object) -> dict[str, object]:
    found = interpret(context(columns)).record
    assert isinstance(found, dict)
    return found


def row(name: str) -> dict[str, object]:
    change = change_of(name)
    assert change.record_type is not None
    mapping = RecordMapping(CONNECTION.record_types[change.record_type])
    assert mapping.condition(change.record)
    return mapping.columns(change.record, partial=change.partial).values


def test_an_update_is_partial() -> None:
    change = interpret(context({"firstname": "Ada", "telephone1": None}))
    assert change.partial
    assert change.record == {
        "firstname": "Ada",
        "telephone1": None,
        "id": RECORD,
        "entity": "contact",
    }


def test_a_creation_is_full() -> None:
    assert not interpret(context({"firstname": "Ada"}, MessageName="Create")).partial


def test_a_post_image_makes_the_record_full_and_the_target_overrides_it() -> None:
    images: dict[str, dict[str, object]] = {"relay": {"firstname": "A", "lastname": "Example"}}
    change = interpret(context({"firstname": "Ada"}, images))
    assert not change.partial
    assert change.record == {
        "firstname": "Ada",
        "lastname": "Example",
        "id": RECORD,
        "entity": "contact",
    }


def test_the_image_that_dataverse_adds_by_itself_makes_no_record_full() -> None:
    images: dict[str, dict[str, object]] = {"AsynchronousStepPrimaryName": {"fullname": "Old"}}
    change = interpret(context({"firstname": "Ada"}, images))
    assert change.partial
    assert change.record == {"firstname": "Ada", "id": RECORD, "entity": "contact"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({TYPED: "OptionSetValue:http://x", "Value": 2}, 2),
        ({TYPED: "Money:http://x", "Value": 345.678}, 345.678),
        ({TYPED: "AliasedValue:http://x", "Value": {"Value": 3}}, 3),
        ([{TYPED: "OptionSetValue:http://x", "Value": n} for n in (1, 2)], [1, 2]),
        ({TYPED: "EntityReference:http://x", "RowVersion": None, **CONTACT}, CONTACT),
        ({"Id": RECORD.upper(), "LogicalName": "contact"}, {**CONTACT, "Name": None}),
        (
            {"Entities": [{"LogicalName": "activityparty", "Attributes": pairs(partyid=CONTACT)}]},
            [{"partyid": CONTACT}],
        ),
        ({TYPED: "Other:http://x", "CanBeChanged": True}, {"CanBeChanged": True}),
        (9007199254740993, 9007199254740993),
        (None, None),
        (False, False),
        ("text", "text"),
    ],
)
def test_values_lose_the_wrapping_of_their_type(given: object, expected: object) -> None:
    assert record(x=given)["x"] == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("/Date(1795253400000)/", "2026-11-21T09:30:00Z"),
        ("/Date(1795253400482)/", "2026-11-21T09:30:00.482000Z"),
        ("/Date(1795253400000-0700)/", "2026-11-21T09:30:00Z"),
        ("/Date(-86400000)/", "1969-12-31T00:00:00Z"),
        ("/Date(soon)/", "/Date(soon)/"),
        (" /Date(0)/", " /Date(0)/"),
    ],
)
def test_times_become_iso_8601_in_utc(given: str, expected: str) -> None:
    assert record(x=given)["x"] == expected


@pytest.mark.parametrize("given", ["/Date(999999999999999)/", "/Date(-999999999999999)/"])
def test_a_time_beyond_the_calendar_is_rejected(given: str) -> None:
    assert refused(context({"x": given})).code == "row.bad_datetime"


def test_a_value_that_nests_too_deeply_is_rejected() -> None:
    value: object = 1
    for _ in range(5_000):
        value = {"a": value}
    assert refused(context({"x": value})).code == "row.bad_value"


def test_a_new_contact_is_mapped() -> None:
    assert row("dataverse.contact-created.json") == {
        "external_id": RECORD,
        "full_name": "Ada Example",
        "email": "ada@example.com",
        "whatsapp": "+4915112345678",
        "address_line1": "Beispielstrasse 1",
        "zipcode": "10115",
        "city": "Berlin",
    }


def test_only_the_changed_columns_of_a_contact_are_mapped() -> None:
    assert row("dataverse.contact-updated.json") == {
        "external_id": RECORD,
        "full_name": "Ada Example",
        "email": "ada@example.com",
    }


def test_an_opportunity_is_mapped() -> None:
    assert row("dataverse.opportunity-updated.json") == {
        "external_id": "7d81597f-0f9f-4711-8122-000000000002",
        "name": "Solar roof",
        "description": "Twelve panels",
        "contact_external_id": RECORD,
    }


def test_an_appointment_is_mapped() -> None:
    assert row("dataverse.appointment-created.json") == {
        "external_id": "8d81597f-0f9f-4711-8122-000000000003",
        "name": "First talk",
        "description": "On site",
        "start_time": "2026-11-24T09:30:00Z",
        "end_time": "2026-11-24T10:00:00Z",
        "contact_external_id": RECORD,
    }


def test_a_cancellation_is_mapped() -> None:
    assert row("dataverse.appointment-canceled.json") == {
        "external_id": "8d81597f-0f9f-4711-8122-000000000003",
        "cancelled_at": "2026-11-21T09:30:00Z",
    }


def test_an_appointment_about_a_deal_names_no_contact() -> None:
    mapping = RecordMapping(CONNECTION.record_types["appointment"])
    given = record(regardingobjectid={"Id": RECORD, "LogicalName": "opportunity", "Name": None})
    assert mapping.columns(given, partial=True).values == {"external_id": RECORD}
