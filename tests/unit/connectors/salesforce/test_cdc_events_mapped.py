"""Rows of Salesforce's change events, and mistakes in the options."""

import json
from dataclasses import replace

import pytest

from import_relay.connectors.complete_connections import kind_mistakes
from import_relay.connectors.contract import Change
from import_relay.connectors.salesforce import cdc_events as connector
from import_relay.domain.errors import RejectedRow
from tests.support.webhooks import sample
from tests.unit.connectors.salesforce.change_events import (
    CONNECTION,
    CONTACT,
    OPTIONS,
    change_from,
    item,
    over_the_bus,
    row,
)


def changes(name: str) -> list[Change]:
    given = over_the_bus(sample(f"salesforce_cdc.{name}").decode())
    items = connector.split(given, OPTIONS)
    return [connector.interpret(json.loads(one.text), CONNECTION) for one in items]


def test_created_records_become_rows_by_the_default_mapping() -> None:
    assert row(changes("contact-created")[0]) == {
        "external_id": "003Xx0000004adCIAQ",
        "full_name": "Grace Example",
        "email": "grace@example.com",
        "whatsapp": "+493023125002",
        "birthday": "1985-12-10",
    }
    assert row(changes("opportunity-created")[0]) == {
        "external_id": "006Xx0000003opPIAQ",
        "name": "Example Works, licences",
        "description": "Two hundred licences",
        "contact_external_id": CONTACT,
    }
    assert row(changes("event-created")[0]) == {
        "external_id": "00UXx0000005evTMAQ",
        "name": "Call Ada",
        "start_time": "2026-11-24T09:30:00Z",
        "end_time": "2026-11-24T10:00:00Z",
        "contact_external_id": CONTACT,
    }


def test_an_event_of_a_whole_day_has_no_time() -> None:
    fields = {"IsAllDayEvent": True, "StartDateTime": "2026-11-24", "EndDateTime": "2026-11-24"}
    assert row(change_from("CREATE", fields, entityName="Event")) == {
        "external_id": CONTACT,
        "start_time": None,
        "end_time": None,
    }


def test_updates_set_the_columns_that_they_hold_as_a_whole() -> None:
    (changed,) = changes("contact-changed")
    assert row(changed) == {
        "external_id": CONTACT,
        "full_name": "Ada Example",
        "email": "ada@example.com",
    }
    assert [row(one) for one in changes("contacts-changed-together")] == [
        {"external_id": CONTACT, "city": "Berlin"},
        {"external_id": "003Xx0000004adBIAQ", "city": "Berlin"},
    ]
    assert row(changes("lead-changed")[0]) == {
        "external_id": "00QXx0000002leDMAQ",
        "address_line1": "1 Example Road",
        "zipcode": "EX1 2MP",
    }


def test_events_without_data_are_fetched_ignored_or_rejected() -> None:
    assert changes("contact-gap")[0].record is None
    assert changes("contact-deleted")[0].ignored == "deleted"
    with pytest.raises(RejectedRow):
        changes("contact-overflow")


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({}, []),
        ({"instance_url": "https://example.my.salesforce.com"}, []),
        ({"instance_url": "https://example.my.salesforce.com/"}, []),
        ({"instance_url": "example.my.salesforce.com"}, ["instance_url"]),
        ({"instance_url": "https://example.my.salesforce.com/services"}, ["instance_url"]),
        ({"instance_url": "https://[x"}, ["instance_url"]),
        ({"instance_url": "https://"}, ["instance_url"]),
        ({"event_source": ""}, ["event_source"]),
        ({"event_source": "aws.events"}, ["event_source"]),
        ({"header": "X"}, ["header"]),
    ],
)
def test_mistakes_in_the_options_are_named(options: dict[str, str], keys: list[str]) -> None:
    given = replace(CONNECTION, options=OPTIONS | options)
    assert [key for key, _ in kind_mistakes(connector, given)] == keys


def test_the_event_source_is_needed() -> None:
    given = replace(CONNECTION, options={})
    assert [key for key, _ in kind_mistakes(connector, given)] == ["event_source"]


def test_further_objects_are_imported_by_name() -> None:
    given = replace(CONNECTION, options=OPTIONS | {"contact_objects": "Patient__c"})
    named = item("CREATE", {"Email": "ada@example.com"}, entityName="Patient__c")
    assert connector.interpret(named, given).record_type == "contact"
    assert connector.interpret(named, CONNECTION).ignored == "entity"
    wrong = replace(CONNECTION, options=OPTIONS | {"deal_objects": "a-b"})
    assert [key for key, _ in kind_mistakes(connector, wrong)] == ["deal_objects"]
