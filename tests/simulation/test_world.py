"""The simulated world: what each fault does to a call, how processes die, and that runs repeat."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.simulation.contract_sides import in_process, started
from tests.simulation.world import START, Fault, Killed, Line, World, refusal, refused

MAX_S = 12.0
"""Of a slow call."""


@dataclass
class Counter:
    """A service that counts up; a call that is done in part adds a half."""

    world: World
    value: float = 0.0
    at: list[float] = field(default_factory=list)

    def add(self) -> float:
        self.value += 1
        self.at.append(self.world.now)
        return self.value

    def add_half(self) -> float:
        self.value += 0.5
        return self.value

    def call(
        self, *, partial: bool = False, idempotent: bool = False, patience_s: float = math.inf
    ) -> float:
        """The call that a fault may hit."""
        return self.world.call(
            "Counter.Add",
            self.add,
            refuse=refused("Throttled", "Add"),
            partial=self.add_half if partial else None,
            idempotent=idempotent,
            patience_s=patience_s,
        )


def with_fault(fault: Fault, call: int = 1) -> tuple[World, Counter]:
    world = World(0, faults={call: fault}, trace=[])
    return world, Counter(world)


def told(world: World) -> list[str]:
    return [line.what for line in world.trace or ()]


# ------------------------------------------------------------ faults


def test_a_call_without_a_fault_takes_effect_once_and_takes_time() -> None:
    world = World(0)
    counter = Counter(world)

    assert in_process(world, counter.call) == 1
    assert (counter.value, world.calls) == (1, 1)
    assert START < world.now < START + world.latency_s


@pytest.mark.parametrize(("fault", "effect"), [(Fault.DIE_BEFORE, 0), (Fault.DIE_AFTER, 1)])
def test_a_process_dies_before_or_after_the_effect_and_goes_no_further(
    fault: Fault, effect: int
) -> None:
    world, counter = with_fault(fault)
    further = []

    def body() -> None:
        counter.call()
        further.append("on")

    with pytest.raises(Killed):
        in_process(world, body)
    assert (counter.value, further) == (effect, [])
    assert told(world) == [f"Counter.Add: {fault}", "died"]


def test_a_process_dies_after_a_call_even_if_the_service_refuses_it() -> None:
    world, _ = with_fault(Fault.DIE_AFTER)

    def refuse() -> None:
        raise refusal("ConditionalCheckFailedException", "Add")

    with pytest.raises(Killed):
        in_process(world, lambda: world.call("Any", refuse, refuse=refused("Throttled", "Add")))


def test_what_a_dead_process_still_tries_has_no_effect() -> None:
    world, counter = with_fault(Fault.DIE_BEFORE)
    tried: list[str] = []

    def body() -> None:
        try:
            counter.call()
        except Exception:  # noqa: BLE001 - the process is dead: this must not run
            tried.append("handler")
        finally:
            try:
                world.sleep(1)
            finally:
                counter.call()

    with pytest.raises(Killed):
        in_process(world, body)
    assert (counter.value, tried) == (0, [])
    assert world.now < START + 1


def test_a_refused_call_has_no_effect_and_says_so() -> None:
    world, counter = with_fault(Fault.REFUSE)

    with pytest.raises(ClientError, match="Throttled"):
        in_process(world, counter.call)
    assert counter.value == 0


@pytest.mark.parametrize(("fault", "effect"), [(Fault.VANISH, 0), (Fault.LOSE, 1)])
def test_a_lost_request_has_no_effect_and_a_lost_answer_hides_one(
    fault: Fault, effect: int
) -> None:
    world, counter = with_fault(fault)

    with pytest.raises(ReadTimeoutError):
        in_process(world, counter.call)
    assert counter.value == effect
    assert START + 1 <= world.now <= START + 11


def test_a_call_that_is_sent_twice_takes_effect_twice_and_has_the_second_answer() -> None:
    world, counter = with_fault(Fault.REPEAT)

    assert in_process(world, counter.call) == 2
    first, second = counter.at
    assert second > first


def test_a_call_with_a_token_that_is_sent_twice_takes_effect_once() -> None:
    world, counter = with_fault(Fault.REPEAT)

    assert in_process(world, lambda: counter.call(idempotent=True)) == 1
    assert counter.value == 1


def test_a_call_that_takes_many_is_done_in_part() -> None:
    world, counter = with_fault(Fault.PARTIAL)

    assert in_process(world, lambda: counter.call(partial=True)) == 0.5


def test_a_call_that_has_no_parts_is_refused_instead() -> None:
    world, counter = with_fault(Fault.PARTIAL)

    with pytest.raises(ClientError, match="Throttled"):
        in_process(world, counter.call)
    assert counter.value == 0


@pytest.mark.parametrize("fault", [Fault.SLOW, Fault.SLOW_ANSWER])
def test_a_slow_call_takes_seconds_before_or_after_its_effect(fault: Fault) -> None:
    world, counter = with_fault(fault)

    assert in_process(world, counter.call) == 1
    (effect,) = counter.at
    before, after = effect - START, world.now - effect
    long, short = (before, after) if fault is Fault.SLOW else (after, before)
    assert 0.5 <= long <= MAX_S + world.latency_s
    assert short <= world.latency_s


@pytest.mark.parametrize("fault", [Fault.SLOW, Fault.SLOW_ANSWER])
def test_a_slow_call_takes_effect_though_its_caller_waits_no_longer(fault: Fault) -> None:
    world, counter = with_fault(fault)

    with pytest.raises(ReadTimeoutError):
        in_process(world, lambda: counter.call(patience_s=0.4))
    assert START + 0.4 <= world.now <= START + 0.4 + world.latency_s
    assert counter.value == (0 if fault is Fault.SLOW else 1)
    world.run(START + 60)
    assert counter.value == 1


@pytest.mark.parametrize("fault", sorted(Fault))
def test_a_fault_hits_only_the_call_with_its_number(fault: Fault) -> None:
    world, counter = with_fault(fault, call=3)

    assert in_process(world, lambda: [counter.call() for _ in range(2)]) == [1, 2]
    assert world.hit == {}
    started(world, counter.call)
    world.run(START + 100)
    assert world.hit == {3: "Counter.Add"}
    before = counter.value
    assert in_process(world, counter.call) == before + 1


# ------------------------------------------------------------ time and processes


def test_a_process_dies_at_its_time_limit_whatever_it_is_doing() -> None:
    world = World(0, trace=[])
    counter = Counter(world)

    def body() -> None:
        world.sleep(9.9)
        counter.call()
        world.sleep(5)
        counter.call()

    with pytest.raises(Killed):
        in_process(world, body, timeout_s=10.0)
    assert (counter.value, world.now) == (1, START + 10.0)
    assert told(world) == ["ran into its time limit", "died"]


def test_a_call_that_outlasts_the_time_limit_has_no_effect() -> None:
    world, counter = with_fault(Fault.SLOW)

    with pytest.raises(Killed):
        in_process(world, counter.call, timeout_s=0.4)
    assert counter.value == 0


def test_a_failed_process_has_its_error_and_stays_alive() -> None:
    world = World(0, trace=[])

    def body() -> None:
        raise LookupError("why")

    with pytest.raises(LookupError, match="why"):
        in_process(world, body)
    assert told(world) == ["failed"]
    assert started(world, body).alive


def test_sleeping_processes_go_on_in_the_order_of_time() -> None:
    world = World(0)
    seen: list[tuple[str, float]] = []

    def sleeper(name: str, *pauses: float) -> Callable[[], None]:
        def body() -> None:
            for pause in pauses:
                world.sleep(pause)
                seen.append((name, world.now - START))

        return body

    for body in (sleeper("a", 1, 3), sleeper("b", 2, 1, 4), sleeper("c", 0)):
        started(world, body)
    world.at(START + 3.5, lambda: seen.append(("event", world.now - START)))
    world.run(START + 10)

    assert seen == [("c", 0), ("a", 1), ("b", 2), ("b", 3), ("event", 3.5), ("a", 4), ("b", 7)]


def test_a_run_ends_at_its_time_and_later_events_wait() -> None:
    world = World(0)
    seen: list[float] = []

    def body() -> None:
        world.sleep(10)
        seen.append(world.now)

    started(world, body)

    assert world.run(START + 4) is True
    assert (world.now, seen) == (START + 4, [])
    assert world.run(START + 20) is False
    assert seen == [START + 10]


def test_every_process_sees_the_clock_of_its_own_environment() -> None:
    world = World(0)

    early = in_process(world, world.clock, skew_s=-3.0)
    late = in_process(world, world.clock, skew_s=3.0)

    assert (early, late, world.clock()) == (START - 3, START + 3, START)


def test_the_clock_belongs_to_the_process_that_runs_and_not_to_the_one_that_sleeps() -> None:
    world = World(0)
    seen: list[float] = []

    def body() -> None:
        world.sleep(1)
        seen.append(world.clock() - world.now)

    started(world, body, skew_s=2.0)
    started(world, body, skew_s=-2.0)
    world.run(START + 5)

    assert seen == [2.0, -2.0]


def test_the_end_of_a_process_is_reported_once_with_its_result() -> None:
    world = World(0)
    ends: list[tuple[object, bool]] = []

    def body() -> str:
        world.sleep(1)
        return "done"

    started(world, body, on_end=lambda process: ends.append((process.result, process.alive)))
    assert ends == []
    world.run(START + 5)

    assert ends == [("done", True)]


# ------------------------------------------------------------ runs repeat


def trace_of(seed: int) -> tuple[int, float, list[Line]]:
    """A run with a bit of everything."""
    faults = {number: sorted(Fault)[number % len(Fault)] for number in range(5, 60, 7)}
    world = World(seed, faults=faults, trace=[])
    counter = Counter(world)

    def body() -> None:
        for _ in range(6):
            world.sleep(random.uniform(0, 2))  # noqa: S311  # as production code draws its jitter
            world.tell("counts", value=counter.call(partial=True))

    for number in range(12):
        world.after(world.random.uniform(0, 30) + number, lambda: started(world, body))
    world.run(START + 600)
    return world.calls, world.now, world.trace or []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_seed_gives_the_same_calls_and_the_same_trace_again(seed: int) -> None:
    assert trace_of(seed) == trace_of(seed)


def test_another_seed_gives_another_trace() -> None:
    assert trace_of(1)[2] != trace_of(2)[2]
