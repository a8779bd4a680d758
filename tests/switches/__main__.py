"""`python -m tests.switches`: the whole relay against each switch alone, and many combinations.

Each switch is one thing that Mateo's documents leave open. The relay runs on the embedded stack,
with real processes; a run takes a stack with `SendReferenceId` and one without. It exits with 1 if
anything was lost, doubled, overwritten by something older, beyond a limit, or without a report.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from local.services import StackError
from tests.support.stack import Grounds, running_stack
from tests.switches.choices import Combination, alone, drawn, parse
from tests.switches.trying import wrong_with


def main(arguments: Sequence[str]) -> int:
    """Try what the options choose; 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.switches", description=__doc__)
    parser.add_argument("--combinations", type=int, default=50, help="random ones (50)")
    parser.add_argument("--seed", type=int, default=1, help="what draws them (1)")
    parser.add_argument("--only", metavar="'NAME=POSITION …'", help="this combination alone")
    options = parser.parse_args(arguments)
    wanted = [*alone(), *drawn(options.seed, options.combinations)]
    if options.only is not None:
        wanted = [parse(options.only)]
    failed = []
    for sends in ("false", "true"):
        part = [one for one in wanted if _sends_reference(one) == sends]
        if part:
            with (
                tempfile.TemporaryDirectory() as folder,
                running_stack(Path(folder), SendReferenceId=sends) as grounds,
            ):
                failed += [one for one in part if not _try(grounds, one)]
    print(f"{len(wanted) - len(failed)} of {len(wanted)} combinations are as promised")
    return 1 if failed else 0


def _sends_reference(combination: Combination) -> str:
    """The relay sends its reference where Mateo is asked what it does with one."""
    return "true" if "reference-id" in combination.positions else "false"


def _try(grounds: Grounds, combination: Combination) -> bool:
    begun = time.monotonic()
    try:
        wrong = wrong_with(grounds, combination)
    except (AssertionError, StackError) as error:
        wrong = [str(error)]
    seconds = time.monotonic() - begun
    print(f"{'WRONG' if wrong else 'ok   '} {seconds:5.0f} s  {combination}", flush=True)
    for one in wrong:
        print(f"        {one}", flush=True)
    return not wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
