"""The fake of SQS does what SQS does: the same random calls, on the fake and on moto.

The order of messages is not compared: a standard queue promises none. `CONTRACT_SEEDS` in the
environment is the number of sequences, for longer runs.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from unittest import mock

import pytest
from moto import mock_aws

from import_relay.storage.queue import Queue as SqsQueue
from tests.simulation.contract_sides import in_process, outcome
from tests.simulation.queue import (
    DEAD_LETTER_URL,
    MAX_RECEIVES,
    RETENTION_S,
    VISIBILITY_S,
    Queue,
    Received,
)
from tests.simulation.world import START, World
from tests.support.aws import client
from tests.support.relay import one_by_one

SEEDS = range(int(os.environ.get("CONTRACT_SEEDS", "2")))


@dataclass
class Fake:
    """The fake, without any fault."""

    world: World
    queue: Queue = field(init=False)
    _ids: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.queue = Queue(self.world)

    def send(self, entries: list[dict[str, Any]]) -> Any:
        """The ids of what was taken, or the error."""
        return outcome(
            lambda: in_process(
                self.world,
                lambda: _taken(self.queue.send_message_batch(QueueUrl="queue", Entries=entries)),
            )
        )

    def receive(self) -> Counter[tuple[str, int]]:
        """(body, how often received) of everything that is visible."""
        found = self.queue.receive(10_000, 6 * 1024 * 1024)
        self._ids.update({one.body: one.id for one in found})
        return Counter((one.body, one.receives) for one in found)

    def delete(self, body: str) -> None:
        """Delete a message that was received."""
        self.queue.delete(self._ids[body])

    def dead(self) -> Counter[str]:
        """The bodies in the dead-letter queue."""
        return Counter(one.body for one in self.queue.dead)


@dataclass
class Moto:
    """Two queues in moto, on the clock of the world."""

    world: World
    sqs: Any
    url: str
    dead_url: str
    _handles: dict[str, str] = field(default_factory=dict)

    def send(self, entries: list[dict[str, Any]]) -> Any:
        """The ids of what was taken, or the error."""
        return outcome(
            lambda: _taken(self.sqs.send_message_batch(QueueUrl=self.url, Entries=entries))
        )

    def receive(self) -> Counter[tuple[str, int]]:
        """(body, how often received) of everything that is visible, ten at a time."""
        found: Counter[tuple[str, int]] = Counter()
        while messages := self._ten(self.url):
            self._handles.update({one["Body"]: one["ReceiptHandle"] for one in messages})
            found.update(
                (one["Body"], int(one["Attributes"]["ApproximateReceiveCount"])) for one in messages
            )
        return found

    def delete(self, body: str) -> None:
        """Delete a message that was received."""
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=self._handles[body])

    def dead(self) -> Counter[str]:
        """The bodies in the dead-letter queue; this hides them for a while."""
        found: Counter[str] = Counter()
        while messages := self._ten(self.dead_url):
            found.update(one["Body"] for one in messages)
        return found

    def _ten(self, url: str) -> list[Any]:
        messages: list[Any] = self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
        ).get("Messages", [])
        return messages


def _taken(answer: Any) -> set[str]:
    return {one["Id"] for one in answer["Successful"]}


@contextmanager
def both() -> Iterator[tuple[World, Fake, Moto]]:
    """Both queues, on one clock."""
    world = World(0, latency_s=0.0)
    with (
        mock_aws(),
        mock.patch("moto.sqs.models.unix_time", side_effect=lambda: world.now),
        mock.patch("moto.sqs.models.unix_time_millis", side_effect=lambda: world.now * 1_000),
    ):
        sqs = client("sqs")
        dead_url = sqs.create_queue(QueueName="dead")["QueueUrl"]
        asked = sqs.get_queue_attributes(QueueUrl=dead_url, AttributeNames=["QueueArn"])
        redrive = {
            "deadLetterTargetArn": asked["Attributes"]["QueueArn"],
            "maxReceiveCount": MAX_RECEIVES,
        }
        url = sqs.create_queue(
            QueueName="relay",
            Attributes={
                "VisibilityTimeout": str(int(VISIBILITY_S)),
                "MessageRetentionPeriod": str(int(RETENTION_S)),
                "RedrivePolicy": json.dumps(redrive),
            },
        )["QueueUrl"]
        yield world, Fake(world), Moto(world, sqs, url, dead_url)


def entries(number: int, *, delays: list[int], first: int = 0) -> list[dict[str, Any]]:
    return [
        {"Id": str(n), "MessageBody": f"m{first + n}", "DelaySeconds": delays[n % len(delays)]}
        for n in range(number)
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_messages_come_as_often_and_as_late_as_from_sqs(seed: int) -> None:
    random, sent = Random(seed), 0  # noqa: S311  # a seed, no secret
    with both() as (world, made_up, real):
        in_hand: list[str] = []
        for step in range(60):
            world.now += random.choice((0.013, 1.7, 61.3, VISIBILITY_S + 0.37))
            match random.choice(("send", "receive", "receive", "delete")):
                case "send":
                    batch = entries(
                        random.choice((0, 1, 3, 10, 11)),
                        delays=[random.choice((0, 1, 60, 900)) for _ in range(3)],
                        first=sent,
                    )
                    sent += len(batch)
                    if batch:
                        assert made_up.send(batch) == real.send(batch), step
                case "receive":
                    found = made_up.receive()
                    assert found == real.receive(), step
                    in_hand = sorted(body for body, _ in found)
                case "delete":  # before or after they are visible again
                    for body in random.sample(in_hand, len(in_hand) // 3):
                        made_up.delete(body)
                        real.delete(body)
                        in_hand.remove(body)
        assert made_up.dead() == real.dead()


def test_a_message_that_nobody_deletes_is_received_ten_times_and_then_dead_lettered() -> None:
    with both() as (world, made_up, real):
        batch = entries(2, delays=[0])
        for one in (made_up, real):
            one.send(batch)
        for receives in range(1, MAX_RECEIVES + 1):
            world.now += VISIBILITY_S + 1
            assert made_up.receive() == real.receive() == {("m0", receives): 1, ("m1", receives): 1}
        world.now += VISIBILITY_S + 1

        assert made_up.receive() == real.receive() == {}
        assert made_up.dead() == real.dead() == {"m0": 1, "m1": 1}


def test_a_message_that_is_too_old_is_gone() -> None:
    with both() as (world, made_up, real):
        for one in (made_up, real):
            one.send(entries(1, delays=[0]))
        world.now += RETENTION_S + 1

        assert made_up.receive() == real.receive() == {}
        assert [one.body for one in made_up.queue.expired] == ["m0"]


def test_a_delay_is_fifteen_minutes_at_most() -> None:
    """As AWS documents for `DelaySeconds`; moto takes any."""
    world = World(0, latency_s=0.0)

    assert Fake(world).send(entries(1, delays=[900])) == {"0"}
    assert Fake(world).send(entries(1, delays=[901])) == ("InvalidParameterValue", [])


# ------------------------------------------------------------ what a standard queue may do


def test_two_receivers_may_get_the_same_message() -> None:
    queue = Queue(World(0), duplicate_delivery=1.0)
    queue.put("a", 0)

    assert queue.receive(10, 1_000) == [Received("m1", "a", 1, START)]
    assert queue.receive(10, 1_000) == [Received("m1", "a", 2, START)]


def test_only_some_messages_of_a_call_may_be_taken() -> None:
    world = World(0)
    queue = Queue(world, partial_sends=1.0)

    answer = in_process(
        world, lambda: queue.send_message_batch(QueueUrl="queue", Entries=entries(4, delays=[0]))
    )

    assert len(answer["Successful"]) == len(answer["Failed"]) == len(queue.messages) == 2
    assert queue.partials == 1


def test_messages_come_in_any_order() -> None:
    orders = set()
    for seed in range(9):
        queue = Queue(World(seed))
        for body in "abc":
            queue.put(body, 0)
        orders.add("".join(one.body for one in queue.receive(10, 1_000)))

    assert len(orders) > 1


def test_what_is_sent_to_the_dead_letter_queue_is_not_received() -> None:
    world = World(0)
    queue = Queue(world)
    in_process(
        world,
        lambda: queue.send_message_batch(QueueUrl=DEAD_LETTER_URL, Entries=entries(1, delays=[0])),
    )

    assert len(queue.dead) == 1
    assert not queue.receive(10, 1_000)


def test_the_relay_receives_from_the_fake_as_from_sqs() -> None:
    world = World(1)
    fake = Queue(world)
    sqs: Any = fake
    own = SqsQueue(sqs, "held", sleep=world.sleep, for_all=one_by_one)
    fake.put("a", 0, "held")
    fake.put("b", 0)

    (one,) = in_process(world, lambda: own.receive(1))

    assert (one.body, one.receives) == ("a", 1)
    assert in_process(world, lambda: own.receive(1)) == []
    in_process(world, lambda: own.delete([one.receipt]))
    assert [message.body for message in fake.messages.values()] == ["b"]
