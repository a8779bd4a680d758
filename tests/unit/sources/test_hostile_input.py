"""Whatever is sent: a source raises its documented errors and no other, and changes nothing."""

import json
from base64 import b64encode
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from import_relay.connections import KINDS, Connection, RecordType
from import_relay.errors import RejectedRow, SignatureError, UnreadableDelivery
from import_relay.sources import source_for
from tests.support.webhooks import NOW, basic, request

SECRETS = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "user:password", ""]
HEADERS = (
    "authorization",
    "content-encoding",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
    "x-relay-secret",
)
OPTIONS: Mapping[str, Mapping[str, str]] = {
    "json": {"event_id": "meta.id"},
    "pipedrive": {},
    "standard_webhooks": {"ignore_types": "contact.deleted"},
}
EXAMPLES = 150

any_text = st.text(st.characters(exclude_categories=()), max_size=40)
values = st.one_of(
    any_text,
    st.sampled_from([str(NOW), "v1,AAAA", "v1,A v1a,B", basic("user:password"), SECRETS[0]]),
    st.binary(max_size=20).map(lambda raw: f"Basic {b64encode(raw).decode()}"),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["meta", "data", "entity", "action", "id", "records", "type"])
            | any_text,
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)
events = st.fixed_dictionaries(
    {},
    optional={
        "meta": st.dictionaries(
            st.sampled_from(["entity", "action", "id", "timestamp", "entity_id"]),
            st.sampled_from(["person", "change", "deal", "create", "2026-11-21"]) | json_values,
        ),
        "data": json_values,
        "type": json_values,
        "records": json_values,
    },
)
texts = (json_values | events).map(json.dumps)
bodies = st.one_of(
    st.binary(max_size=200),
    texts.map(str.encode),
    st.tuples(texts, st.integers(0, 200)).map(lambda pair: pair[0][: pair[1]].encode()),
    st.integers(1, 20_000).map(lambda levels: b"[" * levels + b"]" * (levels // 2 * 2)),
)


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None)
@given(headers=st.dictionaries(st.sampled_from(HEADERS), values), body=bodies)
def test_a_forged_request_is_refused_with_a_signature_error(
    kind: str, headers: dict[str, str], body: bytes
) -> None:
    source = source_for(kind)
    secret = "never-generated:" + "x" * 60
    for options in (OPTIONS[kind], {"auth": "basic"}):
        with pytest.raises(SignatureError):
            source.verify(request(body, headers), [secret], options, now=NOW)
        with pytest.raises(SignatureError):
            source.verify(request(body, headers), [], options, now=NOW)


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None)
@given(headers=st.dictionaries(st.sampled_from(HEADERS), values), body=bodies)
def test_a_body_is_split_into_what_submission_can_parse_or_is_unreadable(
    kind: str, headers: dict[str, str], body: bytes
) -> None:
    source = source_for(kind)
    try:
        items = source.split(request(body, headers), OPTIONS[kind])
    except UnreadableDelivery:
        return
    for item in items:
        assert item.text in body.decode("utf-8-sig")
        json.loads(item.text)
        assert item.event_id.isascii()
        assert 0 < len(item.event_id) <= 200


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None)
@given(item=json_values | events)
def test_an_item_is_interpreted_or_rejected(kind: str, item: object) -> None:
    connection = Connection("x", kind, OPTIONS[kind], {"contact": RecordType("contact", {})})
    try:
        change = source_for(kind).interpret(item, connection)
    except RejectedRow:
        return
    assert change.record is item
    assert change.ignored is None or change.ignored.isidentifier()


def test_the_kinds_under_test_are_all_kinds() -> None:
    assert OPTIONS.keys() == KINDS.keys()
