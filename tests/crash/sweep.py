"""Which runs a sweep makes: every fault that fits, at every point that a recording found.

Kills come alone, and in pairs: at each point, and again while that function recovers, or while
another function takes over its work. Other faults come together, or a sweep would take days: each
of them is met once, but another fault of the run may repair what it breaks. So no operation of a
function meets two in one run, and each fault of a run that broke a promise is played again alone.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.crash.faults import KILLS, KINDS, Kind
from tests.crash.rig import Rig
from tests.crash.run import Faults, Planned, Result, play, run_once
from tests.crash.scenarios import Scenario
from tests.support.fault_proxy import PlannedFault, Point

DOUBLE, ACROSS = "double", "across"
"""Pairs of kills: of one function, and of two functions."""
PAIRS = frozenset({DOUBLE, ACROSS})
MAX_BETWEEN = 12
"""Most calls of the function that is killed second between the two kills of a pair."""
SPACING = 10
TRIES = 3
"""How often a run is played until all points are reached: times differ from run to run."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a sweep plays.

    Attributes:
        groups: of faults, and of `PAIRS`.
        functions: logical ids; empty: all.
        numbers: of the points in the recording, from 1; None: all.
        kinds: names; empty: all.
        spacing: of this many points about one meets a fault in a run, except kills; 0: one only.
        seed: chooses the second kills, and which faults come together.
    """

    groups: frozenset[str]
    functions: frozenset[str] = frozenset()
    numbers: range | None = None
    kinds: frozenset[str] = frozenset()
    spacing: int = SPACING
    seed: int = 0


@dataclass(slots=True)
class Sweep:
    """A sweep. `show` gets each whole result, `results` keeps its outline."""

    rig: Callable[[], Rig]
    show: Callable[[Result], None]
    results: list[Result] = field(default_factory=list)

    def run(self, scenario: Scenario, choice: Choice) -> None:
        """Record a scenario, then play it again until each fault was met, or could not be."""
        recording = self.play(scenario, ())
        planned = [
            Planned(point, kind.name)
            for point in chosen(recording.points(), choice)
            for kind in fitting(choice, point)
        ]
        kills = [one for one in planned if KINDS[one.kind].group == KILLS]
        others = [one for one in planned if KINDS[one.kind].group != KILLS]
        for kill in kills:
            if KILLS in choice.groups:
                self.play(scenario, [kill])
            if DOUBLE in choice.groups:
                function = kill.point.function
                self.play_pair(scenario, kill, function, _chance(choice, kill))
            if ACROSS in choice.groups and (after := _others(recording.points(), kill.point)):
                chance = _chance(choice, f"{kill} {ACROSS}")
                self.play_pair(scenario, kill, chance.choice(after), chance)
        if choice.spacing:
            size = len({one.point for one in others}) // choice.spacing
            self.play_together(scenario, others, max(size, 1), _chance(choice, scenario.name))
        else:
            for one in others:
                self.play(scenario, [one])

    def play(self, scenario: Scenario, faults: Faults) -> Result:
        """One run, again if a point was not reached."""
        for _ in range(TRIES):
            result = run_once(self.rig(), scenario, faults)
            if result.broken or not result.not_hit:
                break
        self._keep(result)
        return result

    def play_pair(
        self, scenario: Scenario, first: Planned, second: str, chance: random.Random
    ) -> None:
        """One run with two kills, again with fewer calls between them if it ended too soon.

        `second`: the function that the second kill hits.
        """
        between, kind = chance.randint(1, MAX_BETWEEN), chance.choice(_kills())
        tries = 0
        while True:
            pair = Pair(first, second, between, kind)
            result = play(self.rig(), scenario, pair)
            tries += not result.faults
            if result.broken or len(result.faults) > 1 or tries == TRIES:
                break
            if result.faults and between == 1:
                break
            between = between // 2 if result.faults else between
        result.faults = [*result.faults, *pair.missing()]
        self._keep(result)

    def play_together(
        self, scenario: Scenario, planned: Sequence[Planned], size: int, chance: random.Random
    ) -> None:
        """Runs with up to `size` faults each, until all were met.

        A fault whose point was not reached because of the others is played alone, and so is each
        fault of a run that broke a promise.
        """
        left = list(planned)
        missed: Counter[Planned] = Counter()
        while left:
            faults = together(left, size, chance)
            result = run_once(self.rig(), scenario, faults)
            not_hit = result.not_hit
            result.faults = [one for one in faults if one not in not_hit]
            if result.faults or result.broken:
                self._keep(result)
            missed.update(not_hit)
            alone = [one for one in not_hit if missed[one] == TRIES]
            if result.broken and len(faults) > 1:
                alone += result.faults
            for one in alone:
                self.play(scenario, [one])
            left = [one for one in left if one not in result.faults and one not in alone]

    def _keep(self, result: Result) -> None:
        self.show(result)
        self.results.append(result.outline())


class Pair:
    """Kills a function at a point, and it or another one `between` calls of that one later."""

    def __init__(self, first: Planned, second: str, between: int, kind: Kind) -> None:
        self._first = first
        self._second = second
        self._between = between
        self._kind = kind
        self._since = -1
        """Calls of the second function since the first kill; negative before it."""

    def __call__(self, point: Point) -> PlannedFault | None:
        """What the proxy asks at each call."""
        if self._since < 0:
            if point != self._first.point:
                return None
            self._since = 0
            return KINDS[self._first.kind].planned(point.operation)
        self._since += point.function == self._second
        if point.function != self._second or self._since != self._between:
            return None
        return self._kind.planned(point.operation)

    def missing(self) -> list[Planned]:
        """The kills that were not met; the second one gets a point that no call has."""
        if self._since < 0:
            return [self._first]
        if self._since < self._between:
            return [Planned(Point(self._second, "any later call", 0), self._kind.name)]
        return []


def together(left: Sequence[Planned], size: int, chance: random.Random) -> list[Planned]:
    """Some faults for one run, at most one for each operation of a function."""
    drawn: dict[tuple[str, str], Planned] = {}
    for one in chance.sample(left, len(left)):
        if len(drawn) == size:
            break
        drawn.setdefault(one.point[:2], one)
    return list(drawn.values())


def wanted(choice: Choice) -> list[Kind]:
    """The kinds of faults; both kills of a pair are single kills."""
    groups = choice.groups | ({KILLS} if PAIRS & choice.groups else set())
    found = [kind for kind in KINDS.values() if kind.group in groups]
    return [kind for kind in found if not choice.kinds or kind.name in choice.kinds]


def fitting(choice: Choice, point: Point) -> list[Kind]:
    """Those of these kinds that a point can meet."""
    return [kind for kind in wanted(choice) if kind.fits(point.operation)]


def chosen(points: Sequence[Point], choice: Choice) -> Iterator[Point]:
    """The points of a recording that are wanted."""
    for number, point in enumerate(points, 1):
        if choice.functions and point.function not in choice.functions:
            continue
        if choice.numbers is None or number in choice.numbers:
            yield point


def _others(points: Sequence[Point], first: Point) -> list[str]:
    """The other functions that make calls after a point."""
    later = points[points.index(first) + 1 :]
    return sorted({point.function for point in later} - {first.function})


def _kills() -> list[Kind]:
    return [kind for kind in KINDS.values() if kind.group == KILLS]


def _chance(choice: Choice, what: object) -> random.Random:
    return random.Random(f"{choice.seed} {what}")  # noqa: S311 - repeats what it chose
