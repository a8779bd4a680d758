"""A sweep kills at every point, alone and in pairs, and its command says what it did not meet."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.crash import __main__ as command
from tests.crash import sweep as sweep_module
from tests.crash.faults import ANSWERS, KILLS, KINDS
from tests.crash.run import Planned
from tests.crash.sweep import ACROSS, DOUBLE, MAX_BETWEEN, TRIES, Choice, chosen, fitting
from tests.support.fault_proxy import Point
from tests.unit.crash.swept import OPERATIONS, Relay, swept

# ---------------------------------------------------------------- kills


def test_each_kill_comes_alone(relay: Relay) -> None:
    results = swept(Choice(frozenset({KILLS})))

    assert [len(result.faults) for result in results] == [1] * (2 * len(OPERATIONS))
    assert relay.met == relay.wanted(KILLS)
    assert not any(result.not_hit for result in results)


def test_each_kill_is_followed_by_another_soon_after(monkeypatch: pytest.MonkeyPatch) -> None:
    relay = Relay(monkeypatch, OPERATIONS * 5)

    results = swept(Choice(frozenset({DOUBLE})))

    points = [call.point for call in relay.runs[0]]
    kills = [kind.name for kind in KINDS.values() if kind.group == KILLS]
    assert [one.faults[0] for one in results] == [Planned(p, k) for p in points for k in kills]
    assert not any(result.not_hit for result in results)
    hits = [[n for n, call in enumerate(run) if call.fault] for run in relay.runs[1:]]
    between = {second - first for first, second in hits}
    assert min(between) == 1
    assert max(between) <= MAX_BETWEEN
    assert len(between) > MAX_BETWEEN / 2


def test_only_the_function_that_was_killed_is_killed_again() -> None:
    first = Planned(Point("SubmitImports", "SFN.StartExecution", 1), "killed-after")
    pair = sweep_module.Pair(first, "SubmitImports", 2, KINDS["killed-before"])
    functions = ("SubmitImports", "TrackImport", "SubmitImports", "TrackImport", "SubmitImports")
    calls = [first.point._replace(function=function) for function in functions]

    met = [pair(point) for point in calls]

    names = [one.name if one else "" for one in met]
    assert names == ["killed-after", "", "", "", "killed-before"]
    assert not pair.missing()


def test_another_function_is_killed_after_so_many_calls_of_its_own() -> None:
    first = Planned(Point("SubmitImports", "SFN.StartExecution", 1), "killed-after")
    pair = sweep_module.Pair(first, "TrackImport", 2, KINDS["killed-before"])
    functions = ("TrackImport", "SubmitImports", "TrackImport", "SubmitImports")
    calls = [first.point._replace(function=function) for function in functions]

    met = [pair(point) for point in calls[1:]]

    assert [one.name if one else "" for one in met] == ["killed-after", "", ""]
    assert [str(one) for one in pair.missing()] == ["TrackImport/any later call/0/killed-before"]
    second = pair(calls[0])
    assert second
    assert second.name == "killed-before"
    assert not pair.missing()


def test_no_pair_across_functions_is_made_where_no_other_function_follows(relay: Relay) -> None:
    results = swept(Choice(frozenset({ACROSS})))

    assert not any(result.faults for result in results)


def test_the_same_seed_chooses_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    Relay(monkeypatch, OPERATIONS * 5)
    groups = frozenset({DOUBLE, ANSWERS})

    first, again, other = (
        [result.faults for result in swept(Choice(groups, seed=seed))] for seed in (1, 1, 2)
    )

    assert first == again != other


def test_a_second_kill_that_nothing_is_left_for_is_reported(relay: Relay) -> None:
    relay.recovers = False

    results = swept(Choice(frozenset({DOUBLE}), numbers=range(4, 5)))

    assert [[str(one).rpartition("/")[0] for one in result.not_hit] for result in results] == [
        ["SubmitImports/any later call/0"],
        ["SubmitImports/any later call/0"],
    ]
    assert "any later call" not in results[0].command()


@pytest.mark.parametrize(("group", "between"), [(KILLS, 1), (DOUBLE, 1), (DOUBLE, 12)])
def test_a_kill_whose_point_is_not_reached_is_tried_again_and_reported(
    relay: Relay, group: str, between: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_module, "MAX_BETWEEN", between)
    relay.reached = 3
    choice = Choice(frozenset({group}), numbers=range(4, 5), kinds=frozenset({"killed-after"}))

    (result,) = swept(choice)

    missing = ["SubmitImports/SFN.StartExecution/2/killed-after"]
    assert [str(one) for one in result.not_hit] == missing
    assert len(relay.runs) == 1 + TRIES


# ---------------------------------------------------------------- what is wanted


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


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--faults", "kill", "--kind", "throttled"], "--faults and --kind leave no fault"),
        (["--faults", "kill,answer"], "no such group of faults: answer"),
        (["--points", "9-3"], "9-3 is an empty range"),
        (["--points", "x"], "x is no number"),
        (["--spacing", "-5"], "-5 is no number"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    capsys: pytest.CaptureFixture[str], arguments: list[str], text: str
) -> None:
    with pytest.raises(SystemExit):
        command.main(arguments)
    assert text in capsys.readouterr().err


Said = Callable[..., tuple[int, str]]


class NoStacks:
    """In place of the stacks: the stub of the relay needs none."""

    is_spoilt = False

    def __call__(self) -> None:
        """Start none."""

    def close(self) -> None:
        """End none."""


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    """Runs the command without a stack: its exit code and what it printed."""
    monkeypatch.setattr(command, "Stacks", NoStacks)

    def run(*arguments: str) -> tuple[int, str]:
        code = command.main(["--scenario", "changes", "--faults", "kill", *arguments])
        return code, capsys.readouterr().out

    return run


def test_a_sweep_that_met_everything_succeeds(relay: Relay, said: Said) -> None:
    code, text = said()

    assert code == 0
    assert "4 points of changes, 3 different steps\n9 runs\n8 faults, 8 hit, 0 not hit" in text


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"breaks_at": "killed-after"}, "4 runs broke a promise"),
        ({"reached": 3}, "8 faults, 6 hit, 2 not hit"),
        ({"operations": ()}, "none of the chosen faults fits a point"),
    ],
)
def test_a_sweep_that_broke_or_missed_something_fails(
    relay: Relay, said: Said, changed: dict[str, Any], text: str
) -> None:
    vars(relay).update(changed)

    code, printed = said()

    assert code == 1
    assert text in printed


def test_a_sweep_of_points_that_are_not_there_fails(relay: Relay, said: Said) -> None:
    assert said("--points", "900-999")[0] == 1


def test_a_sweep_that_was_interrupted_fails(
    relay: Relay, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(NoStacks):
        def __call__(self) -> None:
            if len(relay.runs) > 2:
                raise KeyboardInterrupt

    monkeypatch.setattr(command, "Stacks", Interrupted)

    code, text = said()

    assert code == 1
    assert "interrupted" in text
