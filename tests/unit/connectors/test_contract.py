"""What holds for the senders of every kind, from the gateway's event to the answer and the store.

Each rule about authentication and bodies is tested over all kinds. The folder of a kind tests what
is particular to it; tests/fuzz tries arbitrary bodies and headers.
"""

import gzip
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from import_relay.connectors.complete_connections import kind_mistakes, with_defaults
from import_relay.connectors.contract import Request
from import_relay.connectors.kinds import connector_for, kinds
from import_relay.domain.errors import SignatureError
from import_relay.mapping.mapping_mistakes import mapping_mistakes
from tests.support.authentic import connection_of, requests_of, secrets_of, sender_of, with_body
from tests.support.receiver import hand_in, post
from tests.support.webhooks import NOW, ROOT, gateway_event, with_headers
from tests.unit.connectors.every_kind import ALL, EVERY_FILE, rows

OVER_HTTP = [kind for kind in ALL if sender_of(kind).transport == "http"]
BY_HEADER = [kind for kind in ALL if sender_of(kind).auth_header]
TIMED = [kind for kind in ALL if sender_of(kind).time]
COVERING = [kind for kind in ALL if sender_of(kind).covers_body]
REFUSALS = {"signature.missing", "signature.malformed", "signature.mismatch"}
A_LIST = frozenset({"standard_webhooks"})
"""Kinds whose header is a list of signatures by its scheme: one of them twice is as good."""


def first(kind: str) -> Request:
    """The first example of a kind, as an authentic request."""
    return next(iter(requests_of(kind).values()))


def refusal(kind: str, given: Request, *, now: float = NOW) -> str:
    """The code with which the connector refuses a request."""
    with pytest.raises(SignatureError) as caught:
        connector_for(kind).verify(given, secrets_of(kind), connection_of(kind).options, now=now)
    return caught.value.code


def test_every_kind_has_a_sender_with_example_webhooks() -> None:
    assert all(sender_of(kind) for kind in ALL)
    assert [kind for kind in ALL if not requests_of(kind)] == []


# ---------------------------------------------------------------- what is authentic


@pytest.mark.parametrize(("kind", "name"), EVERY_FILE)
def test_an_authentic_request_is_accepted_and_stored(kind: str, name: str) -> None:
    if kind not in OVER_HTTP:
        connector = connector_for(kind)
        connector.verify(requests_of(kind)[name], (), connection_of(kind).options, now=NOW)
        return
    answer = post(kind, requests_of(kind)[name], encoded=False)
    assert (answer.status, answer.code) == (200, "")
    assert answer.store.messages


@pytest.mark.parametrize("kind", OVER_HTTP)
def test_a_body_that_the_gateway_encoded_is_the_same(kind: str) -> None:
    given = first(kind)
    plain, encoded = post(kind, given, encoded=False), post(kind, given, encoded=True)
    assert plain.store.items() == encoded.store.items()
    assert (encoded.status, encoded.code) == (200, "")


@pytest.mark.parametrize("write", [str.upper, str.title, str.lower])
@pytest.mark.parametrize("kind", OVER_HTTP)
def test_header_names_may_be_in_any_case(kind: str, write: object) -> None:
    assert callable(write)
    event = gateway_event(first(kind), kind)
    event["headers"] = {write(name): value for name, value in event["headers"].items()}
    answer = hand_in(kind, event)
    assert (answer.status, answer.code) == (200, "")


# ---------------------------------------------------------------- what authenticates nobody


@pytest.mark.parametrize("kind", [kind for kind in ALL if sender_of(kind).needs_secret])
@pytest.mark.parametrize("secrets", [(), ("",), ("never-generated:" + "x" * 60,)])
def test_a_request_is_refused_if_no_secret_fits(kind: str, secrets: tuple[str, ...]) -> None:
    with pytest.raises(SignatureError) as caught:
        connector_for(kind).verify(first(kind), secrets, connection_of(kind).options, now=NOW)
    assert caught.value.code in {"signature.no_secret", "signature.mismatch"}


@pytest.mark.parametrize("kind", OVER_HTTP)
def test_a_request_without_authentication_is_refused_and_nothing_written(kind: str) -> None:
    bare = sender_of(kind).unauthenticated(first(kind))
    answer = post(kind, bare)
    assert answer.status == 401
    assert answer.code in REFUSALS
    assert answer.store.is_untouched


@pytest.mark.parametrize("kind", sorted(set(ALL) - set(OVER_HTTP)))
def test_a_kind_of_the_event_bus_takes_nothing_from_the_web(kind: str) -> None:
    answer = post(kind, replace(first(kind), transport="http", method="POST"))
    assert (answer.status, answer.code) == (401, "signature.wrong_transport")
    assert answer.store.is_untouched


def spoilt(value: str, how: str) -> str | None:
    """The value of the header that authenticates, spoilt."""
    return {
        "missing": None,
        "empty": "",
        "truncated": value[:-1],
        "in another case": value.swapcase(),
        "not ASCII": value + "\u00fc\u2603",
        "half a surrogate": value + "\ud800",
        "with NUL": value + "\x00",
        "twice": f"{value},{value}",
        "twice, joined with a space": f"{value}, {value}",
        "oversized": value + "A" * 100_000,
        "something else": "garbage",
        "signs": "=,=,t=,v1=,;:",
    }[how]


SPOILT = (
    *("missing", "empty", "truncated", "in another case", "not ASCII", "half a surrogate"),
    *("with NUL", "twice", "twice, joined with a space", "oversized", "something else", "signs"),
)


@pytest.mark.parametrize("how", SPOILT)
@pytest.mark.parametrize("kind", BY_HEADER)
def test_an_authentication_that_is_not_exactly_right_is_refused(kind: str, how: str) -> None:
    header = sender_of(kind).auth_header or ""
    given = with_headers(first(kind), **{header: spoilt(first(kind).headers[header], how)})
    if kind in A_LIST and how == "twice, joined with a space":
        assert post(kind, given).status == 200
        return
    code = refusal(kind, given)
    assert code in ({"signature.missing"} if how in ("missing", "empty") else REFUSALS)


@pytest.mark.parametrize("days", [-1, 1, 30_000])
@pytest.mark.parametrize("kind", TIMED)
def test_a_time_too_long_ago_or_too_far_ahead_is_refused(kind: str, days: int) -> None:
    assert refusal(kind, first(kind), now=NOW + days * 86_400) == "signature.expired"


@pytest.mark.parametrize("time", ["soon", "-1", "1e9", "1795253400.0", "\u0661", "9" * 400, "NaN"])
@pytest.mark.parametrize("kind", TIMED)
def test_a_time_that_is_no_number_is_refused(kind: str, time: str) -> None:
    header = sender_of(kind).time or ""
    value = first(kind).headers[header]
    signed = str(NOW * 1_000) if str(NOW * 1_000) in value else str(NOW)
    given = with_headers(first(kind), **{header: value.replace(signed, time)})
    assert refusal(kind, given) == "signature.malformed"


@pytest.mark.parametrize("where", [0, 0.5, 1])
@pytest.mark.parametrize("kind", COVERING)
def test_a_body_changed_by_one_byte_is_refused(kind: str, where: float) -> None:
    given = first(kind)
    body = bytearray(given.body)
    body[round(where * (len(body) - 1))] ^= 1
    assert refusal(kind, replace(given, body=bytes(body))) == "signature.mismatch"


# ---------------------------------------------------------------- what cannot be read


UNREADABLE = {
    "empty": b"",
    "spaces": b" \r\n\t",
    "not UTF-8": b'{"a":"\xff"}',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "not JSON": b'{"a":',
    "NaN": b'{"a":NaN}',
    "raw NUL": b'{"a":"\x00"}',
    "a text": b"hello",
    "gzip": gzip.compress(b'{"a":1}', mtime=0),
    "10,000 levels of arrays": b"[" * 10_000 + b"]" * 10_000,
    "10,000 levels of objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "a number": b"7",
    "null": b"null",
    "a list of numbers": b"[1,2,[3]]",
    "an object of nothing": b"{}",
    "another shape": b'{"event":7,"meta":[],"payload":null,"data":"x","events":{},"ids":1}',
    "XML": b"<a><b/></a>",
    "10,000 levels of XML": b"<a>" * 10_000 + b"</a>" * 10_000,
    "XML that is cut off": b"<a><b>",
    "XML with an entity": b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    "XML with an external entity": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hosts">]><a>&b;</a>',
    "an XML bomb": b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;&c;&c;&c;</a>',
    "a form with repeated keys": b"a=1&a=2&a[b]=3&a[b]=4&a[b][c]=5",
    "a form of nothing": b"&&&=&=%&%00=%ff",
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("kind", OVER_HTTP)
def test_a_body_that_is_not_what_the_kind_sends_becomes_no_row(kind: str, body: bytes) -> None:
    """It is quarantined, or its items are rejected or ignored; if the authentication was in the
    body, the request is refused.
    """
    answer = post(kind, with_body(kind, first(kind), body))
    if answer.status == 401:
        assert sender_of(kind).auth_header is None
        assert answer.code in REFUSALS
        assert answer.store.is_untouched
        return
    assert answer.status == (connector_for(kind).REPLIES.unreadable if answer.code else 200)
    if answer.code:
        assert answer.code.startswith("delivery.")
        assert not answer.store.messages
        assert [key for key in answer.store.objects if not key.startswith("quarantine/")] == []
    assert rows(kind, answer) == []


@pytest.mark.parametrize("encoding", ["gzip", "br", "GZIP"])
@pytest.mark.parametrize("kind", OVER_HTTP)
def test_a_compressed_body_waits_in_quarantine(kind: str, encoding: str) -> None:
    given = with_body(kind, first(kind), gzip.compress(first(kind).body, mtime=0))
    answer = post(kind, replace(given, headers={**given.headers, "content-encoding": encoding}))
    if answer.status == 401:
        assert sender_of(kind).auth_header is None
        assert answer.store.is_untouched
    else:
        status = connector_for(kind).REPLIES.unreadable
        assert (answer.status, answer.code) == (status, "delivery.compressed")


def test_only_the_kind_whose_senders_are_programmed_by_users_answers_with_a_4xx() -> None:
    """The CRMs would send the same body again for hours, or give the webhook up."""
    statuses = {kind: connector_for(kind).REPLIES.unreadable for kind in ALL}
    assert {kind: status for kind, status in statuses.items() if status != 200} == {"json": 400}


# ---------------------------------------------------------------- what is configured


@pytest.mark.parametrize("kind", ALL)
def test_the_example_connection_has_no_mistakes(kind: str) -> None:
    connection = with_defaults(connection_of(kind))
    assert list(kind_mistakes(connector_for(kind), connection)) == []
    assert list(mapping_mistakes(connection)) == []


@pytest.mark.parametrize("kind", [kind for kind in ALL if connector_for(kind).DEFAULTS])
def test_the_default_mapping_has_no_mistakes_without_any_configuration(kind: str) -> None:
    connection = with_defaults(replace(connection_of(kind), record_types={}))
    assert connection.record_types
    assert list(mapping_mistakes(connection)) == []


@pytest.mark.parametrize("kind", ALL)
def test_an_option_that_is_not_known_is_named(kind: str) -> None:
    connection = replace(connection_of(kind), options={"never_heard_of": "x"})
    assert "never_heard_of" in [key for key, _ in kind_mistakes(connector_for(kind), connection)]


OPTIONAL = ("cryptography", "httpx", "jmespath", "phonenumbers", "pydantic", "xml")
"""What no receiver imports unless its kind needs it: each costs time at the start."""
NEEDED_BY = {"salesforce_outbound": {"xml"}}
SHARED = {"salesforce_flow": {kinds()["json"]}}


@pytest.mark.parametrize("kind", ALL)
def test_a_kind_imports_nothing_that_only_another_kind_needs(kind: str) -> None:
    program = f"import sys, {kinds()[kind]}; print(*sys.modules)"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "layers/import_relay/python")}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert set(OPTIONAL) & loaded == NEEDED_BY.get(kind, set())
    others = {module for name, module in kinds().items() if name != kind}
    assert others & loaded == SHARED.get(kind, set())
