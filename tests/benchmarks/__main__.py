"""`make bench`: measures the relay and fails when a bar is missed.

    python -m tests.benchmarks [NAME ...]

Each benchmark runs in a process of its own, so that none inherits memory or imports of another.
"""

import subprocess
import sys
from importlib import import_module

NAMES = (
    "submit",
    "phones",
    "memory",
    "memory_large",
    "receive",
    "answers",
    "efficiency",
    "cost",
    "pacing",
    "usual",
    "mateo",
    "desk",
    "files",
)


def run_here(name: str) -> int:
    """Run one benchmark in this process; 1 when a bar is missed."""
    missed = 0
    for measure in import_module(f"tests.benchmarks.{name}").measure():
        print(measure, flush=True)
        missed |= not measure.is_met
    return missed


def run_all(names: list[str]) -> int:
    """Run benchmarks one after the other, each in a new process; 1 when one of them fails."""
    failed = 0
    for name in names:
        command = [sys.executable, "-m", "tests.benchmarks", "--here", name]
        failed |= subprocess.run(command, check=False).returncode != 0
    return failed


def main(arguments: list[str]) -> int:
    """Benchmarks by name, all of them without a name."""
    unknown = sorted(set(arguments) - {*NAMES, "--here"})
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(NAMES)}")
        return 2
    if arguments[:1] == ["--here"]:
        return run_here(arguments[1])
    return run_all(arguments or list(NAMES))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
