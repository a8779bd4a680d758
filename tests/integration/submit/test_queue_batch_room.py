"""A batch holds no more than memory does, whatever its messages hold; the rest waits."""

import json
from typing import Any

import pytest

from import_relay.domain.queue_messages import MAX_MESSAGE_B
from import_relay.storage import queue as queues
from import_relay.storage.queue import Queue
from import_relay.submit import queue_batch
from import_relay.submit.queue_batch import QueueBatch
from tests.integration.submit.deliveries import Deliveries
from tests.integration.submit.test_filling import contact, left, put
from tests.support.builders import message
from tests.support.relay import Relay, one_by_one


def swollen(number: int, lists: int) -> str:
    """A message with a contact whose note is thousands of lists."""
    item = contact(number, note=[[]] * lists)
    return message([item], delivery=f"d-{number:05}")


def lists_in(batch: QueueBatch) -> int:
    """How many lists a batch holds."""
    items: list[Any] = [
        one.item for given in batch.messages.values() for one in given.occurrences if one.item
    ]
    return sum(len(item["note"]) for item in items)


def ids(relay: Relay) -> list[str]:
    return sorted(row["external_id"] for row in relay.mateo.rows)


def test_what_lambda_handed_over_is_not_kept_beyond_what_memory_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Six megabytes of `[],` are 240 MB of lists."""
    monkeypatch.setattr(queue_batch, "MAX_PARSED_VALUES", 450_000)
    lists = MAX_MESSAGE_B // len("[], ")
    body = swollen(0, lists)
    bodies = {f"m{n}": body.replace("d-00000", f"d-{n:05}") for n in range(8)}
    batch = QueueBatch(bodies, (), {})

    batch.read({}, lambda event, **keys: None)

    assert lists_in(batch) == 3 * lists
    assert len(batch.messages) == 8
    assert len(batch.item_ids(batch.without_room)) == len(batch.without_room) == 5


def test_what_has_no_room_waits_for_the_next_batch_and_costs_no_receive(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_batch, "MAX_PARSED_VALUES", 1_000)
    deliveries = Deliveries(relay)
    deliveries.put(*(swollen(n, 200) for n in range(5)), message([contact(9)], delivery="d-9"))

    deliveries.deliver()

    assert ids(relay) == ["c-0", "c-1", "c-9"]
    waiting = [json.loads(body) for body in deliveries.messages.values()]
    assert [one["requeues"] for one in waiting] == [1] * 3
    assert waiting[0]["items"][0]["item"]["note"] == [[]] * 200

    deliveries.drain()
    assert ids(relay) == ["c-0", "c-1", "c-2", "c-3", "c-4", "c-9"]
    assert deliveries.received_too_often == []


def test_an_import_is_filled_with_no_more_than_memory_holds(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_batch, "MAX_PARSED_VALUES", 1_000)
    for number in range(20):
        relay.aws.sqs.send_message(QueueUrl=relay.aws.queue_url, MessageBody=swollen(number, 200))
    put(relay, range(50, 60))

    report = relay.submit(message([contact(100)]))

    assert report.rows < 4
    assert (report.rows + report.requeued, report.failed_message_ids) == (11, set())
    assert left(relay) == 20
    assert [delay for _, delay in relay.aws.queued() if delay] == [60] * report.requeued


def test_a_round_of_calls_ends_when_it_has_received_enough(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "MAX_ROUND_B", 3_000)
    for number in range(50):
        relay.aws.sqs.send_message(QueueUrl=relay.aws.queue_url, MessageBody=swollen(number, 200))
    queue = Queue(relay.aws.sqs, relay.aws.queue_url, for_all=one_by_one)

    assert len(queue.receive(48)) == 10
    assert len(queue.receive_surely(48).messages) == 10
    assert left(relay) == 50
