"""How items are packed into queue messages, within the limits of the queue."""

import json
from collections.abc import Sequence

import pytest

from import_relay.domain.models import Pointer
from import_relay.domain.queue_messages import (
    MAX_ITEMS_PER_MESSAGE,
    MAX_MESSAGE_B,
    Packed,
    pack,
    parse_message,
)
from tests.support.webhooks import NOW
from tests.unit.receive.receiving import DELIVERY, contents


def packed(items: Sequence[str]) -> Packed:
    return pack([(f"e{n}", text) for n, text in enumerate(items)], NOW, "erp", DELIVERY)


def test_items_are_spliced_in_as_they_were_received() -> None:
    raw = '{ "id":9007199254740993, "x":1e400, "a":1, "a":2, "t":"\\u0000\\ud800 ä\u2028" }'
    (message,) = packed([raw]).messages
    assert f'"item":{raw}}}]}}' in message


def test_characters_that_the_queue_refuses_are_escaped() -> None:
    (message,) = packed(['{"a":"\ufffe\uffff\\\\\ufffe"}']).messages
    assert "\ufffe" not in message
    assert "\uffff" not in message
    assert json.loads(message)["items"][0]["item"] == {"a": "\ufffe\uffff\\\ufffe"}


@pytest.mark.parametrize(
    ("count", "sizes"),
    [(1, [1]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])],
)
def test_a_message_holds_at_most_a_hundred_items(count: int, sizes: list[int]) -> None:
    messages = contents(packed(["{}"] * count).messages)
    assert [len(message["items"]) for message in messages] == sizes
    numbers = [item["n"] for message in messages for item in message["items"]]
    assert numbers == list(range(count))
    assert MAX_ITEMS_PER_MESSAGE == 100


@pytest.mark.parametrize("letter", ["x", "ä", "\u2603", "\U0001f600"])
@pytest.mark.parametrize("length", [1_000, 3_999, 40_000, 59_000])
def test_a_message_holds_at_most_its_bytes_of_utf8(letter: str, length: int) -> None:
    made = packed([f'"{letter * length}"'] * 90)
    assert not made.oversize
    assert len(made.messages) > 1 or length == 1_000
    for message in made.messages:
        assert len(message.encode()) <= MAX_MESSAGE_B
    assert sum(len(message["items"]) for message in contents(made.messages)) == 90


def test_a_message_is_filled_before_the_next_one_begins() -> None:
    made = packed([f'"{"x" * 59_000}"'] * 8)
    assert [len(message["items"]) for message in contents(made.messages)] == [4, 4]


def test_an_item_too_large_for_a_message_travels_as_a_pointer() -> None:
    large = '"' + "\U0001f600" * (MAX_MESSAGE_B // 4) + '"'
    made = packed(['{"a":1}', large, '{"a":2}'])
    key = f"oversize/{DELIVERY}/1.json"
    assert made.oversize == {key: large}
    (message,) = contents(made.messages)
    assert message["items"] == [
        {"n": 0, "event": "e0", "item": {"a": 1}},
        {"n": 1, "event": "e1", "at": key},
        {"n": 2, "event": "e2", "item": {"a": 2}},
    ]


def test_the_largest_item_of_a_message_and_the_next_byte() -> None:
    def texts(size: int) -> Packed:
        return packed(['"' + "x" * (size - 2) + '"'])

    size = next(size for size in range(MAX_MESSAGE_B, 0, -1) if not texts(size).oversize)
    assert size > MAX_MESSAGE_B - 200
    assert len(texts(size).messages[0].encode()) <= MAX_MESSAGE_B
    assert texts(size + 1).oversize


def test_a_packed_message_is_read_as_it_was_packed() -> None:
    large = '{"a":"' + "x" * MAX_MESSAGE_B + '"}'
    made = packed(['{"a":"\ufffe"}', large])
    message = parse_message("m1", made.messages[0])
    pointed = {Pointer(key): json.loads(text) for key, text in made.oversize.items()}
    assert (message.connection, message.delivery, message.received_at) == ("erp", DELIVERY, NOW)
    assert [one.event for one in message.occurrences] == ["e0", "e1"]
    assert [one.number for one in message.occurrences] == [0, 1]
    assert message.occurrences[0].item == {"a": "\ufffe"}
    assert pointed == {message.occurrences[1].item: json.loads(large)}
