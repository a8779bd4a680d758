"""`make fuzz`: hostile inputs for every kind of connection, on all cores.

    python -m tests.fuzz [--inputs N] [--kind KIND] [--engine hypothesis|atheris]

Prints for each kind how many inputs, how many a second, and the first finding: what happened, and
the call of `targets` that repeats it, to be put into a test.
"""

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec

from import_relay.connectors.kinds import kinds
from tests.fuzz.engines import ENGINES
from tests.fuzz.targets import FindingError

FOUND = 1


@dataclass(frozen=True)
class Run:
    """What one process did."""

    seconds: float
    finding: str


def run_here(kind: str, inputs: int, start: int, engine: str) -> int:
    """Try inputs in this process; 1 after printing a finding."""
    try:
        ENGINES[engine](kind, inputs, start)
    except FindingError as finding:
        print(finding, flush=True)
        return FOUND
    return 0


def run_apart(kind: str, inputs: int, engine: str, start: int) -> Run:
    """Try inputs in a process of their own."""
    command = [sys.executable, "-m", "tests.fuzz", "--here", str(start), "--kind", kind]
    begun = time.monotonic()
    done = subprocess.run(
        [*command, "--inputs", str(inputs), "--engine", engine],
        capture_output=True,
        text=True,
        check=False,
    )
    failed = done.returncode != 0
    finding = (done.stdout if done.returncode == FOUND else "") or done.stderr
    return Run(time.monotonic() - begun, finding.strip() if failed else "")


def run_all(kinds: list[str], inputs: int, engine: str) -> int:
    """Try inputs on all cores, one kind after the other; 1 when there is a finding."""
    cores = os.cpu_count() or 1
    found = 0
    share = -(-inputs // cores)
    for kind in kinds:
        with ThreadPoolExecutor(cores) as pool:
            starts = range(0, cores * share, share)
            runs = list(pool.map(partial(run_apart, kind, share, engine), starts))
        findings = [run.finding for run in runs if run.finding]
        rate = share * cores / max(run.seconds for run in runs)
        verdict = "FINDING" if findings else "no finding"
        print(f"{kind:20} {share * cores:>9,} inputs {rate:>7,.0f}/s  {verdict}", flush=True)
        if findings:
            print(findings[0], flush=True)
            found = FOUND
    return found


def main(arguments: list[str]) -> int:
    """Every kind, or the one that is named."""
    parser = argparse.ArgumentParser(prog="make fuzz", description="hostile inputs for every kind")
    parser.add_argument("--inputs", type=int, default=100_000, help="inputs for each kind")
    parser.add_argument("--kind", choices=sorted(kinds()))
    parser.add_argument("--engine", choices=sorted(ENGINES), default="hypothesis")
    parser.add_argument("--here", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.engine == "atheris" and find_spec("atheris") is None:
        print("atheris is not installed: pip install atheris", file=sys.stderr)
        return 2
    if given.here is not None:
        return run_here(given.kind, given.inputs, given.here, given.engine)
    return run_all([given.kind] if given.kind else sorted(kinds()), given.inputs, given.engine)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
