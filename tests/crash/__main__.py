"""`python -m tests.crash`: every fault at every point of the scenarios, with a summary.

    python -m tests.crash --scenario changes --function TrackImport --points 60-69 --faults kill
    python -m tests.crash --scenario changes --at "SubmitImports/SFN.StartExecution/1/killed-after"

The second form plays one run with exactly these faults, and prints its trace.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.crash.faults import GROUPS, KINDS
from tests.crash.rig import HIT, Rig, running_rig
from tests.crash.run import Planned, Result
from tests.crash.scenarios import SCENARIOS
from tests.crash.sweep import ACROSS, DOUBLE, SPACING, Choice, Sweep, wanted

MAX_NAMED = 2
"""More faults are only counted in the line of their run."""
NAMED = (*GROUPS, DOUBLE, ACROSS)
"""What `--faults` takes: groups of faults, and pairs of kills of one or of two functions."""
RUNS_PER_STACK = 150
"""moto remembers every execution: a fresh stack keeps runs equally fast."""


class Stacks:
    """Gives the rig for each run; a new one from time to time, and after a run that got stuck."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._rig: Rig | None = None
        self._runs = 0
        self.is_spoilt = False

    def __call__(self) -> Rig:
        if self._rig is None or self.is_spoilt or self._runs >= RUNS_PER_STACK:
            self.close()
            folder = self._open.enter_context(tempfile.TemporaryDirectory())
            self._rig = self._open.enter_context(running_rig(Path(folder)))
            self._runs, self.is_spoilt = 0, False
        self._runs += 1
        return self._rig

    def close(self) -> None:
        """End the stack that runs."""
        self._rig = None
        self._open.close()


class Progress:
    """Prints one line per run, and everything about a run that broke a promise."""

    def __init__(self, stacks: Stacks, *, tells: bool) -> None:
        self._stacks = stacks
        self._tells = tells
        self._count = 0

    def __call__(self, result: Result) -> None:
        self._count += 1
        self._stacks.is_spoilt = result.is_stuck
        checks = "BROKEN" if result.broken else "not hit" if result.not_hit else "ok"
        what = " + ".join(map(str, result.faults)) or f"{len(result.calls)} points recorded"
        if len(result.faults) > MAX_NAMED:
            what = f"{len(result.faults)} faults"
        print(f"{self._count:5} {result.seconds:5.1f} s {result.scenario}: {what}: {checks}")
        if self._tells or result.broken:
            print(*(f"        {line}" for line in result.trace()), sep="\n")
        if result.broken:
            print(*(f"      ! {line}" for line in result.broken), sep="\n")
            print(f"      again: {result.command()}")
        sys.stdout.flush()


def summary(results: Sequence[Result]) -> list[str]:
    """The results of a sweep in a few lines."""
    faults = [one for result in results for one in result.faults]
    not_hit = [one for result in results for one in result.not_hit]
    broken = [result for result in results if result.broken]
    lines = [
        f"{len(result.calls)} points of {result.scenario}, "
        f"{len({point[:2] for point in result.points()})} different steps"
        for result in results
        if not result.faults
    ]
    lines += [f"{len(results)} runs"]
    lines += [f"{len(faults)} faults, {len(faults) - len(not_hit)} hit, {len(not_hit)} not hit"]
    lines += [f"   not hit: {one}" for one in not_hit]
    lines += [f"{len(broken)} runs broke a promise"]
    lines += [f"   {result.command()}\n      {'; '.join(result.broken)}" for result in broken]
    return lines


def main(arguments: Sequence[str]) -> int:
    """Run the sweep; 1 if a promise was broken, or if a chosen fault was not met."""
    options = _parsed(arguments)
    begun = time.monotonic()
    stacks = Stacks()
    sweep = Sweep(stacks, Progress(stacks, tells=bool(options.at)))
    is_whole = False
    try:
        for name in options.scenario or SCENARIOS:
            if options.at:
                sweep.play(SCENARIOS[name], options.at)
            else:
                sweep.run(SCENARIOS[name], _choice(options))
        is_whole = True
    except KeyboardInterrupt:
        print("interrupted")
    finally:
        stacks.close()
    print(*summary(sweep.results), f"{time.monotonic() - begun:.0f} s", sep="\n")
    if not any(result.faults for result in sweep.results):
        print("none of the chosen faults fits a point")
        is_whole = False
    return int(not is_whole or any(one.broken or one.not_hit for one in sweep.results))


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.crash",
        description="Kills and disturbs the functions at every call that they make.",
    )
    parser.add_argument("--scenario", action="append", choices=SCENARIOS, help="default: all")
    parser.add_argument("--function", action="append", choices=HIT, help="default: all")
    parser.add_argument("--points", type=_points, help="of the recording, e.g. 3-9; default: all")
    parser.add_argument(
        "--faults",
        type=_groups,
        default=",".join(NAMED),
        help=f"of {', '.join(NAMED)} (default: %(default)s)",
    )
    parser.add_argument(
        "--kind", action="append", choices=KINDS, help="only these, of two kills the first"
    )
    parser.add_argument(
        "--spacing",
        type=_count,
        default=SPACING,
        help="of this many points about one meets a fault in a run, except kills; 0: one only"
        " (default: %(default)s)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="chooses second kills, and which faults come together"
    )
    parser.add_argument("--at", action="append", type=Planned.parsed, help="one run, these faults")
    options = parser.parse_args(arguments)
    if not options.at and not wanted(_choice(options)):
        parser.error("--faults and --kind leave no fault")
    return options


def _choice(options: argparse.Namespace) -> Choice:
    return Choice(
        groups=options.faults,
        functions=frozenset(options.function or ()),
        numbers=options.points,
        kinds=frozenset(options.kind or ()),
        spacing=options.spacing,
        seed=options.seed,
    )


def _groups(text: str) -> frozenset[str]:
    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in NAMED]
    if unknown:
        raise argparse.ArgumentTypeError(f"no such group of faults: {', '.join(unknown)}")
    return frozenset(names)


def _points(text: str) -> range:
    first, _, last = text.partition("-")
    numbers = range(_count(first), _count(last or first) + 1)
    if not numbers:
        raise argparse.ArgumentTypeError(f"{text} is an empty range")
    return numbers


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is no number")
    return int(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
