"""Lets many faults happen in one run, each of them once in all runs together."""

from collections import defaultdict
from collections.abc import Sequence
from random import Random

from tests.crash.faults import KINDS
from tests.crash.rehearsal import Planned
from tests.support.fault_proxy import PlannedFault, Point


class Crowd:
    """Chooses faults as the calls of a run come, evenly over all points that still lack some.

    Args:
        planned: the faults that have to be met.
        size: about how many of them one run meets.
        chance: decides which.
    """

    def __init__(self, planned: Sequence[Planned], size: float, chance: Random) -> None:
        self._size = size
        self._chance = chance
        self._left: dict[Point, list[str]] = defaultdict(list)
        for one in planned:
            self._left[one.point].append(one.kind)
        self._share = 0.0
        self._lasting: dict[tuple[str, str], tuple[int, PlannedFault]] = {}
        """Step → the last call of it that a fault that persists is to meet, and the fault."""
        self.met: list[Planned] = []
        """What was met in this run for the first time."""

    def begin(self, *, with_all: bool) -> None:
        """Choose for the next run; `with_all`: whatever it can meet."""
        self.met = []
        self._lasting.clear()
        self._share = 1.0 if with_all else self._size / len(self._left)

    def left(self) -> list[Planned]:
        """What no run has met so far."""
        return [Planned(point, kind) for point, kinds in self._left.items() for kind in kinds]

    def __call__(self, point: Point) -> PlannedFault | None:
        """What the proxy asks at each call."""
        until, lasting = self._lasting.get(point[:2], (0, None))
        if lasting is not None and point.number <= until:
            return lasting
        if point not in self._left or self._chance.random() >= self._share:
            return None
        kinds = self._left[point]
        kind = kinds.pop(self._chance.randrange(len(kinds)))
        if not kinds:
            del self._left[point]
        self.met.append(Planned(point, kind))
        planned = KINDS[kind].planned(point.operation)
        self._lasting[point[:2]] = point.number + planned.times - 1, planned
        return planned
