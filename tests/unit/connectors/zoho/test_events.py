"""Zoho: one item for each id, none with the token of the body, and partial records."""

import json
from functools import partial
from typing import Any

import pytest

from import_relay.connectors.complete_connections import kind_mistakes, with_defaults
from import_relay.connectors.contract import Change, Item, RecordLookup
from import_relay.connectors.zoho import events as connector
from import_relay.domain.connections import Connection
from import_relay.domain.errors import RejectedRow
from import_relay.mapping.record_mapping import RecordMapping
from tests.support import signers
from tests.support.sender import Sender
from tests.support.webhooks import NOW, request, sample
from tests.unit.connectors.zoho.notifications import TOKEN, notification

EVENTS = {
    "zoho.appointment-updated.json": (
        (
            "appointment 5525000000490001, partial: name description start_time"
            " end_time contact_external_id"
        ),
    ),
    "zoho.contact-deleted.json": ("ignored: deleted",),
    "zoho.contact-updated.json": (
        "contact 5525000000460001, partial: full_name email whatsapp city",
    ),
    "zoho.contacts-created.json": ("rejected: row.token_missing", "rejected: row.token_missing"),
    "zoho.deal-updated.json": ("deal 5525000000470001, partial: name contact_external_id",),
    "zoho.lead-updated.json": ("contact 5525000000460012, partial: email city",),
    "zoho.meeting-of-a-whole-day.json": (
        "appointment 5525000000480001, partial: name start_time end_time contact_external_id",
    ),
    "zoho.meeting-updated.json": (
        "appointment 5525000000480001, partial: name start_time end_time contact_external_id",
    ),
}
"""Example webhook → what becomes of each of its items."""
SENDER = Sender(
    partial(signers.body_token, "token"),
    spoil=lambda body: body.replace(b'"token"', b'"nothing"'),
)


def of_a_whole_day(item: dict[str, Any]) -> None:
    item["values"] |= {
        "All_day": True,
        "Start_DateTime": "2026-11-24T00:00:00+01:00",
        "End_DateTime": "2026-11-24T23:59:59+01:00",
    }


WHOLE_DAYS = {
    "zoho.meeting-updated.json": of_a_whole_day,
}
"""Example webhook of a timed appointment → what makes it one of the whole day."""

CONNECTION = with_defaults(Connection("zoho", "zoho"))
ADDRESSES = {"api_url": "https://www.zohoapis.eu", "accounts_url": "https://accounts.zoho.eu"}


def split(body: object) -> list[Item]:
    return connector.split(request(body if isinstance(body, str) else json.dumps(body)), {})


def item(**changes: object) -> dict[str, object]:
    known = {"module": "Contacts", "operation": "update", "server_time": NOW * 1000, "id": "1001"}
    return {**known, **changes}


def interpret(given: object, connection: Connection = CONNECTION) -> Change:
    return connector.interpret(given, connection)


def rows(name: str) -> list[dict[str, object]]:
    found = []
    for one in connector.split(request(sample(name)), {}):
        change = interpret(json.loads(one.text))
        assert change.record_type is not None
        mapping = RecordMapping(CONNECTION.record_types[change.record_type])
        found.append(mapping.columns(change.record, partial=change.partial).values)
    return found


# ---------------------------------------------------------------- items


def test_each_id_is_an_item_and_none_holds_the_token() -> None:
    body = notification(
        ids=["1001", "1002"],
        affected_values=[{"record_id": "1002", "values": {"Email": "b@example.com"}}],
    )
    texts = [one.text for one in split(body)]
    shared = {key: body[key] for key in ("module", "operation", "server_time", "channel_id")}
    assert [json.loads(text) for text in texts] == [
        {**shared, "id": "1001"},
        {**shared, "id": "1002", "values": {"Email": "b@example.com"}},
    ]
    assert TOKEN not in "".join(texts)


def test_numbers_and_escapes_stay_as_they_were_sent() -> None:
    body = (
        '{"module":"Deals","operation":"update","server_time":1795253400482,"ids":["1"],'
        '"affected_values":[{"record_id":"1","values":{"a":9007199254740993,"b":1.10,"c":"\\u00e4"}}]}'
    )
    assert '"values":{"a":9007199254740993,"b":1.10,"c":"\\u00e4"}' in split(body)[0].text


def test_different_changes_have_different_event_ids_and_repetitions_the_same() -> None:
    def identify(**changes: object) -> str:
        return split(notification(**changes))[0].event_id

    values = [{"record_id": "1001", "values": {"Email": "a@example.com"}}]
    assert identify() == identify(query_params={"retry": 1})
    others = [
        identify(server_time=NOW * 1000 + 1),
        identify(operation="delete"),
        identify(ids=["1002"]),
        identify(channel_id="56"),
        identify(affected_values=values),
    ]
    assert len({identify(), *others}) == 6


@pytest.mark.parametrize("ids", [None, "1001", {}, 7])
def test_a_body_without_ids_is_rejected_without_its_token(ids: object) -> None:
    (only,) = split(notification(ids=ids))
    assert "token" not in json.loads(only.text)
    with pytest.raises(RejectedRow) as caught:
        interpret(json.loads(only.text))
    assert (caught.value.code, caught.value.field) == ("row.bad_value", "id")


def test_a_body_with_no_id_at_all_is_empty() -> None:
    (only,) = split(notification(ids=[]))
    assert interpret(json.loads(only.text)).ignored == "empty"


@pytest.mark.parametrize("values", ["text", [7], [{"record_id": "1001"}], [{"values": {"a": 1}}]])
def test_values_that_belong_to_no_id_are_left_out(values: object) -> None:
    (only,) = split(notification(affected_values=values))
    assert "values" not in json.loads(only.text)


# ---------------------------------------------------------------- changes


@pytest.mark.parametrize(
    ("module", "record_type", "name_in_api"),
    [
        ("Contacts", "contact", "Contacts"),
        ("Leads", "contact", "Leads"),
        ("Deals", "deal", "Deals"),
        ("Events", "appointment", "Events"),
        ("Meetings", "appointment", "Events"),
        ("Appointments", "appointment", "Appointments__s"),
        ("Appointments__s", "appointment", "Appointments__s"),
    ],
)
def test_modules_become_record_types_and_are_fetched_by_their_api_names(
    module: str, record_type: str, name_in_api: str
) -> None:
    change = interpret(item(module=module))
    assert (change.record_type, change.ignored) == (record_type, None)
    assert change.lookup == RecordLookup(name_in_api, "1001")


@pytest.mark.parametrize("module", ["Accounts", "Tasks", "contacts", None, ["Contacts"]])
def test_other_modules_are_ignored(module: object) -> None:
    assert interpret(item(module=module)).ignored == "entity"


@pytest.mark.parametrize(
    ("operation", "ignored"),
    [("delete", "deleted"), ("merge", "action"), ("UPDATE", "action"), (None, "action")],
)
def test_deletions_and_unknown_operations_are_ignored(operation: object, ignored: str) -> None:
    change = interpret(item(operation=operation))
    assert (change.ignored, change.lookup) == (ignored, None)


@pytest.mark.parametrize("values", [None, {}, [], "text"])
def test_a_notification_without_values_says_nothing_of_the_record(values: object) -> None:
    change = interpret(item(values=values))
    assert (change.record, change.partial) == (None, False)
    assert change.lookup == RecordLookup("Contacts", "1001")


def test_changed_values_are_a_partial_record() -> None:
    change = interpret(item(values={"Email": "a@example.com", "Phone": None}))
    assert change.record == {"id": "1001", "Email": "a@example.com", "Phone": None}
    assert change.partial
    assert change.lookup == RecordLookup("Contacts", "1001", always=False)


@pytest.mark.parametrize("operation", ["insert", "create"])
def test_a_new_record_is_fetched_even_if_values_came_with_it(operation: str) -> None:
    change = interpret(item(operation=operation, values={"Email": "a@example.com"}))
    assert change.lookup == RecordLookup("Contacts", "1001", always=True)


def test_a_leads_field_sets_the_column_that_it_shares_with_contacts() -> None:
    record = interpret(item(module="Leads", values={"City": "Hamburg"})).record
    assert record == {"id": "1001", "City": "Hamburg", "Mailing_City": None}
    mapping = RecordMapping(CONNECTION.record_types["contact"])
    assert mapping.columns(record, partial=True).values["city"] == "Hamburg"
    assert mapping.cut_columns(record) == ()


@pytest.mark.parametrize("given", [1001, "1001"])
def test_an_id_is_a_number_or_its_text(given: object) -> None:
    assert interpret(item(id=given)).lookup == RecordLookup("Contacts", "1001")


@pytest.mark.parametrize("given", ["", "1,2", "1/2", "a", "1" * 31, 10**40, -1, True, None, {}])
def test_an_id_that_could_spoil_a_call_is_rejected(given: object) -> None:
    with pytest.raises(RejectedRow) as caught:
        interpret(item(id=given))
    assert caught.value.code == "row.bad_value"


@pytest.mark.parametrize("given", [7, [], None, "text"])
def test_an_item_that_is_no_object_is_rejected(given: object) -> None:
    with pytest.raises(RejectedRow):
        interpret(given)


@pytest.mark.parametrize(
    ("server_time", "version"),
    [
        (1_795_253_400_482, 1_795_253_400_482_000),
        ("1795253400482", 1_795_253_400_482_000),
        (None, None),
        ("soon", None),
    ],
)
def test_zohos_time_orders_the_changes(server_time: object, version: int | None) -> None:
    assert interpret(item(server_time=server_time)).version == version


# ---------------------------------------------------------------- default mapping


def test_a_contact_is_mapped() -> None:
    assert rows("zoho.contact-updated.json") == [
        {
            "external_id": "5525000000460001",
            "full_name": "Ada Example",
            "email": "ada@example.com",
            "whatsapp": "+4915112345678",
            "city": "Berlin",
        }
    ]


def test_a_lead_is_a_contact() -> None:
    assert rows("zoho.lead-updated.json") == [
        {"external_id": "5525000000460012", "email": "grace@example.com", "city": "Hamburg"}
    ]


def test_a_deal_is_mapped() -> None:
    assert rows("zoho.deal-updated.json") == [
        {
            "external_id": "5525000000470001",
            "name": "Solar roof",
            "contact_external_id": "5525000000460001",
        }
    ]


def test_a_meeting_is_an_appointment() -> None:
    assert rows("zoho.meeting-updated.json") == [
        {
            "external_id": "5525000000480001",
            "name": "First talk",
            "start_time": "2026-11-24T10:30:00+01:00",
            "end_time": "2026-11-24T11:00:00+01:00",
            "contact_external_id": "5525000000460001",
        }
    ]


def test_an_appointment_is_mapped_by_its_own_names() -> None:
    record = {
        "id": "9",
        "Appointment_Name": "Check",
        "Appointment_Start_Time": "2026-11-24T10:30:00+01:00",
        "Appointment_For": {"id": "1001", "name": "Ada Example"},
    }
    mapping = RecordMapping(CONNECTION.record_types["appointment"])
    assert mapping.columns(record).values == {
        "external_id": "9",
        "name": "Check",
        "start_time": "2026-11-24T10:30:00+01:00",
        "contact_external_id": "1001",
    }


# ---------------------------------------------------------------- options


def mistakes(options: dict[str, str]) -> list[str]:
    return [key for key, _ in kind_mistakes(connector, Connection("zoho", "zoho", options))]


def test_both_addresses_are_given_or_none() -> None:
    assert mistakes({}) == []
    assert mistakes(ADDRESSES) == []
    assert mistakes({"api_url": ADDRESSES["api_url"]}) == ["accounts_url"]
    assert mistakes({"accounts_url": ADDRESSES["accounts_url"]}) == ["api_url"]


@pytest.mark.parametrize(
    "url",
    ["http://www.zohoapis.eu", "www.zohoapis.eu", "https://www.zohoapis.eu/crm", "https://", ""],
)
def test_an_address_is_https_and_has_no_path(url: str) -> None:
    assert mistakes({**ADDRESSES, "api_url": url}) == ["api_url"]


def test_unknown_options_are_mistakes() -> None:
    assert mistakes({"region": "eu"}) == ["region"]
