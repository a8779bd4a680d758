"""The fake of Lambda's pollers: which messages become a batch, and when; which are deleted."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from tests.simulation.contract_sides import started
from tests.simulation.pollers import EventSourceMapping
from tests.simulation.queue import (
    MAX_INVOCATIONS,
    VISIBILITY_S,
    Queue,
)
from tests.simulation.relay import Relay
from tests.simulation.scenario import Scenario
from tests.simulation.world import START, World

# ------------------------------------------------------------ the event source mapping


@dataclass
class Submitter:
    """A function that the mapping invokes: it takes a while and fails some messages."""

    world: World
    takes_s: float = 10.0
    failed_bodies: set[str] = field(default_factory=set)
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
            return {one.id for one in batch if one.body in self.failed_bodies}

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
def test_failed_messages_are_redelivered_after_the_visibility_timeout(
    fails: bool, left: list[str]
) -> None:
    world = World(0)
    submitter = Submitter(world, failed_bodies={"b"}, fails=fails)
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

    assert max(len(bodies) for _, bodies in submitter.batches) == 5, "Lambda adds to each message"
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
