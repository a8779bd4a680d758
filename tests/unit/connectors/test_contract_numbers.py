"""What holds for numbers and texts within the bodies of every kind."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress

import pytest

from import_relay.connectors.contract import Request
from import_relay.connectors.kinds import connector_for
from import_relay.domain.errors import UnreadableDelivery
from tests.support.authentic import connection_of, mapped, requests_of, with_body
from tests.unit.connectors.every_kind import EVERY_FILE
from tests.unit.test_event_files import EXPECTED

LEAF = re.compile(rb'("(?:[^"\\]|\\.)*"|[^\s,:{}\[\]"]+)(?=\s*[,}\]])')
"""A value of a JSON text that is neither a list nor an object; keys are followed by a colon."""
JSON_FILES = [
    (kind, name)
    for kind, name in EVERY_FILE
    if requests_of(kind)[name].body.lstrip()[:1] in (b"{", b"[")
]
JSON_KINDS = sorted({kind for kind, _ in JSON_FILES})


def with_each_value(kind: str, value: bytes) -> Iterator[Request]:
    """Every JSON request of a kind, each of its values replaced by this one in turn."""
    for name in (name for of, name in JSON_FILES if of == kind):
        given = requests_of(kind)[name]
        for found in LEAF.finditer(given.body):
            body = given.body[: found.start()] + value + given.body[found.end() :]
            yield with_body(kind, given, body)


def texts_of(kind: str, value: bytes) -> tuple[list[str], list[str]]:
    """The texts of all items and of all rows that become of `with_each_value`."""
    items: list[str] = []
    rows: list[str] = []
    for given in with_each_value(kind, value):
        with suppress(UnreadableDelivery):
            split = connector_for(kind).split(given, connection_of(kind).options)
            items += [item.text for item in split]
            found = mapped(kind, [json.loads(item.text) for item in split])
            rows += [change.text.decode() for change in found.changes]
    return items, rows


@pytest.mark.parametrize("kind", JSON_KINDS)
def test_a_number_beyond_2_to_the_53_is_exact_wherever_it_stands(kind: str) -> None:
    items, rows = texts_of(kind, b"9007199254740993")
    assert any("9007199254740993" in text for text in items)
    assert not any("9007199254740992" in text or "e+15" in text for text in (*items, *rows))


@pytest.mark.parametrize("value", [b"1e999999", b"-123e400"])
@pytest.mark.parametrize("kind", JSON_KINDS)
def test_a_number_with_a_huge_exponent_never_reaches_a_row(kind: str, value: bytes) -> None:
    _, rows = texts_of(kind, value)
    assert not any("Infinity" in text or "NaN" in text or "e999" in text for text in rows)


@pytest.mark.parametrize("value", [rb'"a\u0000b"', rb'"\ud800"'])
@pytest.mark.parametrize("kind", JSON_KINDS)
def test_a_text_that_cannot_be_stored_never_reaches_a_row(kind: str, value: bytes) -> None:
    _, rows = texts_of(kind, value)
    assert not any("\\u0000" in text or "\\ud800" in text for text in rows)


@pytest.mark.parametrize("value", [b'{"k":1,"k":2}', b"[[[[[[]]]]]]", b"true"])
@pytest.mark.parametrize("kind", JSON_KINDS)
def test_a_value_of_another_type_is_mapped_or_rejected(kind: str, value: bytes) -> None:
    items, _ = texts_of(kind, value)
    assert items


PHONE = re.compile(rb"(?:\+|%2B)49(?:[ +]?[0-9])+")
"""A phone number in an example; none is written in another way."""
WITH_PHONES = [
    (kind, name) for kind, name in EVERY_FILE if PHONE.search(requests_of(kind)[name].body)
]


@pytest.mark.parametrize("number", [b"+436641234567", b"+43 664 1234567", b"+43 (0) 664 1234567"])
@pytest.mark.parametrize(("kind", "name"), WITH_PHONES)
def test_a_phone_number_never_loses_its_plus(kind: str, name: str, number: bytes) -> None:
    """Without it an Austrian number would be another person's in Germany."""
    given = requests_of(kind)[name]
    request = with_body(kind, given, PHONE.sub(number, given.body))
    items = connector_for(kind).split(request, connection_of(kind).options)
    sent = {
        change.columns.get("whatsapp")
        for change in mapped(kind, [json.loads(item.text) for item in items]).changes
    }
    assert sent <= {None, "+436641234567"}
    assert sent != {None} or "whatsapp" not in str(EXPECTED[name])
