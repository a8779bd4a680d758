"""Salesforce outbound messages: authentication by organization, SOAP, and what records become."""

import json
from dataclasses import replace
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring

from import_relay.connectors.complete_connections import kind_mistakes
from import_relay.connectors.contract import Change
from import_relay.connectors.salesforce import outbound_events as connector
from import_relay.connectors.shared.event_ids import content_id
from import_relay.domain.errors import RejectedRow
from import_relay.mapping.record_mapping import RecordMapping
from tests.support import signers
from tests.support.sender import Sender
from tests.support.webhooks import request, sample
from tests.unit.connectors.salesforce.envelopes import (
    CONNECTION,
    CONTACT,
    OPTIONS,
    ORGANIZATION,
    SOBJECT,
    envelope,
    item,
    items,
    notification,
    record,
    unreadable,
)

EVENTS = {
    "salesforce_outbound.contact-deleted.xml": ("ignored: deleted",),
    "salesforce_outbound.contacts-changed.xml": (
        "contact 003Xx0000004adAIAQ: full_name email whatsapp birthday address_line1 zipcode city",
        "contact 003Xx0000004adBIAQ: full_name email",
    ),
    "salesforce_outbound.event-created.xml": (
        "appointment 00UXx0000005evTMAQ: name start_time end_time contact_external_id",
    ),
    "salesforce_outbound.lead-created.xml": (
        "contact 00QXx0000002leDMAQ: full_name email whatsapp address_line1 zipcode city",
    ),
    "salesforce_outbound.opportunity-changed.xml": (
        "deal 006Xx0000003opPIAQ: name description contact_external_id",
    ),
    "salesforce_outbound.person-account-changed.xml": (
        "contact 003Xx0000004adAIAQ: full_name email whatsapp birthday address_line1 zipcode city",
    ),
}
"""Example webhook → what becomes of each of its items."""
SENDER = Sender(
    signers.path_secret,
    headers={"content-type": "text/xml; charset=utf-8", "soapaction": '""'},
)


def of_a_whole_day(item: dict[str, Any]) -> None:
    midnight = "2026-11-24T00:00:00.000Z"
    fields = {"IsAllDayEvent": "true", "StartDateTime": midnight, "EndDateTime": midnight}
    item["fields"] |= fields


WHOLE_DAYS = {
    "salesforce_outbound.event-created.xml": of_a_whole_day,
}
"""Example webhook of a timed appointment → what makes it one of the whole day."""

SECOND = 1_795_253_400_000_000
"""2026-11-21T09:30:00Z in microseconds."""


# ---------------------------------------------------------------- the message


def test_each_notification_is_an_item_under_its_own_id() -> None:
    body = envelope(notification(identifier="04l1"), notification(identifier="04l2"))
    found = connector.split(request(body), OPTIONS)
    assert [item.event_id for item in found] == ["04l1", "04l2"]
    assert json.loads(found[0].text) == {
        "object": "Contact",
        "id": CONTACT,
        "notification_id": "04l1",
        "organization_id": ORGANIZATION,
        "action_id": "04kXx0000000aCtIAI",
        "fields": {"Id": CONTACT, "Email": "a@example.com"},
    }


def test_a_notification_without_an_id_has_the_digest_of_its_item() -> None:
    (item,) = connector.split(request(envelope(notification(identifier=""))), OPTIONS)
    assert item.event_id == content_id(item.text)


def test_a_hundred_notifications_are_read_and_more_are_not() -> None:
    assert len(items(envelope(*[notification()] * 100))) == 100
    assert unreadable(envelope(*[notification()] * 101)) == "delivery.wrong_shape"


def test_the_session_id_does_not_travel() -> None:
    session = "<SessionId>00D!very.secret</SessionId>"
    (item,) = connector.split(request(envelope(session=session)), OPTIONS)
    assert "very.secret" not in item.text


def test_a_body_that_is_compressed_or_no_utf8_is_not_read() -> None:
    assert unreadable(envelope(), **{"content-encoding": "gzip"}) == "delivery.compressed"
    assert unreadable(envelope().encode() + b"\xff") == "delivery.not_utf8"
    assert len(connector.split(request(envelope().encode("utf-16")), OPTIONS)) == 1


def test_the_answer_is_the_acknowledgement_that_salesforce_waits_for() -> None:
    assert connector.REPLIES.content_type == "text/xml"
    outbound = "{http://soap.sforce.com/2005/09/outbound}"
    root = fromstring(connector.REPLIES.accepted or "")
    (ack,) = root.iterfind(f".//{outbound}notificationsResponse/{outbound}Ack")
    assert ack.text == "true"


# ---------------------------------------------------------------- what it means


@pytest.mark.parametrize(
    ("name", "record_type"),
    [
        ("Contact", "contact"),
        ("Lead", "contact"),
        ("Opportunity", "deal"),
        ("Event", "appointment"),
    ],
)
def test_four_objects_are_imported_as_full_records(name: str, record_type: str) -> None:
    change = connector.interpret(item(name), CONNECTION)
    assert (change.record_type, change.ignored, change.partial) == (record_type, None, False)
    assert change.record == item(name)["fields"]


@pytest.mark.parametrize("name", ["Account", "contact", "", None])
def test_other_objects_are_ignored(name: str | None) -> None:
    assert connector.interpret(item(name), CONNECTION).ignored == "entity"


@pytest.mark.parametrize(
    "content",
    ["", '<sObject xsi:nil="true"/>', f'<sObject xsi:type="sf:Contact" {SOBJECT}/>', "<sObject/>"],
)
def test_a_notification_without_data_is_of_a_deleted_record(content: str) -> None:
    (only,) = items(envelope(notification(content)))
    assert connector.interpret(only, CONNECTION).ignored == "deleted"


def test_a_record_without_any_selected_field_is_empty() -> None:
    (only,) = items(envelope(notification(record(""))))
    assert connector.interpret(only, CONNECTION).ignored == "empty"


@pytest.mark.parametrize("given", [7, None, [], {}, {"fields": 7}, {"fields": []}])
def test_an_item_without_fields_is_rejected(given: object) -> None:
    with pytest.raises(RejectedRow) as caught:
        connector.interpret(given, CONNECTION)
    assert caught.value.code == "row.not_an_object"


@pytest.mark.parametrize("identifier", [None, "", "003", ["003Xx0000004adA"], 3, "003Xx0000004ad/"])
def test_a_record_without_a_right_id_is_rejected(identifier: object) -> None:
    with pytest.raises(RejectedRow) as caught:
        connector.interpret(item(Id=identifier), CONNECTION)
    assert (caught.value.code, caught.value.field) == ("row.bad_value", "Id")


def test_the_version_is_the_stamp_of_the_last_change() -> None:
    stamped = item(
        SystemModstamp="2026-11-21T09:30:00.000Z", LastModifiedDate="2026-11-21T08:00:00.000Z"
    )
    assert connector.interpret(stamped, CONNECTION).version == SECOND
    modified = item(LastModifiedDate="2026-11-21T09:30:00.000Z")
    assert connector.interpret(modified, CONNECTION).version == SECOND
    assert connector.interpret(item(SystemModstamp="soon"), CONNECTION).version is None
    assert connector.interpret(item(), CONNECTION).version is None


def rows(name: str) -> list[dict[str, object]]:
    """What a file of events/ becomes by the default mapping."""
    found = []
    for one in connector.split(request(sample(f"salesforce_outbound.{name}.xml")), OPTIONS):
        change = connector.interpret(json.loads(one.text), CONNECTION)
        mapping = RecordMapping(CONNECTION.record_types[change.record_type or ""])
        found.append(mapping.columns(change.record).values)
    return found


def test_contacts_and_leads_become_contacts() -> None:
    assert rows("contacts-changed") == [
        {
            "external_id": CONTACT,
            "full_name": "Ada Example & Söhne",
            "email": "ada@example.com",
            "whatsapp": "+4915112345678",
            "birthday": "1985-12-10",
            "address_line1": "Beispielstrasse 1",
            "zipcode": "10115",
            "city": "Berlin",
        },
        {
            "external_id": "003Xx0000004adBIAQ",
            "full_name": "Grace Example",
            "email": "grace@example.com",
        },
    ]
    assert rows("lead-created") == [
        {
            "external_id": "00QXx0000002leDMAQ",
            "full_name": "Alan Example",
            "email": "alan@example.com",
            "whatsapp": "+12015550123",
            "address_line1": "1 Example Road",
            "zipcode": "EX1 2MP",
            "city": "Exampleton",
        }
    ]


ACCOUNT = "001Xx0000003DGbIAM"


def account(**more: object) -> Change:
    given = {"object": "Account", "fields": {"Id": ACCOUNT, "Name": "Ada Example", **more}}
    return connector.interpret(given, CONNECTION)


def columns(change: Change) -> dict[str, object]:
    mapping = RecordMapping(CONNECTION.record_types[change.record_type or ""])
    return mapping.columns(change.record).values


@pytest.mark.parametrize(
    "fields",
    [
        {"IsPersonAccount": "true", "PersonEmail": "ada@example.com"},
        {"IsPersonAccount": "1", "PersonEmail": "ada@example.com"},
        {"PersonEmail": "ada@example.com"},
        {"PersonEmail": None, "PersonMobilePhone": "+4915112345678"},
        {"IsPersonAccount": "true"},
        {"PersonContactId": CONTACT},
    ],
)
def test_a_person_account_is_a_contact(fields: dict[str, object]) -> None:
    change = account(**fields)
    assert (change.record_type, change.ignored) == ("contact", None)
    assert columns(change)["full_name"] == "Ada Example"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"Phone": "+4915112345678"},
        {"IsPersonAccount": "false", "PersonEmail": "ada@example.com"},
        {"PersonEmail": None, "PersonContactId": ""},
    ],
)
def test_another_account_is_ignored(fields: dict[str, object]) -> None:
    assert account(**fields).ignored == "entity"


def test_the_fields_of_a_person_account_also_have_the_names_of_a_contact() -> None:
    (row,) = rows("person-account-changed")
    (other,) = [one for one in rows("contacts-changed") if one["external_id"] == CONTACT]
    assert row == other | {"full_name": "Ada Example"}


def test_a_person_is_known_by_its_contact_or_else_by_its_account() -> None:
    known = {"IsPersonAccount": "true", "PersonContactId": CONTACT}
    assert columns(account(**known))["external_id"] == CONTACT
    assert columns(account(IsPersonAccount="true"))["external_id"] == ACCOUNT


def test_a_field_of_the_account_itself_is_not_replaced() -> None:
    change = account(IsPersonAccount="true", Phone="+493012345", PersonPhone="+493099999")
    assert isinstance(change.record, dict)
    assert change.record["Phone"] == "+493012345"


def test_opportunities_become_deals_and_events_appointments() -> None:
    assert rows("opportunity-changed") == [
        {
            "external_id": "006Xx0000003opPIAQ",
            "name": "Example Works, licences",
            "description": "Two hundred licences",
            "contact_external_id": CONTACT,
        }
    ]
    assert rows("event-created") == [
        {
            "external_id": "00UXx0000005evTMAQ",
            "name": "Call Ada",
            "start_time": "2026-11-24T09:30:00Z",
            "end_time": "2026-11-24T10:00:00Z",
            "contact_external_id": CONTACT,
        }
    ]


def test_an_event_of_a_whole_day_has_no_time() -> None:
    midnight = "2026-11-24T00:00:00.000Z"
    given = item("Event", IsAllDayEvent="true", StartDateTime=midnight, EndDateTime=midnight)
    mapping = RecordMapping(CONNECTION.record_types["appointment"])
    assert mapping.columns(given["fields"]).values == {
        "external_id": CONTACT,
        "start_time": None,
        "end_time": None,
    }


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({"organization_id": ORGANIZATION}, []),
        ({"organization_id": ORGANIZATION[:15], "auth": "path"}, []),
        ({"organization_id": ORGANIZATION, "auth": "organization"}, []),
        ({}, ["organization_id"]),
        ({"organization_id": "00D"}, ["organization_id"]),
        ({"organization_id": ORGANIZATION, "auth": "none"}, ["auth"]),
        ({"organization_id": ORGANIZATION, "header": "X"}, ["header"]),
    ],
)
def test_mistakes_in_the_options_are_named(options: dict[str, str], keys: list[str]) -> None:
    given = replace(CONNECTION, options=options)
    assert [key for key, _ in kind_mistakes(connector, given)] == keys
