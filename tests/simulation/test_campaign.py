"""A campaign finds the seeds that fail, and no seed ends it."""

import io
import json
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path

import pytest

from tests.simulation import campaign, stubs
from tests.simulation.__main__ import main
from tests.simulation.campaign import DEAD, HANGS, attempt, attempt_seed, run_seeds
from tests.simulation.report import Report, RunTotals
from tests.simulation.scenario import Findings, Scenario
from tests.simulation.stubs import DIFFERS, HUNGRY, KILLS, LOSES, seeds_that_fail
from tests.simulation.world import Environment, Fault, World

STUBS = stubs.__name__


class Endless:
    """Its seeds never end, and handle whatever stops other programs."""

    def scenario_of(self, seed: int) -> Scenario:
        return Scenario(seed, ())

    def run(self, scenario: Scenario, *, trace: bool = False) -> Findings:
        def body() -> None:
            while True:
                with suppress(Exception):
                    time.sleep(1)

        world = World(scenario.seed)
        submitter = Environment("submit", 1, 0.0)
        world.spawn("submit 1", body, environment=submitter, timeout_s=9, on_end=lambda _: None)
        return Findings(scenario)


class Unmade(Endless):
    """Its scenarios cannot be made."""

    def scenario_of(self, seed: int) -> Scenario:
        raise LookupError(seed)


class Miscounting(Endless):
    """It says that a call was hit for which its scenario has no fault."""

    def run(self, scenario: Scenario, *, trace: bool = False) -> Findings:
        return Findings(scenario, hit={4: "S3.PutObject"})


class Interrupting(io.StringIO):
    """A terminal at which somebody presses Ctrl-C when the first hundred seeds are done."""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        progress = re.match(r"\r\x1b\[2K([\d,]+) of ", text)
        if progress and int(progress[1].replace(",", "")) >= 100:
            os.kill(os.getpid(), signal.SIGINT)
        return super().write(text)


@pytest.fixture(scope="module")
def hundred() -> Report:
    """Seeds 1 to 100 in two processes."""
    return run_seeds(1, 100, 2, name=STUBS, out=io.StringIO())


def test_a_campaign_finds_every_seed_that_fails(hundred: Report) -> None:
    lost, crashed = seeds_that_fail(1, 100)
    found = hundred.totals.by_promise()
    assert [one.seed for one in found["lost"]] == lost
    assert [one.seed for one in found["crash: LookupError"]] == crashed
    assert set(found) == {"lost", "miscounted", "crash: LookupError"}


def test_a_crash_is_reported_with_its_traceback(hundred: Report) -> None:
    (first, *_) = hundred.totals.by_promise()["crash: LookupError"]
    assert first.brief == "LookupError: seed 33 crashes"
    assert 'raise LookupError(f"seed {seed} crashes")' in first.what


def test_a_campaign_adds_up_what_its_workers_found(hundred: Report) -> None:
    _, crashed = seeds_that_fail(1, 100)
    ran = 100 - len(crashed)
    totals = hundred.totals
    assert hundred.is_whole
    assert totals.seeds == 100
    assert totals.calls == ran * stubs.CALLS
    assert totals.days == ran * 0.5
    assert totals.counts["attempted"] == ran * 20
    assert totals.counts["acknowledged"] == totals.outcomes.total() + totals.counts["lost"]
    assert totals.hits.total() == ran * 2
    assert totals.busy_s > 0


def test_a_campaign_finds_the_same_in_one_process(hundred: Report) -> None:
    alone = campaign.run_chunk(STUBS, range(1, 101))
    assert alone.by_promise() == hundred.totals.by_promise()
    assert alone.hits == hundred.totals.hits
    assert alone.counts == hundred.totals.counts


def test_a_seed_that_kills_its_worker_or_takes_all_memory_fails_alone() -> None:
    report = run_seeds(KILLS - 3, 9, 1, name=STUBS, out=io.StringIO())
    found = report.totals.by_promise()
    assert [one.seed for one in found[DEAD]] == [KILLS]
    assert [one.seed for one in found["crash: MemoryError"]] == [HUNGRY]
    assert report.totals.seeds == 8
    assert not report.is_whole


def test_a_seed_that_never_ends_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign, "SEED_LIMIT_S", 0.05)
    (violation,) = attempt(Endless(), Scenario(1, ())).violations
    assert violation.promise == HANGS
    assert "time.sleep(1)" in violation.what


def test_a_run_that_counts_a_fault_outside_its_scenario_fails() -> None:
    (violation,) = attempt(Miscounting(), Scenario(1, (), {3: Fault.SLOW})).violations
    assert violation.what.startswith("AssertionError: calls [4] were hit by faults that the")


def test_a_seed_whose_scenario_cannot_be_made_fails() -> None:
    findings = attempt_seed(Unmade(), 8)
    assert findings.scenario.seed == 8
    assert [one.promise for one in findings.violations] == ["crash: LookupError"]


@pytest.fixture
def _hears_ctrl_c() -> Iterator[None]:
    """Ctrl-C is heard even if a shell started these tests in its background, where it is not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_hears_ctrl_c")
@pytest.mark.parametrize(("first", "status"), [(1, 1), (-(10**9), 130)])
def test_ctrl_c_ends_a_campaign_with_the_report_so_far(
    first: int, status: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", Interrupting())
    arguments = ["--seeds", "100000000", "--first", str(first), "--no-shrink", "--jobs", "1"]
    assert main(arguments, name=STUBS) == status
    text = capsys.readouterr().out
    assert text.startswith("STOPPED after ")
    assert ("\n  lost: 25, 50, 75, " in text) == (status == 1)


# ---------------------------------------------------------------- the command


def test_a_seed_that_holds_ends_with_0_and_prints_no_trace(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "report.json"
    assert main(["--seed", "1", "--json", str(file)], name=STUBS) == 0
    text = capsys.readouterr().out
    assert text.startswith("seed 1: 0.5 virtual days, 10 calls, 2 of them hit by a fault\n")
    assert text.endswith("No promise was broken.\n")
    assert json.loads(file.read_text())["seeds"] == 1


def test_a_seed_that_fails_prints_its_smallest_trace_and_how_to_repeat_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--seed", str(LOSES)], name=STUBS) == 1
    text = capsys.readouterr().out
    assert text.startswith(
        f"seed {LOSES} breaks a promise: lost\n"
        "  lost: k4b of e4 was acknowledged and has no outcome\n"
        "  miscounted: there is one item too few\n"
    )
    assert (
        """\
  1 webhook with 1 record, 1 fault

>   0d 00:04:00.000  receive#0  accepted     keys={k4b}
    0d 00:05:00.000  track#1    looked
    0d 00:19:00.000  track      ... 14 more
! LOST: k4b of e4 was acknowledged and has no outcome
! MISCOUNTED: there is one item too few

Again: make simulate SEED=25
"""
    ) in text
    assert "BROKEN, in 1 seeds:" in text


def test_a_seed_is_not_shrunk_if_the_command_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seed", str(LOSES), "--no-shrink"], name=STUBS) == 1
    text = capsys.readouterr().out
    assert (
        "  10 webhooks with 20 records, 3 faults\n  fault profile: skew_s=2.0 stale_index=0.5\n"
        in text
    )
    assert "smaller" not in text


def test_a_seed_that_does_not_repeat_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seed", str(DIFFERS)], name=STUBS) == 1
    text = capsys.readouterr().out
    assert f"NOT DETERMINISTIC: two runs of seed {DIFFERS} differ, at line 1:\n  calls: 1" in text


def test_the_command_reports_a_campaign_and_a_trace_of_each_broken_promise(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "report.json"
    arguments = ["--seeds", "80", "--jobs", "2", "--first", "20", "--json", str(file)]
    assert main(arguments, name=STUBS) == 1
    text = capsys.readouterr().out
    assert "80 seeds from 20 in " in text
    assert "  lost: 25, 50, 75\n" in text
    assert text.count("Again: make simulate SEED=") == 2
    assert "Again: make simulate SEED=33" in text
    violations = json.loads(file.read_text())["violations"]
    assert [one["seed"] for one in violations] == [33, 66, 99, 25, 50, 75, 25, 50, 75]


def test_a_worker_that_something_else_kills_costs_no_seed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = campaign._Work.collect
    killed: list[bool] = []

    def kill_first(self: campaign._Work, totals: RunTotals, timeout_s: float) -> None:
        if not killed:
            killed.append(True)
            campaign._terminate(self.pool)
        real(self, totals, timeout_s)

    monkeypatch.setattr(campaign._Work, "collect", kill_first)
    out = io.StringIO()

    report = run_seeds(-40, 30, 1, name=STUBS, out=out)

    assert (report.totals.seeds, report.totals.failures) == (30, [])
    assert "something killed a worker, and none of the seeds -40--21 does" in out.getvalue()


def test_a_campaign_ends_where_something_keeps_killing_workers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise BrokenProcessPool

    monkeypatch.setattr(campaign, "_run_chunks", broken)

    report = run_seeds(5, 30, 1, name=STUBS, out=io.StringIO())

    (failure,) = report.totals.failures
    assert (failure.seed, failure.promise) == (5, DEAD)
    assert "too little memory" in failure.what
