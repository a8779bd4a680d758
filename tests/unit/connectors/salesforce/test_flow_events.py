"""Salesforce Flow callouts: how they differ from plain JSON, and what is the same."""

import json
from functools import partial

import pytest

from import_relay.connectors.complete_connections import kind_mistakes
from import_relay.connectors.salesforce import flow_events as connector
from import_relay.connectors.shared.event_ids import content_id
from import_relay.domain.connections import Connection, RecordType
from import_relay.domain.errors import RejectedRow, SignatureError, UnreadableDelivery
from tests.support import signers
from tests.support.sender import Sender
from tests.support.webhooks import NOW, basic, request, sample

EVENTS = {
    "salesforce_flow.contact-changed.json": (
        "contact 003Xx0000004adAIAQ: full_name email whatsapp",
    ),
    "salesforce_flow.contacts-together.json": (
        "contact 003Xx0000004adAIAQ: full_name email whatsapp",
        "contact 003Xx0000004adBIAQ: full_name email whatsapp",
    ),
}
"""Example webhook → what becomes of each of its items."""
SENDER = Sender(partial(signers.header, "x-relay-secret"), auth_header="x-relay-secret")

FLOW = Connection("flow", "salesforce_flow", {}, {"contact": RecordType("contact", {})})


@pytest.mark.parametrize(
    ("header", "options"),
    [("x-relay-secret", {}), ("authorization", {"header": "Authorization"})],
)
def test_the_header_of_the_named_credential_authenticates_the_sender(
    header: str, options: dict[str, str]
) -> None:
    connector.verify(request(b"{}", {header: "s3cret"}), ["old", "s3cret"], options, now=NOW)
    for headers in ({header: "other"}, {header: ""}, {"x-other": "s3cret"}):
        with pytest.raises(SignatureError):
            connector.verify(request(b"{}", headers), ["s3cret"], options, now=NOW)


def test_basic_is_not_supported_here() -> None:
    given = request(b"{}", {"authorization": basic("a:b")})
    with pytest.raises(SignatureError):
        connector.verify(given, ["a:b"], {"auth": "basic"}, now=NOW)


def test_one_record_and_a_collection_are_split_into_records() -> None:
    one = sample("salesforce_flow.contact-changed")
    (item,) = connector.split(request(one), {})
    assert item == (content_id(item.text), one.decode().strip())
    assert len(connector.split(request(sample("salesforce_flow.contacts-together")), {})) == 2


def test_a_field_that_the_flow_sends_can_be_the_event_id() -> None:
    (item,) = connector.split(request('{"event": "e1"}'), {"event_id": "event"})
    assert item.event_id == "e1"


def test_a_body_that_is_no_json_is_unreadable() -> None:
    with pytest.raises(UnreadableDelivery):
        connector.split(request("<a/>"), {})


def test_the_record_is_the_object_itself() -> None:
    record = json.loads(sample("salesforce_flow.contact-changed"))
    change = connector.interpret(record, FLOW)
    assert (change.record, change.record_type, change.version) == (record, None, None)
    with pytest.raises(RejectedRow):
        connector.interpret([], FLOW)


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({}, []),
        ({"header": "X-Key", "event_id": "meta.id"}, []),
        ({"auth": "basic"}, ["auth"]),
        ({"auth": "other"}, ["auth"]),
        ({"header": "X Key"}, ["header"]),
        ({"event_id": "meta..id"}, ["event_id"]),
        ({"organization_id": "a"}, ["organization_id"]),
    ],
)
def test_mistakes_in_the_options_are_named(options: dict[str, str], keys: list[str]) -> None:
    given = Connection("flow", "salesforce_flow", options, FLOW.record_types)
    assert sorted(key for key, _ in kind_mistakes(connector, given)) == keys


def test_several_record_types_need_a_condition_each() -> None:
    both = {name: RecordType(name, {}) for name in ("contact", "deal")}
    given = Connection("flow", "salesforce_flow", {}, both)
    assert {key for key, _ in kind_mistakes(connector, given)} == {"contact.when", "deal.when"}
