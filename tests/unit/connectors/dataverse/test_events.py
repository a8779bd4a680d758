"""Dataverse: authentication, items, which changes are imported, and bodies that were cut."""

import json
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from import_relay.connectors.complete_connections import kind_mistakes
from import_relay.connectors.contract import Item, Request
from import_relay.connectors.dataverse import events as connector
from import_relay.connectors.shared.event_ids import content_id
from import_relay.domain.connections import Connection
from import_relay.domain.errors import RejectedRow, SignatureError, UnreadableDelivery
from tests.support import signers
from tests.support.sender import Sender
from tests.support.webhooks import NOW, request, with_headers
from tests.unit.connectors.dataverse.contexts import (
    CONNECTION,
    RECORD,
    change_of,
    context,
    interpret,
    pairs,
    refused,
)

EVENTS = {
    "dataverse.appointment-canceled.json": ("appointment …000003, partial: cancelled_at",),
    "dataverse.appointment-created.json": (
        "appointment …000003: name description start_time end_time contact_external_id",
    ),
    "dataverse.appointment-of-a-whole-day.json": (
        "appointment …000003: name description start_time end_time contact_external_id",
    ),
    "dataverse.contact-created.json": (
        "contact …000001: full_name email whatsapp address_line1 zipcode city",
    ),
    "dataverse.contact-deleted.json": ("ignored: deleted",),
    "dataverse.contact-too-large.json": ("rejected: row.incomplete",),
    "dataverse.contact-updated.json": ("contact …000001, partial: full_name email",),
    "dataverse.opportunity-updated.json": ("deal …000002: name description contact_external_id",),
}
"""Example webhook → what becomes of each of its items."""
SENDER = Sender(partial(signers.header, "x-relay-secret"), auth_header="x-relay-secret")


def of_a_whole_day(item: dict[str, Any]) -> None:
    target = item["context"]["InputParameters"][0]["value"]["Attributes"]
    times = {"scheduledstart": "/Date(1795474800000)/", "scheduledend": "/Date(1795561200000)/"}
    target[:] = [pair for pair in target if pair["key"] not in (*times, "isalldayevent")]
    target += [{"key": key, "value": value} for key, value in times.items()]
    target.append({"key": "isalldayevent", "value": True})


WHOLE_DAYS = {
    "dataverse.appointment-created.json": of_a_whole_day,
}
"""Example webhook of a timed appointment → what makes it one of the whole day."""

SECRET = "a secret, of any signs"  # invented
QUERY = {"auth": "query"}


def split(body: object, **headers: str) -> list[Item]:
    text = body if isinstance(body, str) else json.dumps(body)
    return connector.split(with_headers(request(text), **headers), {})


# ---------------------------------------------------------------- authentication


def refusal(given: Request, options: dict[str, str]) -> str:
    with pytest.raises(SignatureError) as caught:
        connector.verify(given, [SECRET], options, now=NOW)
    return caught.value.code


def with_query(query: str) -> Request:
    return replace(request(), query=query)


@pytest.mark.parametrize("options", [{}, {"header": "X-Other"}])
def test_a_header_authenticates_the_sender(options: dict[str, str]) -> None:
    name = options.get("header", "X-Relay-Secret").lower()
    connector.verify(request(headers={name: SECRET}), ["old", SECRET], options, now=NOW)
    assert refusal(request(), options) == "signature.missing"
    assert refusal(request(headers={name: "x"}), options) == "signature.mismatch"


def test_the_webhook_key_in_the_query_authenticates_the_sender() -> None:
    given = with_query("a=1&code=a%20secret%2C+of+any+signs")
    connector.verify(given, ["old", SECRET], QUERY, now=NOW)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "signature.missing"),
        ("code=", "signature.missing"),
        ("code=x", "signature.mismatch"),
        ("code=x&code=x", "signature.malformed"),
    ],
)
def test_any_other_query_is_refused(query: str, code: str) -> None:
    assert refusal(with_query(query), QUERY) == code


def test_only_the_configured_method_authenticates_the_sender() -> None:
    assert refusal(request(headers={"x-relay-secret": SECRET}), QUERY) == "signature.missing"
    assert refusal(with_query("code=a+secret%2C+of+any+signs"), {}) == "signature.missing"


# ---------------------------------------------------------------- items


def test_the_body_travels_as_it_was_received() -> None:
    body = '{"MessageName":"Update","PrimaryEntityName":"contact","n":9007199254740993,"m":1.10}'
    assert split(body) == [(content_id(body), f'{{"size_exceeded":false,"context":{body}}}')]


def test_the_header_of_a_body_that_was_cut_travels_with_it() -> None:
    (item,) = split(context(), x_ms_dynamics_msg_size_exceeded="true")
    assert json.loads(item.text)["size_exceeded"] is True


def test_the_asynchronous_operation_identifies_the_event() -> None:
    (item,) = split(context(OperationId="4af10637", CorrelationId="b374239d"))
    assert item.event_id == f"4af10637:{RECORD}:Update"


@pytest.mark.parametrize("operation", [None, "", "00000000-0000-0000-0000-000000000000", 7, "ä"])
def test_without_an_operation_the_digest_identifies_the_event(operation: object) -> None:
    body = json.dumps(context(OperationId=operation))
    assert split(body)[0].event_id == content_id(body)


@pytest.mark.parametrize(
    "body", ["7", "[]", "{}", '{"MessageName":"Update"}', '{"PrimaryEntityName":"contact"}']
)
def test_a_body_that_is_no_context_has_the_wrong_shape(body: str) -> None:
    with pytest.raises(UnreadableDelivery) as caught:
        split(body)
    assert caught.value.code == "delivery.wrong_shape"


# ---------------------------------------------------------------- which changes


@pytest.mark.parametrize(
    ("entity", "record_type"),
    [
        ("contact", "contact"),
        ("lead", "contact"),
        ("opportunity", "deal"),
        ("appointment", "appointment"),
    ],
)
def test_entities_become_record_types(entity: str, record_type: str) -> None:
    change = interpret(context({"a": 1}, PrimaryEntityName=entity))
    assert (change.record_type, change.ignored) == (record_type, None)
    assert change.record == {"a": 1, "id": RECORD, "entity": entity}


@pytest.mark.parametrize("entity", ["account", "Contact", None, ["contact"]])
def test_other_entities_are_ignored(entity: object) -> None:
    assert interpret(context(PrimaryEntityName=entity)).ignored == "entity"


@pytest.mark.parametrize(
    ("message", "ignored"),
    [
        ("Delete", "deleted"),
        ("Merge", "merged"),
        ("SetState", "action"),
        ("Assign", "action"),
        (None, "action"),
        (["Create"], "action"),
    ],
)
def test_other_messages_are_ignored(message: object, ignored: str) -> None:
    assert interpret(context(MessageName=message)).ignored == ignored


def test_a_deletion_is_ignored() -> None:
    assert change_of("dataverse.contact-deleted.json").ignored == "deleted"


def test_a_body_that_was_cut_is_incomplete() -> None:
    assert refused(context(), size_exceeded=True).code == "row.incomplete"
    assert refused(context(InputParameters=None)).code == "row.incomplete"
    with pytest.raises(RejectedRow) as caught:
        change_of("dataverse.contact-too-large.json")
    assert (caught.value.code, caught.value.field) == ("row.incomplete", "InputParameters")


@pytest.mark.parametrize(
    "given", [None, "", "x", 7, RECORD + "0", "00000000-0000-0000-0000-000000000000"]
)
def test_a_record_id_of_another_form_is_rejected(given: object) -> None:
    error = refused(context(PrimaryEntityId=given))
    assert (error.code, error.field) == ("row.bad_value", "PrimaryEntityId")


@pytest.mark.parametrize(
    "changes",
    [
        {"InputParameters": []},
        {"InputParameters": {}},
        {"InputParameters": [7]},
        {"InputParameters": [{"key": ["Target"], "value": {}}]},
        {"InputParameters": pairs(Target=[])},
        {"InputParameters": pairs(Target={"Attributes": {"a": 1}})},
        {"PostEntityImages": {"a": 1}},
    ],
)
def test_a_context_of_another_shape_is_rejected(changes: dict[str, object]) -> None:
    assert refused(context(**changes)).code in ("row.bad_value", "row.not_an_object")


@pytest.mark.parametrize("item", [7, [], None, {}, {"context": []}])
def test_an_item_that_is_no_context_is_rejected(item: object) -> None:
    with pytest.raises(RejectedRow):
        connector.interpret(item, CONNECTION)


# ---------------------------------------------------------------- version


@pytest.mark.parametrize(
    ("modified", "created", "version"),
    [
        ("/Date(1795253400000)/", "/Date(1795253999000)/", 1_795_253_400_000_000),
        (None, "/Date(1795253400000)/", 1_795_253_400_000_000),
        (None, "/Date(1795253400000+0000)/", 1_795_253_400_000_000),
        ("soon", "/Date(1795278600000-0700)/", 1_795_253_400_000_000),
        (None, "soon", None),
        (None, None, None),
    ],
)
def test_the_time_of_the_change_orders_the_changes(
    modified: object, created: object, version: int | None
) -> None:
    given = context({"modifiedon": modified}, OperationCreatedOn=created)
    assert interpret(given).version == version


def test_both_times_of_the_published_example_agree() -> None:
    """Modifiedon 1506384247000 and OperationCreatedOn 1506409448000-0700, a second later."""
    first = interpret(context({"modifiedon": "/Date(1506384247000)/"})).version
    second = interpret(context(OperationCreatedOn="/Date(1506409448000-0700)/")).version
    assert (first, second) == (1_506_384_247_000_000, 1_506_384_248_000_000)


# ---------------------------------------------------------------- options


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({}, []),
        ({"auth": "header", "header": "X-Key"}, []),
        (QUERY, []),
        ({"auth": "none"}, ["auth"]),
        ({"auth": "query", "header": "X-Key"}, ["header"]),
        ({"header": "X Key"}, ["header"]),
        ({"key": "x"}, ["key"]),
    ],
)
def test_mistakes_in_the_options_are_named(options: dict[str, str], keys: list[str]) -> None:
    given = Connection("dataverse", "dataverse", options)
    assert [key for key, _ in kind_mistakes(connector, given)] == keys
