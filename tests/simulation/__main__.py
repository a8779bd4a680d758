"""`make simulate`: the relay's promises under faults, seed after seed, on all cores.

    python -m tests.simulation [--seeds N] [--first SEED] [--jobs N] [--json FILE]
    python -m tests.simulation --seed SEED [--trace] [--no-shrink] [--full]

Prints what was attempted, acknowledged, lost, duplicated, stale, unexpected, over limits and
recovered. For a seed that breaks a promise it prints a trace, as short as it finds one, and the
command that repeats it. Ends with 1 if a promise is broken, and with 130 if it was interrupted.
"""

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Collection
from functools import partial
from pathlib import Path

from tests.simulation import campaign
from tests.simulation.campaign import DEAD, HANGS, SIMULATION, Simulation
from tests.simulation.report import Failure, Report, RunTotals, json_of, text_of, text_of_one
from tests.simulation.scenario import Findings, Scenario
from tests.simulation.shrink import Shrunk, shrink
from tests.simulation.trace import difference, tell, trace

BROKEN, INTERRUPTED = 1, 130
TRACES = 3
"""How many broken promises a campaign explains, each by the first seed that breaks it."""


def main(arguments: list[str] | None = None, *, name: str = SIMULATION) -> int:
    """One seed, or many; `name` is the module of the simulation."""
    options = _parser().parse_args(arguments)
    try:
        if options.seed is not None:
            return one_seed(options, name)
        return many_seeds(options, name)
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make simulate", description="the relay's promises under faults, seed after seed"
    )
    seeds = parser.add_mutually_exclusive_group()
    seeds.add_argument("--seed", type=int, help="run this one, twice, and print what it breaks")
    seeds.add_argument("--seeds", type=_positive, default=5_000, help="how many to run")
    parser.add_argument("--first", type=int, default=1, help="the first of them")
    parser.add_argument("--jobs", type=_positive, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report there as well")
    parser.add_argument("--trace", action="store_true", help="print it even if nothing is broken")
    parser.add_argument("--full", action="store_true", help="print every line of a trace")
    parser.add_argument("--no-shrink", dest="shrinks", action="store_false")
    parser.add_argument("--shrink-s", type=float, default=20.0, help="time for a shorter trace")
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("a number above 0 is needed")
    return int(text)


# ---------------------------------------------------------------- many seeds


def many_seeds(options: argparse.Namespace, name: str) -> int:
    """Run them, print the report, and explain the first seed of each broken promise."""
    report = campaign.run_seeds(
        options.first, options.seeds, options.jobs, name=name, out=sys.stderr
    )
    _write(options.json, report)
    print(text_of(report), flush=True)
    firsts = [failures[0] for failures in report.totals.by_promise().values()]
    told: set[tuple[int, str]] = set()
    for failure in firsts[:TRACES]:
        if (failure.seed, failure.promise) not in told:
            print()
            broken = _explain(options, campaign.load(name), failure)
            told |= {(failure.seed, promise) for promise in broken}
    if firsts:
        return BROKEN
    return 0 if report.is_whole else INTERRUPTED


def _write(path: Path | None, report: Report) -> None:
    if path is not None:
        path.write_text(json.dumps(json_of(report), indent=2) + "\n")


def _explain(
    options: argparse.Namespace, simulation: Simulation, failure: Failure
) -> Collection[str]:
    """Print the trace of a failing seed of a campaign; returns the promises that it breaks.

    A seed that stops a whole process is not run here.
    """
    if failure.promise in {DEAD, HANGS}:
        print(f"seed {failure.seed}, {failure.promise}: {failure.what}")
        return ()
    findings = campaign.attempt_seed(simulation, failure.seed, trace=True)
    if failure.promise in {one.promise for one in findings.violations}:
        return _tell_failure(options, simulation, findings, failure.promise)
    _complain(f"seed {failure.seed} breaks {failure.promise!r} in a worker, but not here.")
    return ()


# ---------------------------------------------------------------- one seed


def one_seed(options: argparse.Namespace, name: str) -> int:
    """Run it here and in another process; print its trace if it breaks a promise."""
    simulation = campaign.load(name)
    begun, cpu = time.monotonic(), time.process_time()
    findings = campaign.attempt_seed(simulation, options.seed, trace=True)
    totals = RunTotals(busy_s=time.process_time() - cpu)
    totals.add(findings)
    _write(options.json, Report(totals, options.seed, 1, 1, time.monotonic() - begun))
    if findings.violations:
        _tell_failure(options, simulation, findings, findings.violations[0].promise)
        print()
    elif options.trace:
        print(tell(findings, full=options.full), end="\n\n")
    print(f"seed {options.seed}: {text_of_one(totals)}", flush=True)
    hangs = any(one.promise == HANGS for one in findings.violations)
    is_same = hangs or _is_repeatable(name, findings)
    return 0 if is_same and not findings.violations else BROKEN


def _is_repeatable(name: str, findings: Findings) -> bool:
    """Whether another process has the same calls, findings and trace, with a trace and without."""
    here = trace(findings)
    untold, told = campaign.replay_elsewhere(name, findings.scenario.seed)
    unlike = difference(here, told) or difference(here[: len(untold)], untold)
    if unlike:
        _complain(f"two runs of seed {findings.scenario.seed} differ, at {unlike}")
    return not unlike


def _complain(difference: str) -> None:
    print(f"\nNOT DETERMINISTIC: {difference}", flush=True)
    print("No seed can be trusted to repeat until the cause is found.", flush=True)


# ---------------------------------------------------------------- its trace


def _tell_failure(
    options: argparse.Namespace, simulation: Simulation, findings: Findings, promise: str
) -> Collection[str]:
    """Print what a seed breaks, its trace or a shorter one, and how to see it again.

    Returns the promises that the trace breaks.
    """
    seed = findings.scenario.seed
    print(f"seed {seed} breaks a promise: {promise}", flush=True)
    for violation in findings.violations:
        print(f"  {violation.promise}: {violation.what.splitlines()[0]}", flush=True)
    if options.shrinks and promise != HANGS:
        found, seconds = _shorter(simulation, findings.scenario, promise, options.shrink_s)
        end = "" if found.is_done else ", then time ran out (--shrink-s)"
        print(f"\nA smaller scenario that breaks it ({found.tries:,} tries, {seconds:.1f} s{end}):")
        findings = campaign.attempt(simulation, found.scenario, trace=True)
    print(tell(findings, full=options.full))
    print(f"\nAgain: make simulate SEED={seed}", flush=True)
    return {one.promise for one in findings.violations}


def _shorter(
    simulation: Simulation, scenario: Scenario, promise: str, seconds: float
) -> tuple[Shrunk, float]:
    begun = time.monotonic()
    found = shrink(
        scenario,
        partial(_breaks, simulation, promise),
        lambda: time.monotonic() - begun > seconds,
    )
    return found, time.monotonic() - begun


def _breaks(simulation: Simulation, promise: str, scenario: Scenario) -> bool:
    found = campaign.attempt(simulation, scenario)
    return any(one.promise == promise for one in found.violations)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C, where nobody can type
    sys.exit(main())
