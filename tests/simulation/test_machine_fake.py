"""The fake of Step Functions takes the same path as an interpreter of the language.

`CONTRACT_SEEDS` in the environment is the number of random scripts, for longer runs.
"""

import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from moto.stepfunctions.parser.asl.component.common.retry import jitter_strategy_decl

from tests.simulation.contract_sides import started
from tests.simulation.machine import Execution, definition
from tests.simulation.world import Process, World
from tests.statemachine.test_track_import_machine import (
    Failing,
    Functions,
    functions,
    run_execution,
)

__all__ = ["functions"]  # a fixture

SEEDS = range(int(os.environ.get("CONTRACT_SEEDS", "2")))
INPUT = {"reference": "ref-1", "deadline": 77.5, "wait_s": 0}
FUNCTIONS = {"${TrackImportArn}": "track", "${WriteReportArn}": "report"}
Script = list[str | Exception]


class Longest(Random):
    """Draws the largest numbers, so that pauses are as long as they can be."""

    def random(self) -> float:
        return 1.0


class Watched(Execution):
    """Remembers through which states it went."""

    path: list[str]

    def _enter(self, name: str) -> None:
        self.path = [*getattr(self, "path", []), name]
        super()._enter(name)


@dataclass
class Answers:
    """The fake's functions: each call takes the next answer of its script, a second later."""

    world: World
    track: deque[str | Exception]
    report: deque[str | Exception]
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    _failed_at: float | None = None

    def invoke(
        self, resource: str, event: dict[str, Any], on_end: Callable[[Process], None]
    ) -> None:
        name = FUNCTIONS[resource]
        self.calls.append((name, event))
        if self._failed_at is not None:
            self.pauses.append(self.world.now - self._failed_at)
        self._failed_at = None
        script: deque[str | Exception] = getattr(self, name)
        answer = script.popleft()

        def body() -> dict[str, Any]:
            self.world.sleep(1)
            if isinstance(answer, Exception):
                self._failed_at = self.world.now
                raise answer
            return {**event, "status": answer, "wait_s": 0}

        started(self.world, body, on_end=on_end)


def scripts(random: Random) -> tuple[Script, Script]:
    """Random answers of both functions that lead to one of the ends."""
    track: Script = []
    report: Script = []
    while True:
        track += [Failing()] * random.choice((0, 0, 0, 2))
        status = random.choice(("wait", "finished", "timed_out", "abandoned", "requeue", "odd"))
        track.append(status)
        if status == "abandoned":
            return track, report
        if status == "wait":
            continue
        report += [Failing()] * random.choice((0, 0, 0, 2))
        status = random.choice(("finished", "abandoned", "wait", "timed_out"))
        report.append(status)
        if status != "wait":
            return track, report


def compare(functions: Functions, track: Script, report: Script) -> None:
    """Both take the same path, with the same calls and pauses."""
    functions.track.extend(track)
    functions.report.extend(report)
    expected = run_execution()
    world = World(0, random=Longest(0))
    answers = Answers(world, deque(track), deque(report))
    found = Watched(world, "ref-1", dict(INPUT), answers.invoke)
    world.run(world.now + 86_400)
    assert found.status == expected.status
    assert found.path == [
        one["stateEnteredEventDetails"]["name"]
        for one in expected.events
        if "stateEnteredEventDetails" in one
    ]
    assert answers.calls == functions.calls
    assert answers.pauses == functions.retries


@pytest.fixture(autouse=True)
def _longest_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        jitter_strategy_decl, "random", SimpleNamespace(uniform=lambda low, high: high)
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_an_execution_takes_the_same_path(functions: Functions, seed: int) -> None:
    random = Random(seed)  # noqa: S311  # a seed, no secret

    compare(functions, *scripts(random))


def test_a_function_that_fails_for_hours_ends_the_execution() -> None:
    """After 40 retries; the test above compares their pauses with the interpreter's."""
    world = World(0, random=Longest(0))
    answers = Answers(world, deque([Failing()] * 41), deque())
    execution = Watched(world, "ref-1", dict(INPUT), answers.invoke)
    world.run(world.now + 86_400)

    assert (execution.status, len(answers.calls)) == ("FAILED", 41)
    assert answers.pauses[:3] == [5, 10, 20]
    assert answers.pauses[-1] == 900


def test_a_function_that_does_not_answer_in_time_is_called_again() -> None:
    world = World(0, random=Longest())
    answers = Answers(world, deque(["abandoned"]), deque())
    called: list[float] = []

    def invoke(resource: str, event: dict[str, Any], on_end: Callable[[Process], None]) -> None:
        called.append(world.now)
        if len(called) > 1:
            answers.invoke(resource, event, on_end)

    execution = Watched(world, "ref-1", dict(INPUT), invoke)
    world.run(world.now + 86_400)

    first, second = called
    state = definition()["States"]["TrackImport"]
    assert second - first == state["TimeoutSeconds"] + state["Retry"][0]["IntervalSeconds"]
    assert execution.status == "SUCCEEDED"


def test_an_answer_after_the_task_timed_out_changes_nothing() -> None:
    world = World(0, random=Longest())
    ends: list[Callable[[Process], None]] = []
    execution = Watched(
        world, "ref-1", dict(INPUT), lambda resource, event, on_end: ends.append(on_end)
    )
    world.run(world.now + 100)
    started(world, lambda: {**INPUT, "status": "abandoned"}, on_end=ends[0])

    assert (len(ends), execution.state, execution.status) == (2, "TrackImport", "RUNNING")


def test_an_execution_that_runs_longer_than_its_machine_allows_times_out() -> None:
    world = World(0)

    def wait(resource: str, event: dict[str, Any], on_end: Callable[[Process], None]) -> None:
        started(world, lambda: {**event, "status": "wait", "wait_s": 900}, on_end=on_end)

    execution = Watched(world, "ref-1", dict(INPUT), wait)
    began = world.now
    world.run(began + definition()["TimeoutSeconds"] + 3_600)

    assert execution.status == "TIMED_OUT"
