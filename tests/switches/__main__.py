"""`python -m tests.switches`: the whole relay against each switch alone, and many combinations.

Each switch is one thing that Mateo's documents leave open. The relay runs on embedded stacks, with
real processes: several at the same time, each of which tries one combination after the other. The
relay sends its reference only in combinations that set what Mateo does with it, so these have
stacks of their own. It exits with 1 if anything was lost, doubled, overwritten by something older,
beyond a limit, or without a report.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby, pairwise
from pathlib import Path

from local.child import ROOT
from local.stack.services import StackError
from tests.support.stack import Rig, running_stack
from tests.switches.choices import Combination, alone, drawn, parse
from tests.switches.trying import wrong_with

OK = "ok   "
TRACKED = "4"
"""Hours after which an import is given up; a day would only take longer."""


def main(arguments: Sequence[str]) -> int:
    """Try what the options choose; 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.switches", description=__doc__)
    parser.add_argument("--combinations", type=int, default=50, help="random ones (50)")
    parser.add_argument("--seed", type=int, default=1, help="what draws them (1)")
    parser.add_argument(
        "--stacks", type=int, default=os.cpu_count() or 1, help="at the same time (one per core)"
    )
    parser.add_argument(
        "--only",
        action="append",
        metavar="'NAME=POSITION …'",
        help="this combination alone; may be repeated",
    )
    options = parser.parse_args(arguments)
    wanted = [*alone(), *drawn(options.seed, options.combinations)]
    if options.only:
        wanted = [parse(one) for one in options.only]
    wanted.sort(key=sends_reference)  # stable: combinations for one stack follow each other
    if options.stacks == 1 or len(wanted) == 1:
        return 0 if _try_all(wanted) == len(wanted) else 1
    with ThreadPoolExecutor(options.stacks) as pool:
        kept = sum(pool.map(_elsewhere, shares(wanted, options.stacks)))
    print(f"{kept} of {len(wanted)} combinations are as promised")
    return 0 if kept == len(wanted) else 1


def sends_reference(combination: Combination) -> str:
    """Whether the relay sends its reference, as a parameter of the stack: `true` or `false`."""
    return "true" if "reference-id" in combination.positions else "false"


def shares(wanted: Sequence[Combination], number: int) -> list[Sequence[Combination]]:
    """At most `number` parts of about the same size, in the order of the whole; none is empty."""
    bounds = [len(wanted) * n // number for n in range(number + 1)]
    parts = [wanted[begin:end] for begin, end in pairwise(bounds)]
    return [part for part in parts if part]


def _elsewhere(part: Iterable[Combination]) -> int:
    """Try these in another process, which prints as it goes; returns how many are as promised."""
    command = [sys.executable, "-m", "tests.switches", "--stacks", "1"]
    for one in part:
        command += ["--only", str(one)]
    kept = 0
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            kept += line.startswith(OK)
            print(line, end="", flush=True)
    return kept


def _try_all(wanted: Iterable[Combination]) -> int:
    """Try one after the other; returns how many are as promised."""
    kept = 0
    for sends, part in groupby(wanted, sends_reference):
        with (
            tempfile.TemporaryDirectory() as folder,
            running_stack(Path(folder), SendReferenceId=sends, TrackingHours=TRACKED) as rig,
        ):
            kept += sum(_try(rig, one) for one in part)
    return kept


def _try(rig: Rig, combination: Combination) -> bool:
    begun = time.monotonic()
    try:
        wrong = wrong_with(rig, combination)
    except (AssertionError, StackError) as error:
        wrong = [str(error)]
    seconds = time.monotonic() - begun
    print(f"{'WRONG' if wrong else OK} {seconds:5.0f} s  {combination}", flush=True)
    for one in wrong:
        print(f"        {one}", flush=True)
    return not wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
