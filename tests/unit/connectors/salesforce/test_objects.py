"""Which objects of Salesforce become which record type, and mistakes in naming them."""

from dataclasses import replace

import pytest

from import_relay.connectors.complete_connections import kind_mistakes
from import_relay.connectors.salesforce import outbound_events as connector
from tests.unit.connectors.salesforce.envelopes import CONNECTION, OPTIONS

OTHERS = {
    "contact_objects": "Patient__c  Account",
    "deal_objects": "Order",
    "appointment_objects": "Visit__c",
}


@pytest.mark.parametrize(
    ("name", "record_type"),
    [
        ("Patient__c", "contact"),
        ("Account", "contact"),
        ("Order", "deal"),
        ("Visit__c", "appointment"),
        ("Contact", "contact"),
        ("Order__c", None),
        ("patient__c", None),
    ],
)
def test_further_objects_are_imported_by_name(name: str, record_type: str | None) -> None:
    given = replace(CONNECTION, options=OPTIONS | OTHERS)
    change = connector.interpret(
        {"object": name, "fields": {"Id": "a01Xx0000003DGbIAM", "Name": "x"}}, given
    )
    assert (change.record_type, change.ignored) == (record_type, None if record_type else "entity")


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        (OTHERS, []),
        ({"contact_objects": ""}, ["contact_objects"]),
        ({"contact_objects": "Patient c"}, []),
        ({"contact_objects": "Pat-ient"}, ["contact_objects"]),
        ({"contact_objects": "A", "deal_objects": "A"}, ["deal_objects"]),
    ],
)
def test_mistakes_in_the_names_of_objects_are_named(
    options: dict[str, str], keys: list[str]
) -> None:
    given = replace(CONNECTION, options=OPTIONS | options)
    assert [key for key, _ in kind_mistakes(connector, given)] == keys


def test_objects_of_a_type_that_is_not_imported_are_a_mistake() -> None:
    contacts = {"contact": CONNECTION.record_types["contact"]}
    given = replace(CONNECTION, options=OPTIONS | OTHERS, record_types=contacts)
    assert [key for key, _ in kind_mistakes(connector, given)] == [
        "deal_objects",
        "appointment_objects",
    ]
