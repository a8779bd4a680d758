"""Sweeps over a stub of the relay, without a stack."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

import pytest

from tests.crash import sweep as sweep_module
from tests.crash.faults import KILLS, KINDS
from tests.crash.run import Planned, Result
from tests.crash.scenarios import SCENARIOS
from tests.crash.sweep import Choice, Sweep
from tests.support.fault_proxy import Call, Choose, Point, at_points
from tests.support.operations import Request

SCENARIO = SCENARIOS["changes"]
OPERATIONS = ("S3.PutObject a", "SFN.StartExecution", "Mateo.GET /import?id", "SFN.StartExecution")


class Relay:
    """A stub: makes its calls, each one again that failed, and all again after it was killed.

    Attributes:
        operations: its calls; from the second run on it makes only `reached` of them.
        shortcut: a run that met two faults ends after so many of its operations.
        recovers: whether it begins again after it was killed.
        breaks_at: the kind of fault that makes it break a promise.
        runs: all calls of each run.
        met: which of `operations` (from 0) met which kind.
    """

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, operations: Sequence[str] = OPERATIONS
    ) -> None:
        self.operations = operations
        self.reached = len(operations)
        self.shortcut = len(operations)
        self.recovers = True
        self.breaks_at = ""
        self.runs: list[list[Call]] = []
        self.met: set[tuple[int, str]] = set()
        monkeypatch.setattr(sweep_module, "play", self._play)
        monkeypatch.setattr(sweep_module, "run_once", self._run_once)

    def _play(self, rig: object, scenario: object, choose: Choose) -> Result:
        calls: list[Call] = []
        counts: Counter[str] = Counter()
        end = self.reached if self.runs else len(self.operations)
        number = 0
        while number < end:
            operation = self.operations[number]
            counts[operation] += 1
            point = Point("SubmitImports", operation, counts[operation])
            planned = choose(point)
            calls.append(Call(point, Request("POST", "/", {}), planned.name if planned else ""))
            if planned is None:
                number += 1
                continue
            self.met.add((number, planned.name))
            if sum(bool(call.fault) for call in calls) > 1:
                end = min(end, self.shortcut)
            if KINDS[planned.name].group == KILLS:
                number = 0 if self.recovers else end
        self.runs.append(calls)
        met = [call for call in calls if call.fault]
        faults = [Planned(call.point, call.fault) for call in met]
        broken = ["broken"] if self.breaks_at in {call.fault for call in met} else []
        return Result("changes", faults=faults, calls=calls, broken=broken)

    def _run_once(self, rig: object, scenario: object, faults: Sequence[Planned]) -> Result:
        plan = {one.point: KINDS[one.kind].planned(one.point.operation) for one in faults}
        result = self._play(rig, scenario, at_points(plan))
        result.faults = faults
        return result

    def wanted(self, group: str) -> set[tuple[int, str]]:
        """Each call with each kind that fits it."""
        return {
            (number, kind.name)
            for number, operation in enumerate(self.operations)
            for kind in KINDS.values()
            if kind.group == group and kind.fits(operation)
        }


def swept(choice: Choice) -> list[Result]:
    """The results of a sweep, without its first run, which only records the calls."""
    sweep = Sweep(lambda: cast("Any", None), lambda _: None)
    sweep.run(SCENARIO, choice)
    return sweep.results[1:]
