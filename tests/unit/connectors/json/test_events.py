"""Plain JSON records: how they are protected and identified."""

import json
from collections.abc import Mapping
from functools import partial

import pytest

from import_relay.connectors.complete_connections import kind_mistakes
from import_relay.connectors.json import events as connector
from import_relay.connectors.shared.event_ids import content_id
from import_relay.domain.connections import Connection, RecordType
from import_relay.domain.errors import RejectedRow, SignatureError, UnreadableDelivery
from tests.support import signers
from tests.support.sender import Sender
from tests.support.webhooks import NOW, basic, request, sample

EVENTS = {
    "json.batch.json": (
        (
            "contact 10001: full_name email whatsapp birthday address_line1 zipcode"
            " city loyalty_level newsletter"
        ),
        (
            "contact 10002: full_name email whatsapp address_line1 zipcode city"
            " loyalty_level newsletter"
        ),
        "contact 9007199254740993: full_name email",
    ),
    "json.customer-changed.json": (
        (
            "contact 10001: full_name email whatsapp birthday address_line1 zipcode"
            " city loyalty_level newsletter"
        ),
    ),
    "json.enveloped.json": ("contact 10001: full_name email", "contact 10002: full_name email"),
    "json.line-feed-in-text.json": ("contact 10001: full_name",),
    "json.lines.ndjson": ("contact 10001: full_name email", "contact 10002: full_name email"),
    "json.utf-16.json": ("contact 10001: full_name",),
    "json.windows-1252.json": ("contact 10001: full_name",),
}
"""Example webhook → what becomes of each of its items."""
TYPES: Mapping[str, Mapping[str, str]] = {
    "json.lines.ndjson": {"content-type": "application/x-ndjson"},
    "json.windows-1252.json": {"content-type": "application/json; charset=windows-1252"},
}
SENDER = Sender(
    partial(signers.header, "x-relay-secret"),
    auth_header="x-relay-secret",
    headers_of=lambda name: TYPES.get(name, {}),
)


def verify(headers: dict[str, str], options: dict[str, str], secret: str) -> None:
    connector.verify(request(b"{}", headers), [secret], options, now=NOW)


@pytest.mark.parametrize(
    ("headers", "options", "secret"),
    [
        ({"x-relay-secret": "s3cret"}, {}, "s3cret"),
        ({"x-api-key": "s3cret"}, {"header": "X-API-Key"}, "s3cret"),
        ({"authorization": "Bearer s3cret"}, {"header": "Authorization"}, "Bearer s3cret"),
        ({"x-relay-secret": "s3cret"}, {"auth": "header"}, "s3cret"),
        ({"authorization": basic("erp:a:b")}, {"auth": "basic"}, "erp:a:b"),
    ],
)
def test_the_configured_authentication_is_accepted(
    headers: dict[str, str], options: dict[str, str], secret: str
) -> None:
    verify(headers, options, secret)


@pytest.mark.parametrize(
    ("headers", "options", "code"),
    [
        ({}, {}, "signature.missing"),
        ({"x-api-key": "s3cret"}, {}, "signature.missing"),
        ({"authorization": basic("erp:s3cret")}, {}, "signature.missing"),
        ({"x-relay-secret": "s3cret"}, {"auth": "basic"}, "signature.missing"),
        ({"x-relay-secret": "other"}, {}, "signature.mismatch"),
        ({"authorization": "s3cret"}, {"auth": "basic"}, "signature.malformed"),
        ({"authorization": basic("erp:other")}, {"auth": "basic"}, "signature.mismatch"),
    ],
)
def test_any_other_authentication_is_refused(
    headers: dict[str, str], options: dict[str, str], code: str
) -> None:
    with pytest.raises(SignatureError) as caught:
        verify(headers, options, "s3cret")
    assert caught.value.code == code


def ids(body: str, **options: str) -> list[str]:
    return [item.event_id for item in connector.split(request(body), options)]


def test_without_a_configured_id_the_digest_of_the_text_is_the_id() -> None:
    assert ids('[{"id": 1}, {"id":1}]') == [content_id('{"id": 1}'), content_id('{"id":1}')]


def test_a_configured_field_is_the_id() -> None:
    assert ids('[{"id":9007199254740993},{"id":"a"}]', event_id="id") == ["9007199254740993", "a"]
    assert ids('{"meta":{"event":"e1"}}', event_id="meta.event") == ["e1"]


@pytest.mark.parametrize("record", ['{"x":1}', '{"meta":7}', '{"meta":{"event":{}}}', "7", "[]"])
def test_a_record_without_the_configured_field_has_its_digest(record: str) -> None:
    assert ids(f"[{record}, {{}}]", event_id="meta.event")[0] == content_id(record)


@pytest.mark.parametrize("body", ["7", "null", "true", '"hello"', "[1, [2]]", '{"records": [7]}'])
def test_a_body_without_any_object_has_the_wrong_shape(body: str) -> None:
    with pytest.raises(UnreadableDelivery) as caught:
        connector.split(request(body), {})
    assert caught.value.code == "delivery.wrong_shape"


@pytest.mark.parametrize(
    "body", ['{"id":1}', '[{"id":1}]', ' {"records":[{"id":1}]}', '{"id":1}\n']
)
def test_json_that_was_written_twice_is_read(body: str) -> None:
    assert texts(json.dumps(body)) == ['{"id":1}']


def test_half_a_surrogate_pair_in_json_that_was_written_twice_is_refused() -> None:
    with pytest.raises(UnreadableDelivery) as caught:
        connector.split(request(r'"{\"id\":\"\ud800\"}"'), {})
    assert caught.value.code == "delivery.not_utf8"


def test_the_sample_batch_is_split_into_its_records() -> None:
    items = connector.split(request(sample("json.batch")), {})
    assert len(items) == 3
    assert '"customer_no": 9007199254740993,' in items[2].text


def texts(body: str, **options: str) -> list[str]:
    return [item.text for item in connector.split(request(body), options)]


ARRAY = '[{"id":1} , {"id":9007199254740993}]'
RECORDS = ['{"id":1}', '{"id":9007199254740993}']


@pytest.mark.parametrize(
    "body",
    [
        f'{{"data":{ARRAY}}}',
        f'{{"value":{ARRAY}}}',
        f'{{"@odata.context":"x","@odata.nextLink":"y","value":{ARRAY}}}',
        f'{{"data":{ARRAY},"meta":{{"page":1}},"links":{{}},"has_more":false}}',
        f' {{"success":true,"total_count":2,"data":{ARRAY}}} ',
    ],
)
def test_a_list_in_an_envelope_holds_the_records(body: str) -> None:
    assert texts(body) == RECORDS


@pytest.mark.parametrize(
    "body",
    [
        f'{{"id":7,"data":{ARRAY}}}',
        f'{{"event":"customer.changed","data":{ARRAY}}}',
        f'{{"data":{ARRAY},"value":7}}',
        '{"data":[1,2]}',
        '{"value":["a"],"count":1}',
        '{"data":{"id":1}}',
        '{"data":null}',
        '{"value":7}',
    ],
)
def test_an_object_that_may_be_a_record_itself_is_one(body: str) -> None:
    assert texts(body) == [body]


def test_an_envelope_without_records_has_no_items() -> None:
    assert texts('{"value":[],"@odata.count":0}') == []


@pytest.mark.parametrize(
    ("body", "place", "expected"),
    [
        (f'{{"result":{{"items":{ARRAY},"x":[1]}}}}', "result.items", RECORDS),
        (f'{{"id":7,"data":{ARRAY}}}', "data", RECORDS),
        (f'{{"customers":{ARRAY},"records":[]}}', "customers", RECORDS),
        (f'{{"data":{ARRAY}}}', "@", [f'{{"data":{ARRAY}}}']),
        (f'{{"records":{ARRAY}}}', "@", [f'{{"records":{ARRAY}}}']),
        (ARRAY, "@", RECORDS),
    ],
)
def test_a_configured_list_holds_the_records(body: str, place: str, expected: list[str]) -> None:
    assert texts(body, list=place) == expected


@pytest.mark.parametrize(
    "body", ["{}", '{"result":[]}', '{"result":{"items":7}}', '{"result":{"items":{}}}', "[]", "7"]
)
def test_a_configured_list_that_is_missing_is_named(body: str) -> None:
    with pytest.raises(UnreadableDelivery) as caught:
        texts(body, list="result.items")
    assert caught.value.code == "delivery.wrong_shape"
    assert "result.items" in caught.value.detail


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_the_error_says_that_the_body_is_a_form(content_type: str) -> None:
    with pytest.raises(UnreadableDelivery) as caught:
        connector.split(request("id=1&name=x", {"content-type": content_type}), {})
    assert caught.value.code == "delivery.not_json"
    assert "form" in caught.value.detail


def test_a_record_with_a_raw_line_feed_becomes_json_that_can_be_parsed() -> None:
    (text,) = texts('{"note": "first line\nsecond line"}')
    assert json.loads(text) == {"note": "first line\nsecond line"}


ERP = Connection("erp", "json", {}, {"contact": RecordType("contact", {})})


def test_the_record_is_the_object_itself() -> None:
    change = connector.interpret({"a": 1}, ERP)
    assert (change.record, change.record_type, change.version) == ({"a": 1}, None, None)


@pytest.mark.parametrize("item", [7, "text", None, [], True])
def test_an_element_that_is_no_object_is_rejected(item: object) -> None:
    with pytest.raises(RejectedRow) as caught:
        connector.interpret(item, ERP)
    assert caught.value.code == "row.not_an_object"


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({}, []),
        ({"auth": "header", "header": "X-Key", "event_id": "meta.id"}, []),
        ({"auth": "basic"}, []),
        ({"auth": "hmac"}, ["auth"]),
        ({"auth": "basic", "header": "X-Key"}, ["header"]),
        ({"header": "X Key"}, ["header"]),
        ({"header": ""}, ["header"]),
        ({"header": "X-Schlüssel"}, ["header"]),
        ({"event_id": ""}, ["event_id"]),
        ({"event_id": "meta..id"}, ["event_id"]),
        ({"list": "result.items"}, []),
        ({"list": "@"}, []),
        ({"list": "result."}, ["list"]),
        ({"list": ""}, ["list"]),
        ({"ignore_types": "a", "secret": "b"}, ["ignore_types", "secret"]),
    ],
)
def test_mistakes_in_the_options_are_named(options: dict[str, str], keys: list[str]) -> None:
    given = Connection("erp", "json", options, ERP.record_types)
    assert [key for key, _ in kind_mistakes(connector, given)] == keys
