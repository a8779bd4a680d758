"""A sweep meets every point with every fault that fits it, alone, in pairs or many at a time."""

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, cast

import pytest

from tests.crash import sweep as sweep_module
from tests.crash.__main__ import main
from tests.crash.faults import ANSWERS, KILLS, KINDS, PERSISTENT
from tests.crash.rehearsal import Planned, Result
from tests.crash.scenarios import SCENARIOS
from tests.crash.sweep import DOUBLE, TRIES, Choice, Sweep, chosen, fitting
from tests.support.fault_proxy import Call, Choose, Point, at_points
from tests.support.operations import Request

SCENARIO = SCENARIOS["changes"]
OPERATIONS = ("S3.PutObject a", "SFN.StartExecution", "Mateo.GET /import?id", "SFN.StartExecution")


class Relay:
    """Pretends to be one: it makes its calls, and from the beginning again when it is killed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, operations: Sequence[str] = OPERATIONS):
        self.operations = operations
        self.recovers = True
        self.runs: list[list[Call]] = []
        monkeypatch.setattr(sweep_module, "play", self._play)
        monkeypatch.setattr(sweep_module, "rehearse", self._rehearse)

    def _play(self, grounds: object, scenario: object, choose: Choose) -> Result:
        calls: list[Call] = []
        counts: Counter[str] = Counter()
        left = list(self.operations)
        while left:
            operation = left.pop(0)
            counts[operation] += 1
            point = Point("SubmitImports", operation, counts[operation])
            planned = choose(point)
            calls.append(Call(point, Request("POST", "/", {}), planned.name if planned else ""))
            if planned and KINDS[planned.name].group == KILLS:
                left = list(self.operations) if self.recovers else []
        self.runs.append(calls)
        faults = [Planned(call.point, call.fault) for call in calls if call.fault]
        return Result("changes", faults=faults, calls=calls)

    def _rehearse(self, grounds: object, scenario: object, faults: Sequence[Planned]) -> Result:
        plan = {one.point: KINDS[one.kind].planned(one.point.operation) for one in faults}
        result = self._play(grounds, scenario, at_points(plan))
        result.faults = faults
        return result


def swept(choice: Choice) -> list[Result]:
    """The results of a sweep but its recording."""
    sweep = Sweep(cast("Any", ExitStack), lambda _: None)
    sweep.run(SCENARIO, choice)
    return sweep.results[1:]


def all_planned(relay: Relay, group: str) -> set[Planned]:
    return {
        Planned(call.point, kind.name)
        for call in relay.runs[0]
        for kind in KINDS.values()
        if kind.group == group and kind.fits(call.point.operation)
    }


def test_each_kill_comes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    relay = Relay(monkeypatch)

    results = swept(Choice(frozenset({KILLS})))

    assert [len(result.faults) for result in results] == [1] * (2 * len(OPERATIONS))
    assert {one for result in results for one in result.faults} == all_planned(relay, KILLS)
    assert not any(result.not_hit for result in results)


def test_each_kill_is_followed_by_another_soon_after(monkeypatch: pytest.MonkeyPatch) -> None:
    relay = Relay(monkeypatch)

    results = swept(Choice(frozenset({DOUBLE})))

    assert {result.faults[0] for result in results} == all_planned(relay, KILLS)
    assert [len(result.faults) for result in results] == [2] * (2 * len(OPERATIONS))
    assert not any(result.not_hit for result in results)
    assert len({result.faults[1] for result in results}) > 1


def test_the_same_seed_chooses_the_same_second_kills(monkeypatch: pytest.MonkeyPatch) -> None:
    Relay(monkeypatch, OPERATIONS * 5)
    seeds = (1, 1, 2)

    first, again, other = (
        [result.faults for result in swept(Choice(frozenset({DOUBLE}), seed=seed))]
        for seed in seeds
    )

    assert first == again != other


def test_a_second_kill_that_nothing_is_left_for_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    relay = Relay(monkeypatch)

    relay.recovers = False

    (result, *_) = swept(Choice(frozenset({DOUBLE})))

    assert [str(one).rpartition("/")[0] for one in result.not_hit] == [
        "SubmitImports/any later call/0"
    ]


@pytest.mark.parametrize("spacing", [0, 1, 2, 10])
def test_every_answer_is_met_at_every_point(monkeypatch: pytest.MonkeyPatch, spacing: int) -> None:
    relay = Relay(monkeypatch)

    results = swept(Choice(frozenset({ANSWERS}), spacing=spacing))

    faults = [one for result in results for one in result.faults]
    assert set(faults) == all_planned(relay, ANSWERS)
    assert len(faults) == len(set(faults))
    assert not any(result.not_hit for result in results)


def test_faults_come_as_close_as_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    relay = Relay(monkeypatch, OPERATIONS * 50)

    results = swept(Choice(frozenset({ANSWERS}), kinds=frozenset({"reset-after"}), spacing=20))

    met = [len(result.faults) for result in results]
    assert sum(met) == len(relay.runs[0]) == 200
    assert sum(met[:10]) / 10 == pytest.approx(10, rel=0.5)


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


def test_points_that_are_not_reached_again_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    relay = Relay(monkeypatch, ("SFN.StartExecution", "SFN.StartExecution"))
    play = relay._play

    def shorter(grounds: object, scenario: object, choose: Choose) -> Result:
        relay.operations = relay.operations[:1]
        return play(grounds, scenario, choose)

    monkeypatch.setattr(sweep_module, "play", shorter)

    results = swept(Choice(frozenset({ANSWERS}), kinds=frozenset({"throttled"})))

    missing = ["SubmitImports/SFN.StartExecution/2/throttled"]
    assert [str(one) for result in results for one in result.not_hit] == missing
    assert [str(one) for one in results[-1].not_hit] == missing
    assert not any(result.faults for result in results[-TRIES:-1])


def test_points_are_chosen_by_function_and_number() -> None:
    points = [Point("SubmitImports", operation, 1) for operation in ("A.a", "B.b", "C.c")]

    assert list(chosen(points, Choice(frozenset(), numbers=range(2, 4)))) == points[1:]
    assert not list(chosen(points, Choice(frozenset(), functions=frozenset({"TrackImport"}))))


@pytest.mark.parametrize(
    ("groups", "kinds", "found"),
    [
        ({"double"}, set(), ["killed-before", "killed-after"]),
        ({"kill", "double"}, {"killed-after"}, ["killed-after"]),
        ({"answers"}, {"throttled", "429-bare"}, ["throttled"]),
        ({"answers"}, {"killed-after"}, []),
    ],
)
def test_kinds_are_chosen_by_group_and_name_if_they_fit(
    groups: set[str], kinds: set[str], found: list[str]
) -> None:
    choice = Choice(frozenset(groups), kinds=frozenset(kinds))
    point = Point("SubmitImports", "SQS.SendMessageBatch", 1)

    assert [kind.name for kind in fitting(choice, point)] == found


def test_a_sweep_without_any_fault_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--faults", "kill", "--kind", "throttled"])
    assert "--faults and --kind leave no fault" in capsys.readouterr().err
