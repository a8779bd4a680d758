"""The stack's queue behaves as SQS does, whatever its length."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from moto.sqs.exceptions import InvalidParameterValue, ReceiptHandleIsInvalid
from moto.sqs.models import Message

from local.aws.queues import LONG_POLLS, IndexedQueue

START = 1_795_000_000


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


def queue(**attributes: object) -> IndexedQueue:
    return IndexedQueue("queue", "us-east-1", "123456789012", **attributes)


def send(one: IndexedQueue, *bodies: str, delay_s: int = 0) -> None:
    for body in bodies:
        message = Message(f"id-{body}", body)
        message.mark_sent(delay_seconds=delay_s)
        one.add_message(message)


def receive(one: IndexedQueue, visibility_s: int = 30, count: int = 10) -> list[str]:
    return [message.body for message in one.receive(count, 0, visibility_s)]


def counts(one: IndexedQueue) -> tuple[int, int, int]:
    return (
        one.approximate_number_of_messages,
        one.approximate_number_of_messages_delayed,
        one.approximate_number_of_messages_not_visible,
    )


def test_messages_come_in_order_and_at_most_as_many_as_asked_for(
    clock: time_machine.Traveller,
) -> None:
    one = queue()
    send(one, "a", "b", "c")

    assert [receive(one, count=2), receive(one)] == [["a", "b"], ["c"]]
    assert counts(one) == (0, 0, 3)


def test_a_received_message_is_hidden_until_its_visibility_timeout(
    clock: time_machine.Traveller,
) -> None:
    one = queue()
    send(one, "a")
    receive(one, visibility_s=30)
    clock.shift(29)
    assert receive(one) == []

    clock.shift(1)

    (message,) = one.receive(10, 0, 30)
    assert [message.body, message.approximate_receive_count] == ["a", 2]


def test_a_delayed_message_appears_when_its_delay_is_over(clock: time_machine.Traveller) -> None:
    one = queue()
    send(one, "a", delay_s=60)
    assert [receive(one), counts(one)] == [[], (0, 1, 0)]

    clock.shift(60)

    assert receive(one) == ["a"]


def test_moving_the_clock_by_a_day_shows_hidden_messages(
    clock: time_machine.Traveller,
) -> None:
    one = queue()
    send(one, "a")
    receive(one, visibility_s=720)

    clock.shift(timedelta(days=1))

    assert receive(one) == ["a"]


def test_an_old_receipt_still_deletes(clock: time_machine.Traveller) -> None:
    one = queue()
    send(one, "a")
    (first,) = one.receive(1, 0, 1)
    clock.shift(2)
    one.receive(1, 0, 30)

    one.delete_message(str(first.receipt_handle))

    assert counts(one) == (0, 0, 0)


def test_a_message_may_be_deleted_twice(clock: time_machine.Traveller) -> None:
    one = queue()
    send(one, "a")
    (message,) = one.receive(1, 0, 30)
    one.delete_message(str(message.receipt_handle))

    one.delete_message(str(message.receipt_handle))

    assert len(one) == 0


def test_an_unknown_receipt_is_refused() -> None:
    with pytest.raises(ReceiptHandleIsInvalid):
        queue().delete_message("no-such-receipt")


def test_a_message_received_too_often_moves_to_the_dead_letter_queue(
    clock: time_machine.Traveller,
) -> None:
    one, dead = queue(), queue()
    one.dead_letter_queue = dead
    one.redrive_policy = {"maxReceiveCount": 2}
    send(one, "a")
    for _ in range(2):
        assert receive(one, visibility_s=1) == ["a"]
        clock.shift(2)

    assert receive(one) == []
    assert receive(dead) == ["a"]


def test_a_visibility_timeout_of_zero_shows_a_message_at_once(
    clock: time_machine.Traveller,
) -> None:
    one = queue()
    send(one, "a")
    (message,) = one.receive(1, 0, 720)

    one.change_visibility(str(message.receipt_handle), 0)

    assert receive(one) == ["a"]


def test_a_longer_visibility_timeout_replaces_the_first(clock: time_machine.Traveller) -> None:
    one = queue()
    send(one, "a")
    (message,) = one.receive(1, 0, 10)
    one.change_visibility(str(message.receipt_handle), 100)

    clock.shift(50)

    assert receive(one) == []


def test_no_message_is_hidden_for_more_than_twelve_hours(clock: time_machine.Traveller) -> None:
    one = queue()
    send(one, "a")
    (message,) = one.receive(1, 0, 30)
    clock.shift(60)

    with pytest.raises(InvalidParameterValue):
        one.change_visibility(str(message.receipt_handle), 43_200)


def test_a_message_older_than_its_retention_is_gone(clock: time_machine.Traveller) -> None:
    one = queue(MessageRetentionPeriod=3600)
    send(one, "a")

    clock.shift(3600)

    assert [receive(one), len(one)] == [[], 0]


def test_a_purged_queue_is_empty(clock: time_machine.Traveller) -> None:
    one = queue()
    send(one, "a", "b")
    receive(one, count=1)

    one.purge()

    assert counts(one) == (0, 0, 0)


def test_the_queue_url_points_at_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(IndexedQueue, "endpoint", "http://127.0.0.1:4566")

    assert queue().physical_resource_id == "http://127.0.0.1:4566/123456789012/queue"


def test_a_long_poll_ends_when_it_is_told_to() -> None:
    one, answers = queue(), list[list[Message]]()
    waiting = threading.Thread(target=lambda: answers.append(one.receive(10, 3_600, 30)))
    waiting.start()
    while waiting.is_alive():
        LONG_POLLS.end()
        waiting.join(0.01)

    assert answers == [[]]
