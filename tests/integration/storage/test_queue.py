"""The queue: all messages are stored, or the caller gets an error; and they are received once."""

from typing import Any

import pytest

from import_relay.domain.batches import MESSAGES_PER_CALL
from import_relay.domain.errors import StoreUnavailable
from import_relay.domain.retrying import SEND_MESSAGES
from import_relay.storage.queue import Delayed, Queue
from tests.support.builders import message
from tests.support.clients import Overruling, Recording
from tests.support.relay import Relay


def queue(relay: Relay, client: Any) -> Queue:
    return Queue(client, relay.aws.queue_url, sleep=relay.clock.sleep)


def delayed(number: int, *, delay_s: int = 60, size: int = 0) -> Delayed:
    return Delayed(message([{"pad": "x" * size}], delivery=f"d{number}"), delay_s)


def deliveries(relay: Relay) -> list[str]:
    return [content["delivery"] for content, _ in relay.aws.queued()]


def test_messages_are_sent_with_their_delay(relay: Relay) -> None:
    relay.queue.send([delayed(0, delay_s=60), delayed(1, delay_s=900), delayed(2, delay_s=0)])

    assert [(one["delivery"], delay) for one, delay in relay.aws.queued()] == [
        ("d0", 60),
        ("d1", 900),
        ("d2", 0),
    ]


def test_a_call_holds_at_most_ten_messages(relay: Relay) -> None:
    calls: list[tuple[str, dict[str, Any]]] = []

    queue(relay, Recording(relay.aws.sqs, calls)).send(delayed(n) for n in range(25))

    assert sorted(len(arguments["Entries"]) for _, arguments in calls) == [5, 10, 10]
    assert sorted(deliveries(relay)) == sorted(f"d{n}" for n in range(25))
    assert MESSAGES_PER_CALL == 10


def test_a_call_holds_at_most_a_mebibyte(relay: Relay) -> None:
    calls: list[tuple[str, dict[str, Any]]] = []

    queue(relay, Recording(relay.aws.sqs, calls)).send(delayed(n, size=230_000) for n in range(9))

    sizes = [
        sum(len(one["MessageBody"].encode()) for one in arguments["Entries"])
        for _, arguments in calls
    ]
    assert max(sizes) <= 1_048_576
    assert len(calls) == 3
    assert len(deliveries(relay)) == 9


def test_nothing_to_send_is_no_call(relay: Relay) -> None:
    calls: list[tuple[str, dict[str, Any]]] = []

    queue(relay, Recording(relay.aws.sqs, calls)).send([])

    assert calls == []


def test_only_messages_that_were_not_taken_are_sent_again(relay: Relay) -> None:
    def take_three(real: Any, *, QueueUrl: str, Entries: Any) -> Any:  # noqa: N803
        answer = real(QueueUrl=QueueUrl, Entries=Entries[:3])
        failed = [{"Id": one["Id"], "Code": "InternalError"} for one in Entries[3:]]
        return {**answer, "Failed": failed}

    queue(relay, Overruling(relay.aws.sqs, send_message_batch=take_three)).send(
        delayed(n) for n in range(8)
    )

    assert deliveries(relay) == [f"d{n}" for n in range(8)]


def test_messages_that_are_never_taken_are_an_error_after_a_few_tries(relay: Relay) -> None:
    calls = []

    def take_none(real: Any, *, QueueUrl: str, Entries: Any) -> Any:  # noqa: N803
        calls.append(1)
        return {"Failed": [{"Id": one["Id"], "Code": "InternalError"} for one in Entries]}

    with pytest.raises(StoreUnavailable):
        queue(relay, Overruling(relay.aws.sqs, send_message_batch=take_none)).send([delayed(0)])
    assert len(calls) == SEND_MESSAGES.tries


def test_messages_are_received_once_and_are_gone_after_they_are_deleted(relay: Relay) -> None:
    own = queue(relay, relay.aws.sqs)
    own.send([delayed(number, delay_s=0) for number in range(15)])

    received = own.receive(2)

    assert len({one.message_id for one in received}) == 15
    assert {one.receives for one in received} == {1}
    assert own.receive(1) == [], "nobody else has them for a while"
    own.delete([one.receipt for one in received])
    assert not deliveries(relay)
