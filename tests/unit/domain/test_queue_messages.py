"""The queue message: how it is read, and how items are requeued and repeated."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from import_relay.domain.files import file_delivery
from import_relay.domain.lanes import Lane
from import_relay.domain.models import Occurrence, Pointer
from import_relay.domain.queue_messages import (
    LONG_AGO_S,
    MAX_DELAY_S,
    MAX_ITEM_B,
    MAX_ITEMS_PER_MESSAGE,
    MAX_MESSAGE_B,
    QueueMessage,
    items_body,
    lane_of_body,
    parse_message,
    repeat_bodies,
    requeue_delay_s,
    requeued_body,
)
from tests.support.builders import message

MAX_SQS_MESSAGE_B = 1_048_576
POINTER = {"n": 1, "event": "big", "at": "oversize/d1/1.json"}


def read(body: str) -> QueueMessage:
    return parse_message("m1", body)


def with_item(item: object, body: str | None = None) -> str:
    content = json.loads(body or message([{"id": 1}]))
    content["items"].append(item)
    return json.dumps(content)


def frozen_occurrence(n: int = 0, **changed: Any) -> Occurrence:
    """An occurrence as it is read from a frozen import: no message has it any more."""
    return Occurrence("", "erp", "d1", n, f"e{n}", 7, 0, {"id": n})._replace(**changed)


# reading


def test_a_message_is_read_item_by_item() -> None:
    read_message = read(
        message([{"id": 1}, [2]], delivery="d7", requeues=3, received_at=5, events=["a", "b"])
    )

    assert (read_message.delivery, read_message.requeues) == ("d7", 3)
    assert [one.item for one in read_message.occurrences] == [{"id": 1}, [2]]
    assert [one.event for one in read_message.occurrences] == ["a", "b"]
    assert [one.item_id for one in read_message.occurrences] == ["d7/0", "d7/1"]
    assert {one.received_at for one in read_message.occurrences} == {5}
    assert {one.message_id for one in read_message.occurrences} == {"m1"}


@pytest.mark.parametrize(
    "text",
    [
        r'"half a pair: \ud800"',
        r'"\u0000 \/ \ud83d\ude00 \u2028"',
        '"\x7f \u2028 \U0001f600"',
        "[" * 300 + "]" * 300,
        "[1180591620717411303424, -0, -0.0, 1.5, 1e16, 1e300, 1e999, NaN, -Infinity]",
        '{"a": 1, "b": [true, false, null], "a": 2}',
    ],
)
def test_an_item_is_read_as_the_standard_library_reads_it(text: str) -> None:
    body = message([7]).replace('"item": 7', f'"item": {text}')

    assert repr(read(body).occurrences[0].item) == repr(json.loads(text))


def test_a_retried_item_has_an_id_of_its_own() -> None:
    body = with_item({"n": 1, "event": "e", "item": {}, "attempt": 2})

    assert read(body).occurrences[1].item_id == "d1/1~2"


def test_an_item_that_was_stored_apart_is_not_loaded_yet() -> None:
    assert read(with_item(POINTER)).occurrences[1].item == Pointer("oversize/d1/1.json")


def test_an_item_that_is_null_is_an_item_and_no_pointer() -> None:
    assert read(with_item({"n": 1, "event": "e", "item": None})).occurrences[1].item is None


@pytest.mark.parametrize(
    "body",
    [
        "",
        "garbage",
        "null",
        "[]",
        "7",
        "{}",
        '{"format": 2}',
        '{"format": 1}',
        message([{}]).replace('"items"', '"things"'),
        message([{}]).replace('"event"', '"name"'),
        message([{}]).replace('"requeues"', '"postponed"'),
    ],
)
def test_a_message_of_another_program_is_an_error_that_submission_knows(body: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        read(body)


# requeueing


def test_one_item_of_a_message_can_have_a_message_of_its_own() -> None:
    body = with_item(POINTER, message([{"id": 0}], requeues=4))

    apart = read(items_body(read(body), body, ["d1/1"]))

    assert [one.item_id for one in apart.occurrences] == ["d1/1"]
    assert apart.occurrences[0].item == Pointer("oversize/d1/1.json")
    assert apart.requeues == 4


def test_only_the_given_items_are_requeued_and_the_requeue_is_counted() -> None:
    body = message([{"id": 0}, {"id": 1}, {"id": 2}], requeues=4)

    again = read(requeued_body(read(body), body, ["d1/2", "d1/0", "other/1"]))

    assert [one.item_id for one in again.occurrences] == ["d1/0", "d1/2"]
    assert [one.item for one in again.occurrences] == [{"id": 0}, {"id": 2}]
    assert again.requeues == 5


def test_a_requeue_keeps_everything_else() -> None:
    body = message([{"id": 1}], delivery="d9", connection="crm", received_at=42)
    before = read(body)

    after = read(requeued_body(before, body, ["d9/0"]))

    assert after.occurrences == before.occurrences
    assert after.delivery == before.delivery


def test_a_requeue_keeps_that_sqs_delivered_the_items_again_and_a_redrive_ends_it() -> None:
    body = message([{"id": 1}], delivery="d9", received_at=0)
    requeued = requeued_body(replace(read(body), is_redelivered=True), body, ["d9/0"])

    assert not read(body).is_redelivered
    assert read(requeued).is_redelivered
    assert read(requeued_body(read(requeued), requeued, ["d9/0"])).is_redelivered
    assert not parse_message("m1", requeued, sent_at=2 * LONG_AGO_S).is_redelivered


def test_a_pointer_stays_a_pointer() -> None:
    body = with_item(POINTER)

    requeued = requeued_body(read(body), body, ["d1/1"])

    assert json.loads(requeued)["items"] == [POINTER]
    assert len(requeued) < MAX_MESSAGE_B


def test_the_number_of_an_attempt_survives_a_requeue() -> None:
    body = with_item({"n": 1, "event": "e", "item": {}, "attempt": 2})

    again = read(requeued_body(read(body), body, ["d1/1~2"]))

    assert [one.attempt for one in again.occurrences] == [2]


def test_each_requeue_waits_longer_up_to_what_sqs_allows() -> None:
    delays = [requeue_delay_s(n) for n in range(8)]

    assert delays == [60, 120, 240, 480, 900, 900, 900, 900]
    assert requeue_delay_s(10_000) == MAX_DELAY_S == 900


# repeating the items of failed rows


def test_items_are_repeated_in_messages_of_their_deliveries() -> None:
    frozen = [frozen_occurrence(0), frozen_occurrence(1, delivery="d2"), frozen_occurrence(2)]

    messages = [read(body) for body in repeat_bodies(frozen)]

    assert [[one.item_id for one in each.occurrences] for each in messages] == [
        ["d1/0", "d1/2"],
        ["d2/1"],
    ]


def test_a_repeated_message_counts_as_requeued_once() -> None:
    (repeated,) = [read(body) for body in repeat_bodies([frozen_occurrence(0)])]

    assert repeated.requeues == 1


def test_a_repeated_item_is_what_it_was() -> None:
    before = frozen_occurrence(
        3, attempt=1, received_at=9, event="evt", item={"name": "Zoë", "id": 2**70}
    )

    ((occurrence,),) = [read(body).occurrences for body in repeat_bodies([before])]

    assert occurrence.item == before.item
    assert (occurrence.number, occurrence.event, occurrence.received_at) == (3, "evt", 9)
    assert occurrence.attempt == 1


def test_repeated_items_are_at_most_a_hundred_to_a_message() -> None:
    messages = [read(body) for body in repeat_bodies([frozen_occurrence(n) for n in range(250)])]

    assert [len(one.occurrences) for one in messages] == [100, 100, 50]
    assert MAX_ITEMS_PER_MESSAGE == 100


def test_repeated_messages_keep_to_the_limit_of_a_message() -> None:
    frozen = [frozen_occurrence(n, item={"note": "x" * 100_000}) for n in range(5)]

    bodies = list(repeat_bodies(frozen))

    assert all(len(body) <= MAX_MESSAGE_B for body in bodies)
    assert sum(len(read(body).occurrences) for body in bodies) == 5


def test_a_large_item_travels_alone_and_still_fits_a_message_of_sqs() -> None:
    item = {"note": "ü" * 140_000}

    (body,) = repeat_bodies([frozen_occurrence(0, item=item)])

    assert MAX_MESSAGE_B < len(body.encode()) < MAX_SQS_MESSAGE_B
    assert read(body).occurrences[0].item == item


def test_an_item_too_large_for_sqs_travels_as_the_pointer_that_it_came_as() -> None:
    (body,) = repeat_bodies([frozen_occurrence(4, item={"note": "x" * MAX_ITEM_B}, attempt=1)])

    assert json.loads(body)["items"] == [
        {"n": 4, "event": "e4", "at": "oversize/d1/4.json", "attempt": 1}
    ]


def test_nothing_to_repeat_is_no_message() -> None:
    assert list(repeat_bodies([])) == []


@given(
    st.lists(
        st.builds(
            frozen_occurrence,
            st.integers(0, 50),
            delivery=st.sampled_from(["d1", "d2", "d3"]),
            item=st.text() | st.integers() | st.dictionaries(st.text(), st.text()),
        ),
        unique_by=lambda one: (one.delivery, one.number),
    )
)
def test_no_item_is_lost_or_doubled_when_it_is_repeated(frozen: list[Occurrence]) -> None:
    repeated = [one for body in repeat_bodies(frozen) for one in read(body).occurrences]

    assert {one.item_id: one.item for one in repeated} == {one.item_id: one.item for one in frozen}
    assert len(repeated) == len(frozen)


@pytest.mark.parametrize(
    ("body", "lane"),
    [
        (message([{}], delivery=file_delivery("0123456789abcdef", 1)), Lane.BULK),
        (message([{}])[:-1] + ', "replay": {"id": "r"}}', Lane.BULK),
        (message([{}]), Lane.LIVE),
        ("no JSON", Lane.LIVE),
        ("[]", Lane.LIVE),
        ('{"delivery": 5}', Lane.LIVE),
        ("[" * 100_000, Lane.LIVE),
    ],
)
def test_the_lane_of_a_dead_letter_is_read_from_its_text(body: str, lane: Lane) -> None:
    assert lane_of_body(body) is lane
