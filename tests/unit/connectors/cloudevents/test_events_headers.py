"""CloudEvents: how the headers of the binary mode are unquoted and decoded."""

import json
import time

import pytest

from import_relay.connectors.cloudevents import events as connector
from import_relay.domain.errors import UnreadableDelivery
from tests.support.webhooks import request
from tests.unit.connectors.cloudevents.test_events import BINARY


def test_the_example_of_the_specification_for_header_values_is_decoded() -> None:
    """HTTP binding 1.0.2, section 3.1.3.2."""
    encoded = "Euro%20%E2%82%AC%20%F0%9F%98%80"
    (item,) = connector.split(request("{}", {**BINARY, "ce-subject": encoded}), {})
    assert json.loads(item.text)["subject"] == "Euro € 😀"


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("plain", "plain"),
        ("%e2%82%ac", "€"),
        ("%2525", "%25"),
        ('"a b"', "a b"),
        ('"a \\"b\\" \\\\ %20"', 'a "b" \\  '),
        ("%zz 100%", "%zz 100%"),
        ("unnecessar%69ly", "unnecessarily"),
    ],
)
def test_a_header_is_unquoted_and_its_percents_decoded_once(value: str, meant: str) -> None:
    (item,) = connector.split(request("{}", {**BINARY, "ce-subject": value}), {})
    assert json.loads(item.text)["subject"] == meant


@pytest.mark.parametrize("value", ["%C0%A0", "%ff", "%ED%A0%80"])
def test_percents_that_are_no_utf8_are_refused(value: str) -> None:
    with pytest.raises(UnreadableDelivery) as caught:
        connector.split(request("{}", {**BINARY, "ce-subject": value}), {})

    assert caught.value.code == "delivery.wrong_shape"


@pytest.mark.parametrize("part", ['"\\"', '"', '"a\\', '\\"', '"\\\\'])
def test_no_header_takes_long_to_unquote(part: str) -> None:
    value = part * (300_000 // len(part))
    before = time.process_time()

    connector.split(request(b"", BINARY | {"ce-note": value}), {})

    assert time.process_time() - before < 5  # some ms; hours if the time grew with the square


def test_a_quote_that_nothing_closes_stays_as_it_is() -> None:
    (item,) = connector.split(request(b"", BINARY | {"ce-note": 'x "a b" "c'}), {})

    assert json.loads(item.text)["note"] == 'x a b "c'
