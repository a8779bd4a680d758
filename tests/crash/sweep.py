"""Which runs a sweep makes: every fault that fits, at every point that a recording found.

Double faults kill once at each point and once more at some point that the recovery from it reached.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.crash.faults import KILLS, KINDS, Kind
from tests.crash.grounds import Grounds
from tests.crash.rehearsal import Faults, Planned, Result, rehearse
from tests.crash.scenarios import Scenario
from tests.support.fault_proxy import Point

DOUBLE = "double"
PAIRS = 2
"""Second kills that are tried for each first one."""
TRIES = 3
"""How often a run is repeated in which a point was not reached: moments differ from run to run."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What is wanted of a sweep. `numbers`: of the points in the recording, from 1; None: all."""

    groups: frozenset[str]
    functions: frozenset[str] = frozenset()
    numbers: range | None = None
    kinds: frozenset[str] = frozenset()
    seed: int = 0


@dataclass(slots=True)
class Sweep:
    """A sweep under way. `show` is called with each result."""

    grounds: Callable[[], Grounds]
    show: Callable[[Result], None]
    results: list[Result] = field(default_factory=list)

    def run(self, scenario: Scenario, choice: Choice) -> None:
        """Record a scenario, then play it again with each fault."""
        recording = self.play(scenario, ())
        for point in chosen(recording.points(), choice):
            for kind in fitting(choice, point):
                planned = Planned(point, kind.name)
                single = self.play(scenario, [planned])
                if DOUBLE in choice.groups and kind.group == KILLS:
                    chance = random.Random(f"{choice.seed} {planned}")  # noqa: S311
                    for second in seconds(single, planned, chance):
                        self.play(scenario, [planned, second])

    def play(self, scenario: Scenario, faults: Faults) -> Result:
        """One run, again if a point was not reached."""
        for _ in range(TRIES):
            result = rehearse(self.grounds(), scenario, faults)
            if result.broken or not result.not_hit:
                break
        self.results.append(result)
        self.show(result)
        return result


def wanted(choice: Choice) -> list[Kind]:
    """The kinds of single or first faults; a double fault begins with a single kill."""
    groups = choice.groups | ({KILLS} if DOUBLE in choice.groups else set())
    found = [kind for kind in KINDS.values() if kind.group in groups]
    return [kind for kind in found if not choice.kinds or kind.name in choice.kinds]


def fitting(choice: Choice, point: Point) -> list[Kind]:
    """Those of them that a point can meet."""
    return [kind for kind in wanted(choice) if kind.fits(point.operation)]


def chosen(points: Sequence[Point], choice: Choice) -> Iterator[Point]:
    """The points of a recording that are wanted."""
    for number, point in enumerate(points, 1):
        if choice.functions and point.function not in choice.functions:
            continue
        if choice.numbers is None or number in choice.numbers:
            yield point


def seconds(single: Result, first: Planned, draw: random.Random) -> list[Planned]:
    """Some kills at points that were reached after the first one."""
    points = single.points()
    if first.point not in points:
        return []
    after = points[points.index(first.point) + 1 :]
    kinds = [kind.name for kind in KINDS.values() if kind.group == KILLS]
    drawn = draw.sample(after, min(PAIRS, len(after)))
    return [Planned(point, draw.choice(kinds)) for point in drawn]
