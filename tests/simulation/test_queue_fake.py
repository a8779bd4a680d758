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
from functools import partial
from random import Random
from typing import Any
from unittest import mock

import pytest
from moto import mock_aws

from import_relay.storage.queue import Queue as SqsQueue
from tests.simulation.contract_sides import in_process, outcome, started
from tests.simulation.queue import (
    DEAD_LETTER_URL,
    MAX_INVOCATIONS,
    MAX_RECEIVES,
    RETENTION_S,
    VISIBILITY_S,
    EventSourceMapping,
    Queue,
    Received,
)
from tests.simulation.relay import Relay
from tests.simulation.scenario import Scenario
from tests.simulation.world import START, World
from tests.support.aws import client
from tests.support.relay import one_by_one

SEEDS = range(int(os.environ.get("CONTRACT_SEEDS", "2")))


@dataclass
class Fake:
    """The fake, in calm fault profile."""

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
    """Two queues in moto, which look at the clock of the world."""

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
        """The bodies in the dead-letter queue; they are hidden for a while then."""
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
                case "delete":  # in time, or when they are visible again
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


# ------------------------------------------------------------ what standard queues may do


def test_a_message_may_come_to_two_who_receive_at_the_same_time() -> None:
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


# ------------------------------------------------------------ the event source mapping


@dataclass
class Submitter:
    """A function that the mapping invokes: each invocation takes a while and gives some back."""

    world: World
    takes_s: float = 10.0
    releases: set[str] = field(default_factory=set)
    fails: bool = False
    batches: list[tuple[float, list[str]]] = field(default_factory=list)
    running: int = 0
    most_running: int = 0

    def invoke(self, batch: Any, on_end: Any) -> None:
        self.batches.append((self.world.now, sorted(one.body for one in batch)))
        self.running += 1
        self.most_running = max(self.most_running, self.running)

        def body() -> set[str]:
            self.world.sleep(self.takes_s)
            self.running -= 1
            if self.fails:
                raise RuntimeError
            return {one.id for one in batch if one.body in self.releases}

        started(self.world, body, on_end=on_end)


def mapping_of(
    world: World, submitter: Submitter, *, window_s: float = 60.0, disable_lag_s: float = 0.0
) -> tuple[Queue, EventSourceMapping]:
    queue = Queue(world)
    made = EventSourceMapping(
        world, queue, submitter.invoke, window_s=window_s, disable_lag_s=disable_lag_s
    )
    return queue, made


@pytest.mark.parametrize("seed", range(5))
def test_both_pollers_gather_within_their_windows_and_delete_what_is_done(seed: int) -> None:
    world = World(seed)
    submitter = Submitter(world)
    queue, _ = mapping_of(world, submitter)
    began = world.now
    for number in range(20):
        world.after(number / 10, partial(queue.put, str(number), 0))
    world.run(began + 3_600)

    assert len(submitter.batches) in (2, 3)  # the third if a window ended early
    assert sorted(body for _, bodies in submitter.batches for body in bodies) == sorted(
        map(str, range(20))
    )
    assert max(timestamp for timestamp, _ in submitter.batches[:2]) <= began + 61
    assert queue.messages == {}


@pytest.mark.parametrize(("fails", "left"), [(False, ["b"]), (True, ["a", "b"])])
def test_what_is_released_comes_again_after_the_visibility_timeout(
    fails: bool, left: list[str]
) -> None:
    world = World(0)
    submitter = Submitter(world, releases={"b"}, fails=fails)
    queue, _ = mapping_of(world, submitter, window_s=0.0)
    queue.put("a", 0)
    queue.put("b", 0)
    world.run(world.now + VISIBILITY_S + 100)

    (first, bodies), (second, again) = submitter.batches
    assert (bodies, again) == (["a", "b"], left)
    assert VISIBILITY_S <= second - first <= VISIBILITY_S + 2


def test_two_pollers_invoke_at_most_two_functions_at_a_time() -> None:
    world = World(0)
    submitter = Submitter(world, takes_s=100.0)
    queue, _ = mapping_of(world, submitter, window_s=0.0)
    for second in range(50):
        world.after(second, partial(queue.put, str(second), 0))
    world.run(world.now + 3_600)

    assert submitter.most_running == 2
    assert sorted(body for _, bodies in submitter.batches for body in bodies) == sorted(
        map(str, range(50))
    )


def test_a_batch_is_cut_at_six_megabytes() -> None:
    world = World(0)
    submitter = Submitter(world)
    queue, _ = mapping_of(world, submitter)
    for number in range(9):
        queue.put(f"{number}" * 1024 * 1024, 0)
    world.run(world.now + 3_600)

    assert max(len(bodies) for _, bodies in submitter.batches) == 6
    assert sum(len(bodies) for _, bodies in submitter.batches) == 9


@pytest.mark.parametrize(("lag_s", "batches"), [(0.0, 0), (30.0, 1)])
def test_a_disabled_mapping_polls_on_for_a_while_and_then_no_more(
    lag_s: float, batches: int
) -> None:
    world = World(0)
    submitter = Submitter(world)
    queue, mapping = mapping_of(world, submitter, window_s=0.0, disable_lag_s=lag_s)
    mapping.lambda_.set_enabled(enabled=False)
    world.after(20, lambda: queue.put("soon", 0))
    world.after(40, lambda: queue.put("late", 0))
    world.run(world.now + 3_600)
    assert len(submitter.batches) == batches

    mapping.lambda_.set_enabled(enabled=True)
    world.run(world.now + 3_600)
    assert queue.messages == {}


def test_a_message_has_the_lineage_of_the_process_that_sent_it() -> None:
    queue = Queue(World(0))
    queue.lineage = lambda: 7
    queue.put("a", 0)

    assert [one.lineage for one in queue.receive(10, 1_000)] == [7]


@pytest.mark.parametrize(("may_loop", "invoked"), [(True, True), (False, False)])
def test_a_batch_whose_longest_chain_is_too_long_is_refused_unless_loops_are_allowed(
    may_loop: bool, invoked: bool
) -> None:
    world = World(0, trace=[])
    relay = Relay(world, Scenario(0, ()))
    relay.may_loop = may_loop
    for lineage in (1, MAX_INVOCATIONS):
        relay.queue.lineage = partial(int, lineage)
        relay.queue.put("not a message of the relay", 0)
    world.run(START + 400)

    assert any(line.what == "receives" for line in world.trace or ()) == invoked
    assert [one.receives for one in relay.queue.messages.values()] == [1, 1]


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
