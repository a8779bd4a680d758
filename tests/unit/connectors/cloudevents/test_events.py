"""CloudEvents: the three modes of the HTTP binding, and what an event becomes."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest
from cloudevents.core.bindings.http import HTTPMessage, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from import_relay.connectors.cloudevents import events as connector
from import_relay.connectors.complete_connections import kind_mistakes
from import_relay.connectors.contract import Change, Item, Request
from import_relay.connectors.shared.event_ids import short_id
from import_relay.domain.connections import Connection, RecordType
from import_relay.domain.errors import RejectedRow, UnreadableDelivery
from tests.support import signers
from tests.support.sender import Sender
from tests.support.webhooks import NOW, request

EVENTS = {
    "cloudevents.batch.json": (
        "contact 1002: full_name email whatsapp",
        "ignored: event_type",
        "contact 1004: full_name email",
    ),
    "cloudevents.binary.json": ("contact 1005: full_name email whatsapp",),
    "cloudevents.contact-updated.json": ("contact 1001: full_name email whatsapp",),
    "cloudevents.plain-json.json": ("contact 1006: full_name email whatsapp",),
}
"""Example webhook → what becomes of each of its items."""
STRUCTURED = {"content-type": "application/cloudevents+json; charset=utf-8"}
BATCHED = {"content-type": "application/cloudevents-batch+json"}
JSON = {"content-type": "application/json; charset=utf-8"}
MODES: Mapping[str, Mapping[str, str]] = {
    "cloudevents.batch.json": BATCHED,
    "cloudevents.binary.json": {
        "ce-specversion": "1.0",
        "ce-type": "com.example.contact.updated",
        "ce-source": "/crm/accounts/4711",
        "ce-id": "0005",
        "ce-time": "2026-11-21T09:30:00Z",
        "ce-subject": "contacts%2F1005",
    },
    "cloudevents.plain-json.json": JSON,
}
"""File → the headers of its mode of the HTTP binding; all other files are structured events."""
SENDER = Sender(
    signers.bearer,
    auth_header="authorization",
    headers_of=lambda name: MODES.get(name, STRUCTURED),
)

BINARY = {
    "content-type": "application/json",
    "ce-specversion": "1.0",
    "ce-type": "com.example.contact",
    "ce-source": "/crm",
    "ce-id": "e-1",
}
DATA = '{"id": 9007199254740993, "id": 1e400}'


def event(**changed: object) -> dict[str, object]:
    known = {"specversion": "1.0", "type": "com.example.contact", "source": "/crm", "id": "e-1"}
    return {**known, "data": {"id": "7"}, **changed}


def without(name: str) -> dict[str, object]:
    return {key: value for key, value in event().items() if key != name}


def connection(version: str | None = None, **options: str) -> Connection:
    contact = RecordType("contact", {}, version=version)
    return Connection("events", "cloudevents", options, {"contact": contact})


def split(body: str, headers: dict[str, str]) -> list[Item]:
    return connector.split(request(body, headers), {})


def interpret(item: object, given: Connection | None = None) -> Change:
    return connector.interpret(item, given or connection())


def sent(message: HTTPMessage) -> Request:
    return request(message.body, message.headers)


@pytest.mark.parametrize("write", [to_binary, to_structured])
def test_an_event_that_the_official_sdk_writes_is_read(
    write: Callable[[CloudEvent, JSONFormat], HTTPMessage],
) -> None:
    attributes = {
        "type": "com.example.contact",
        "source": "/crm/zürich",
        "id": 'a "quoted" 100 %',
        "subject": "Euro € 😀",
        "time": datetime(2026, 11, 21, 9, 30, tzinfo=UTC),
        "datacontenttype": "application/json",
        "comexampleextension": "1",
    }
    message = write(CloudEvent(attributes, {"id": "7"}), JSONFormat())
    (item,) = connector.split(sent(message), {})
    assert json.loads(item.text) == {
        **attributes,
        "specversion": "1.0",
        "time": "2026-11-21T09:30:00Z",
        "data": {"id": "7"},
    }
    assert item.event_id == short_id('/crm/zürich a "quoted" 100 %')


def test_bytes_that_the_official_sdk_writes_as_base64_are_the_data_they_hold() -> None:
    message = to_structured(
        CloudEvent({"type": "t", "source": "/s", "id": "1"}, b'{"id": "7"}'), JSONFormat()
    )
    (item,) = connector.split(sent(message), {})
    assert "data_base64" in item.text
    record = interpret(json.loads(item.text)).record
    assert isinstance(record, dict)
    assert record["data"] == {"id": "7"}


def refused(body: str, headers: dict[str, str]) -> str:
    with pytest.raises(UnreadableDelivery) as caught:
        split(body, headers)
    return caught.value.code


def test_a_structured_event_is_the_text_that_was_received() -> None:
    body = f' {{"specversion":"1.0", "type":"t","source":"/s","id":"1","data":{DATA}}}\n'
    assert split(body, STRUCTURED) == [("/s 1", body.strip())]


def test_the_data_of_a_binary_event_is_spliced_in_as_it_was_received() -> None:
    (item,) = split(f" {DATA} ", BINARY)
    assert item.text.endswith(f',"data":{DATA}}}')
    assert item.event_id == "/crm e-1"
    assert json.loads(item.text)["datacontenttype"] == "application/json"


def test_a_binary_event_may_have_no_data() -> None:
    (item,) = split("", {**BINARY, "ce-subject": "7"})
    assert "data" not in json.loads(item.text)


@pytest.mark.parametrize(
    "media_type", ["application/json; charset=utf-8", "text/json", "Application/vnd.crm+JSON"]
)
def test_every_json_media_type_is_read(media_type: str) -> None:
    assert len(split("{}", {**BINARY, "content-type": media_type})) == 1


def test_a_binary_event_without_a_media_type_is_taken_for_json() -> None:
    given = {name: value for name, value in BINARY.items() if name != "content-type"}
    assert len(split("{}", given)) == 1


@pytest.mark.parametrize("name", ["ce-data", "ce-datacontenttype", "ce-", "ce-UPPER", "ce-a_b"])
def test_headers_that_are_no_attribute_are_not_read(name: str) -> None:
    (item,) = split('{"x": 1}', {**BINARY, name: "spoilt"})
    assert "spoilt" not in item.text


def test_a_batch_is_split_into_its_events() -> None:
    first, second = json.dumps(event(id="1")), json.dumps(event(id="2"))
    assert split(f"[{first}, {second}]", BATCHED) == [("/crm 1", first), ("/crm 2", second)]
    assert split("[]", BATCHED) == []


def test_one_bad_event_of_a_batch_hurts_no_other() -> None:
    items = split(json.dumps([event(), 7, without("id")]), BATCHED)
    assert len(items) == 3
    for item in items[1:]:
        with pytest.raises(RejectedRow):
            interpret(json.loads(item.text))


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        ("{}", {"content-type": "application/json"}, "delivery.wrong_shape"),
        ("[]", STRUCTURED, "delivery.wrong_shape"),
        ("{}", BATCHED, "delivery.wrong_shape"),
        ("{", STRUCTURED, "delivery.not_json"),
        ("", STRUCTURED, "delivery.not_json"),
        ("<a/>", {**BINARY, "content-type": "application/xml"}, "delivery.not_json"),
        ("plain", {**BINARY, "content-type": "text/plain"}, "delivery.not_json"),
        ("{", BINARY, "delivery.not_json"),
        ("x", {"content-type": "application/cloudevents+avro"}, "delivery.not_json"),
        ("[]", {"content-type": "application/cloudevents-batch+protobuf"}, "delivery.not_json"),
        (json.dumps(event(specversion="0.3")), STRUCTURED, "delivery.wrong_shape"),
        ("{}", {**BINARY, "ce-specversion": "0.3"}, "delivery.wrong_shape"),
        ("[" * 10_000 + "]" * 10_000, BINARY, "delivery.too_deep"),
    ],
)
def test_a_body_that_is_no_event_is_unreadable(
    body: str, headers: dict[str, str], code: str
) -> None:
    assert refused(body, headers) == code


@pytest.mark.parametrize("name", ["specversion", "type", "source", "id"])
def test_each_attribute_that_the_specification_requires_is_needed(name: str) -> None:
    assert refused(json.dumps(without(name)), STRUCTURED) == "delivery.wrong_shape"
    assert refused(json.dumps(event(**{name: ""})), STRUCTURED) == "delivery.wrong_shape"
    headers = {key: value for key, value in BINARY.items() if key != f"ce-{name}"}
    assert refused("{}", headers) == "delivery.wrong_shape"
    with pytest.raises(RejectedRow):
        interpret(event(**{name: 7}))


def test_the_record_is_the_whole_event_and_its_time_the_version() -> None:
    given = event(time="2026-11-21T10:30:00+01:00")
    change = interpret(given)
    assert (change.record, change.record_type, change.partial) == (given, None, False)
    assert change.version == NOW * 1_000_000


def test_without_a_time_the_event_has_no_version() -> None:
    assert interpret(event()).version is None


@pytest.mark.parametrize("time", ["", "yesterday", True, [], "2026-13-01T00:00:00Z"])
def test_a_time_that_cannot_be_read_is_no_version(time: object) -> None:
    assert interpret(event(time=time)).version is None


def test_configured_types_are_ignored() -> None:
    given = connection(ignore_types="com.example.deleted com.example.contact")
    assert interpret(event(), given).ignored == "event_type"
    assert interpret(event(type="com.example"), given).ignored is None


@pytest.mark.parametrize("encoded", ["!", "eA==", "////", 7, "WyI=", "\u2603"])
def test_base64_that_holds_no_json_is_rejected(encoded: object) -> None:
    given = {**without("data"), "data_base64": encoded}
    with pytest.raises(RejectedRow) as caught:
        interpret(given)
    assert (caught.value.code, caught.value.field) == ("row.bad_value", "data_base64")


@pytest.mark.parametrize("item", [None, 7, "text", [], {}])
def test_an_item_that_is_no_event_is_rejected(item: object) -> None:
    with pytest.raises(RejectedRow):
        interpret(item)


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({}, []),
        ({"auth": "query", "ignore_types": "a b", "origins": "*"}, []),
        ({"auth": "header", "header": "X-Key"}, []),
        ({"auth": "none"}, ["auth"]),
        ({"header": "X-Key"}, ["header"]),
        ({"auth": "header", "header": "X Key"}, ["header"]),
        ({"secret": "b"}, ["secret"]),
    ],
)
def test_mistakes_in_the_options_are_named(options: dict[str, str], keys: list[str]) -> None:
    assert [key for key, _ in kind_mistakes(connector, connection(**options))] == keys


def test_several_record_types_need_conditions() -> None:
    types = {"contact": RecordType("contact", {}, when="a"), "deal": RecordType("deal", {})}
    given = Connection("events", "cloudevents", {}, types)
    assert [key for key, _ in kind_mistakes(connector, given)] == ["deal.when"]


def test_a_structured_event_may_come_as_plain_json() -> None:
    text = json.dumps(event())
    assert split(text, JSON) == split(text, STRUCTURED)


def test_a_batch_may_come_as_plain_json() -> None:
    text = json.dumps([event(id="1"), 7, event(id="2")])
    assert split(text, JSON) == split(text, BATCHED)


@pytest.mark.parametrize("body", ["{}", "[]", "[7]", '{"id": "7"}', json.dumps([without("id")])])
def test_plain_json_without_an_event_is_unreadable(body: str) -> None:
    assert refused(body, JSON) == "delivery.wrong_shape"


def test_with_headers_of_the_binary_mode_the_body_is_the_data() -> None:
    (item,) = split(json.dumps(event(id="inner")), BINARY)
    read = json.loads(item.text)
    assert (read["id"], read["data"]["id"]) == ("e-1", "inner")


@pytest.mark.parametrize(
    ("changed", "data"),
    [
        ({"data": '{"id": 9007199254740993}'}, {"id": 9007199254740993}),
        ({"data": '[{"id": "7"}]', "datacontenttype": "application/json"}, [{"id": "7"}]),
        ({"data": '{"id": "7"}', "datacontenttype": "application/vnd.x+json"}, {"id": "7"}),
        ({"data": '{"id": "7"}', "datacontenttype": "text/plain"}, '{"id": "7"}'),
        ({"data": "7"}, "7"),
        ({"data": "{"}, "{"),
        ({"data": ""}, ""),
        ({"data": "[" * 10_000}, "[" * 10_000),
    ],
)
def test_json_in_a_text_is_read_as_data_unless_its_media_type_is_another(
    changed: dict[str, object], data: object
) -> None:
    record = interpret(event(**changed)).record
    assert isinstance(record, dict)
    assert record["data"] == data
