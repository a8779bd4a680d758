"""Meets each step of the functions once, with many faults in few runs, for where time is short.

The steps are found on the way, so that nobody has to add a new one.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from tests.crash.faults import Kind
from tests.crash.rig import Rig
from tests.crash.run import Result, play
from tests.crash.scenarios import Scenario
from tests.support.fault_proxy import PlannedFault, Point

Step = tuple[str, str]
"""A function and one of its operations."""


class Coverage:
    """Goes through the steps with some kinds of faults: each step meets one that fits it.

    Args:
        most: how many faults one function meets in one run. After ten receives a message is a dead
            letter.
    """

    def __init__(self, kinds: Sequence[Kind], *, most: int) -> None:
        self._kinds = kinds
        self._most = most
        self._met: set[Step] = set()
        self._used: Counter[str] = Counter()
        self._in_run: Counter[str] = Counter()

    def runs(self, rig: Rig, scenario: Scenario) -> Iterator[Result]:
        """Play the scenario until a run meets nothing new."""
        while True:
            before = len(self._met)
            self._in_run.clear()
            yield play(rig, scenario, self._choose)
            if len(self._met) == before:
                return

    def left(self, recording: Result) -> set[Step]:
        """The steps of a recording that were not met although a fault fits them."""
        steps = {point[:2] for point in recording.points() if self._fitting(point)}
        return steps - self._met

    def _fitting(self, point: Point) -> list[Kind]:
        """The kinds that fit a call, the least used ones first."""
        fitting = [kind for kind in self._kinds if kind.fits(point.operation)]
        return sorted(fitting, key=lambda kind: self._used[kind.name])

    def _choose(self, point: Point) -> PlannedFault | None:
        step, kinds = point[:2], self._fitting(point)
        if not kinds or step in self._met or self._in_run[point.function] >= self._most:
            return None
        self._met.add(step)
        self._used[kinds[0].name] += 1
        self._in_run[point.function] += 1
        return kinds[0].planned(point.operation)
