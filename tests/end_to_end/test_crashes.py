"""Functions die and services fail at every step that a recording finds; every promise is kept.

A part of `python -m tests.crash`, which meets every single point with every fault that fits it.
Here each step meets one of the hardest faults, and a few runs share all of them.
"""

from collections.abc import Iterator

import pytest

from tests.crash.coverage import Coverage
from tests.crash.faults import ANSWERS, KINDS
from tests.crash.rig import Rig, running_rig
from tests.crash.run import Planned, Result, run_once
from tests.crash.scenarios import SCENARIOS
from tests.support.stack import FUNCTIONS

BASE = SCENARIOS["changes"]
MAX_KILLS = 8
"""In one run, of one function: a message is received at most ten times."""
ONE_ANSWER = [
    kind.name
    for kind in KINDS.values()
    if kind.group == ANSWERS and kind.times == 1 and not kind.name.startswith("reset")
]


@pytest.fixture(scope="module")
def crash_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with running_rig(tmp_path_factory.mktemp("crashes")) as rig:
        yield rig


@pytest.fixture(scope="module")
def recording(crash_rig: Rig) -> Result:
    """The scenario without any fault."""
    return run_once(crash_rig, BASE)


def told(result: Result) -> str:
    """Everything about a run that broke a promise, and how to repeat it."""
    return "\n".join([*result.broken, *result.trace(), result.command()])


def test_without_a_fault_every_promise_is_kept_by_all_functions(recording: Result) -> None:
    assert not recording.broken, told(recording)
    assert {point.function for point in recording.points()} == set(FUNCTIONS)


@pytest.mark.parametrize("name", sorted(SCENARIOS.keys() - {BASE.name}))
def test_each_scenario_of_the_sweep_ends_as_it_should(crash_rig: Rig, name: str) -> None:
    result = run_once(crash_rig, SCENARIOS[name])
    assert not result.broken, told(result)


def test_a_row_that_waited_unproven_over_the_next_day_is_proven_in_the_end(crash_rig: Rig) -> None:
    fault = Planned.parsed("SubmitImports/DynamoDB.UpdateItem lease/1/killed-before")
    result = run_once(crash_rig, SCENARIOS["unanswered"], [fault])
    assert not result.not_hit
    assert not result.broken, told(result)


@pytest.mark.parametrize(
    ("kinds", "most"),
    [
        pytest.param(["killed-after"], MAX_KILLS, id="dying after each step"),
        pytest.param(["reset-after"], 100, id="no answer, although the call took effect"),
        pytest.param(ONE_ANSWER, 100, id="another answer at each step"),
    ],
)
def test_nothing_is_lost_doubled_or_stale(
    crash_rig: Rig, recording: Result, kinds: list[str], most: int
) -> None:
    coverage = Coverage([KINDS[kind] for kind in kinds], most=most)
    for result in coverage.runs(crash_rig, BASE):
        assert not result.broken, told(result)
        if not coverage.left(recording):
            break

    assert not coverage.left(recording), "no run reached these steps again"
