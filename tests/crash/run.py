"""Plays one scenario with some faults and checks the promises; called by `sweep` and the tests."""

import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from local.stack.services import StackError
from tests.crash.checks import violations
from tests.crash.driver import Driver, Stuck
from tests.crash.faults import KINDS
from tests.crash.rig import Rig
from tests.crash.scenarios import Scenario
from tests.support.fault_proxy import Call, Choose, Point, at_points
from tests.support.operations import Request
from tests.support.stack import Trial, clean


@dataclass(frozen=True, slots=True)
class Planned:
    """A kind of fault at a point."""

    point: Point
    kind: str

    def __str__(self) -> str:
        return f"{self.point}/{self.kind}"

    @classmethod
    def parsed(cls, text: str) -> "Planned":
        """The inverse of `str`.

        Raises:
            ValueError: for anything else.
        """
        rest, _, kind = text.rpartition("/")
        rest, _, number = rest.rpartition("/")
        function, _, operation = rest.partition("/")
        if kind not in KINDS or not operation:
            raise ValueError(f"no fault at a point: {text}")
        return cls(Point(function, operation, int(number)), kind)


Faults = Sequence[Planned]


@dataclass(slots=True)
class Result:
    """A run. `broken`: the promises that it broke."""

    scenario: str
    faults: Faults = ()
    calls: Sequence[Call] = ()
    broken: list[str] = field(default_factory=list)
    is_stuck: bool = False
    seconds: float = 0.0

    @property
    def not_hit(self) -> list[Planned]:
        """Faults whose point was not reached."""
        hit = {(call.point, call.fault) for call in self.calls}
        return [one for one in self.faults if (one.point, one.kind) not in hit]

    def points(self) -> list[Point]:
        """All points in the order in which they were reached."""
        return [call.point for call in self.calls]

    def command(self) -> str:
        """The command that repeats the run, with the faults that it met."""
        missing = self.not_hit
        at = [word for one in self.faults if one not in missing for word in ("--at", str(one))]
        return shlex.join(["python", "-m", "tests.crash", "--scenario", self.scenario, *at])

    def outline(self) -> "Result":
        """The same without contents of calls; of a run with faults, only the calls that met one."""
        empty = Request("", "", {})
        kept = [call for call in self.calls if call.fault or not self.faults]
        return replace(self, calls=[replace(call, request=empty, taken=None) for call in kept])

    def trace(self) -> list[str]:
        """One line per call, with the fault that it met."""
        return [
            f"{number:4} {call.point} -> {call.status or 'no answer'}"
            + (f"   <== {call.fault}" if call.fault else "")
            for number, call in enumerate(self.calls, 1)
        ]


def run_once(rig: Rig, scenario: Scenario, faults: Faults = ()) -> Result:
    """Play a whole scenario with these faults, and check the promises."""
    plan = {one.point: KINDS[one.kind].planned(one.point.operation) for one in faults}
    result = play(rig, scenario, at_points(plan))
    result.faults = faults
    return result


def play(rig: Rig, scenario: Scenario, choose: Choose) -> Result:
    """The same with faults that are chosen on the way; the result names them."""
    begun = time.monotonic()
    clean(rig.stack)
    del rig.lines[:]
    # New processes read anew what a function remembers: secrets, connections.
    rig.stack.restart_functions()
    driver = Driver(rig, Trial(rig.stack, rig.lines))
    rig.proxy.begin(choose)
    result = Result(scenario.name)
    try:
        scenario.play(driver)
        driver.drain()
        if driver.redrive():
            driver.drain()
        result.broken = violations(scenario, driver, rig.proxy.calls)
    except (Stuck, StackError) as error:
        result.broken = [str(error)]
        result.is_stuck = True
    result.calls = list(rig.proxy.calls)
    result.faults = [Planned(call.point, call.fault) for call in result.calls if call.fault]
    result.seconds = time.monotonic() - begun
    return result
