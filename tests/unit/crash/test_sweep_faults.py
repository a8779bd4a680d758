"""A sweep in which every call meets every answer."""

from collections import Counter
from collections.abc import Sequence

import pytest

from tests.crash.faults import ANSWERS, PERSISTENT
from tests.crash.run import Planned, Result
from tests.crash.sweep import Choice
from tests.unit.crash.swept import OPERATIONS, Relay, swept


def met_in(results: Sequence[Result]) -> list[Planned]:
    return [one for result in results for one in result.faults]


@pytest.mark.parametrize("spacing", [0, 1, 2, 10])
@pytest.mark.parametrize("times", [1, 7])
def test_every_answer_is_met_at_every_call(
    monkeypatch: pytest.MonkeyPatch, spacing: int, times: int
) -> None:
    relay = Relay(monkeypatch, OPERATIONS * times)

    results = swept(Choice(frozenset({ANSWERS}), spacing=spacing))

    assert relay.met >= relay.wanted(ANSWERS)
    assert len(met_in(results)) == len(set(met_in(results))) == len(relay.wanted(ANSWERS))
    assert not any(result.not_hit for result in results)


def test_faults_come_as_close_as_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    relay = Relay(monkeypatch, [f"SFN.Operation{number}" for number in range(100)])

    results = swept(Choice(frozenset({ANSWERS}), kinds=frozenset({"reset-after"}), spacing=20))

    assert [len(result.faults) for result in results] == [5] * 20
    first, second, *_ = results
    assert {one.point for one in first.faults} != {call.point for call in relay.runs[0][:5]}
    assert len(relay.runs) == 21
    assert second.faults != first.faults


def test_an_operation_meets_one_fault_in_a_run(relay: Relay) -> None:
    results = swept(Choice(frozenset({ANSWERS}), spacing=1))

    steps = [[one.point[:2] for one in result.faults] for result in results]
    assert all(len(one) == len(set(one)) for one in steps)
    assert max(map(len, steps)) == 3


def test_a_fault_that_persists_meets_what_follows_and_counts_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    relay = Relay(monkeypatch, ["SFN.StartExecution"] * 20)
    choice = Choice(frozenset({ANSWERS}), kinds=frozenset({"throttled-on"}), numbers=range(3, 4))

    (result,) = swept(choice)

    assert [str(one) for one in result.faults] == [
        "SubmitImports/SFN.StartExecution/3/throttled-on"
    ]
    hit = [number for number, call in enumerate(relay.runs[-1], 1) if call.fault]
    assert hit == list(range(3, 3 + PERSISTENT))


def test_points_that_are_not_reached_again_are_reported(relay: Relay) -> None:
    relay.reached = 3

    results = swept(Choice(frozenset({ANSWERS}), kinds=frozenset({"throttled"}), spacing=1))

    missing = [str(one) for result in results for one in result.not_hit]
    assert missing == ["SubmitImports/SFN.StartExecution/2/throttled"]
    assert len(met_in(results)) == 3
    assert all(result.faults for result in results)


def test_a_point_that_other_faults_keep_from_being_reached_is_met_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    relay = Relay(monkeypatch, [f"SFN.Operation{number}" for number in range(8)])
    relay.shortcut = 6

    results = swept(Choice(frozenset({ANSWERS}), kinds=frozenset({"broken"}), spacing=1))

    assert Counter(met_in(results)) == Counter(
        Planned(call.point, "broken") for call in relay.runs[0]
    )
    assert not any(result.not_hit for result in results)


def test_what_came_together_in_a_run_that_broke_a_promise_comes_again_alone(relay: Relay) -> None:
    relay.breaks_at = "throttled-on"
    numbers = range(1, 3)
    kinds = frozenset({"throttled-on", "broken"})

    results = swept(Choice(frozenset({ANSWERS}), numbers=numbers, kinds=kinds, spacing=1))

    alone = {str(one.faults[0]): bool(one.broken) for one in results if len(one.faults) == 1}
    assert alone["SubmitImports/S3.PutObject a/1/throttled-on"]
    together = [result for result in results if len(result.faults) == 2 and result.broken]
    assert together
    assert {one for result in together for one in result.faults} <= {
        one for result in results if len(result.faults) == 1 for one in result.faults
    }
