"""The mutation check: the simulation must find every deliberate fault in the protocol.

    python -m tests.simulation.mutants [--jobs N] [--seeds N] [--record] [NAME ...]

Each mutant of `mutations` gets a process of its own, which runs seeds with a copy of the relay that
has this fault, until one breaks a promise that the fault should break. Prints which seed that was.
Mutants that are called harmless, and the relay as it is, run as well and must break nothing. Ends
with 1 if a fault is not found or if something else breaks. `--record` writes the seeds into
`mutations/seeds.json` for the tests. Faults that no few thousand seeds find have a run that is kept
(`mutations.kept`); they are tried with that.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.simulation.mutations import MUTANTS
from tests.simulation.mutations.kept import KEPT
from tests.simulation.mutations.mutant import Mutant, copy_with, edited
from tests.simulation.scenario import Scenario

SEEDS = 5_000
HARMLESS_SEEDS = 300
"""How many a harmless mutant is tried with: enough to catch most of the others."""
WIDTH = 80
RECORDED = Path(__file__).parent / "mutations" / "seeds.json"
PRELOADED = (
    "aws_lambda_powertools.utilities.parameters",
    "concurrent.futures.process",
    "greenlet",
    "httpx",
    "phonenumbers",
    "pydantic.main",
    "xml.etree.ElementTree",
    "yaml",
    "zoneinfo",
)
"""Modules that every mutant uses unchanged, and that take long to import."""
_context = get_context("forkserver")


class Catch(NamedTuple):
    """A seed that breaks a promise, and how; 0 if no seed that was run breaks one."""

    seed: int
    promise: str
    what: str
    seconds: float


def main(arguments: list[str] | None = None) -> int:
    """Hunt some mutants or all, and print a table."""
    options = _parser().parse_args(arguments)
    unknown = set(options.names) - MUTANTS.keys()
    if unknown:
        print(f"no such mutants: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    wanted = [MUTANTS[name] for name in options.names or MUTANTS]
    for edit in (edit for mutant in wanted for edit in mutant.edits):
        edited(edit)  # fails at once, not after minutes, if the code has changed
    caught: dict[str, Catch] = {}
    good = True
    print(_row("mutant", "promise", "seed", "time", "what the seed finds"))
    for mutant, catch in _hunt_all(wanted, options.seeds, options.jobs):
        found = bool(catch.seed)
        good = good and found is not bool(mutant.harmless)
        seed = str(catch.seed) if found else "harmless" if mutant.harmless else "SURVIVES"
        said = catch.what if found else mutant.harmless
        print(_row(mutant.name, catch.promise, seed, f"{catch.seconds:.1f} s", said), flush=True)
        if found and not mutant.harmless and mutant.name not in KEPT:
            caught[mutant.name] = catch
            if options.record:
                record(mutant, catch.seed)
    return 0 if _is_clean(caught) and good else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation.mutants",
        description="faults that the simulation must find",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these mutants")
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="at most, for each mutant")
    parser.add_argument("--record", action="store_true", help="keep the seeds for the tests")
    return parser


def _hunt_all(mutants: Sequence[Mutant], seeds: int, jobs: int) -> Iterator[tuple[Mutant, Catch]]:
    def one(mutant: Mutant) -> Catch:
        if mutant.name in KEPT:
            return hunt(mutant, [KEPT[mutant.name]])
        most = min(HARMLESS_SEEDS, seeds) if mutant.harmless else seeds
        return hunt(mutant, range(1, most + 1))

    with ThreadPoolExecutor(jobs) as threads:
        yield from zip(mutants, threads.map(one, mutants), strict=True)


def _row(name: str, promise: str, seed: str, seconds: str, what: str) -> str:
    return f"{name:<40}{promise:<14}{seed:>8}{seconds:>9}  {what[:WIDTH]}".rstrip()


def _is_clean(caught: Mapping[str, Catch]) -> bool:
    """Whether the relay as it is breaks nothing in these seeds, nor in the runs that are kept."""
    last = max((catch.seed for catch in caught.values()), default=0)
    catch = hunt(None, [*range(1, last + 1), *KEPT.values()])
    if catch.seed:
        print(f"\nThe relay itself breaks a promise: seed {catch.seed}, {catch.promise}")
        return False
    runs = f"{last:,} seeds and {len(KEPT)} runs that are kept"
    print(f"\nThe relay as it is breaks nothing in {runs} ({catch.seconds:.1f} s).")
    return True


# ---------------------------------------------------------------- recorded seeds


def recorded() -> Mapping[str, int]:
    """Mutant → the seed that finds it, as it was recorded."""
    found: Mapping[str, int] = json.loads(RECORDED.read_text())
    return found


def record(mutant: Mutant, seed: int) -> None:
    """Write the seed of a mutant; seeds of mutants that no longer need one are left out."""
    known = recorded() if RECORDED.exists() else {}
    seeds = {**known, mutant.name: seed}
    needed = {name: seeds[name] for name in sorted(seeds) if name in MUTANTS and name not in KEPT}
    RECORDED.write_text(json.dumps(needed, indent=2) + "\n")


# ---------------------------------------------------------------- one mutant, one process


def hunt(mutant: Mutant | None, runs: Iterable[int | Scenario]) -> Catch:
    """Run seeds with a mutant, or with the relay as it is, until one breaks a promise of it.

    Args:
        mutant: none means the relay as it is.
        runs: seeds, or runs that are kept.

    Raises:
        RuntimeError: the fault cannot be made, or it ends the process.
    """
    begun = time.monotonic()
    _context.set_forkserver_preload(list(PRELOADED))
    receiving, sending = _context.Pipe(duplex=False)
    with closing(receiving):
        process = _context.Process(target=_hunt_here, args=(mutant, runs, sending), daemon=True)
        process.start()
        sending.close()
        try:
            seed, promise, what = receiving.recv()
        except EOFError as error:
            name = mutant.name if mutant else "the relay as it is"
            raise RuntimeError(f"{name}: the process died; its last words are above") from error
        finally:
            process.join()
    return Catch(seed, promise, what, time.monotonic() - begun)


def _hunt_here(mutant: Mutant | None, runs: Iterable[int | Scenario], sending: Connection) -> None:
    with TemporaryDirectory() as folder:
        become(mutant, Path(folder))
        sending.send(_first_catch(mutant, runs))


def become(mutant: Mutant | None, folder: Path) -> None:
    """Let this process, which has not imported the relay yet, import a copy with a fault."""
    path, definition = copy_with(mutant, folder)
    assert "import_relay" not in sys.modules
    sys.path.insert(0, str(path))
    package = import_module("import_relay")
    assert str(package.__file__).startswith(str(path)), package.__file__
    machine = import_module("tests.simulation.machine")
    machine.DEFINITION = definition  # type: ignore[attr-defined]


def _first_catch(mutant: Mutant | None, runs: Iterable[int | Scenario]) -> tuple[int, str, str]:
    from tests.simulation import campaign

    simulation = campaign.load(campaign.SIMULATION)
    for run in runs:
        scenario = run if isinstance(run, Scenario) else simulation.scenario_of(run)
        for one in campaign.attempt(simulation, scenario).violations:
            if _breaks(mutant, one.promise):
                promise, what = one.promise.partition(":")[0], one.what.partition("\n")[0]
                return scenario.seed, promise, what
    return 0, "", ""


def _breaks(mutant: Mutant | None, promise: str) -> bool:
    """Whether the mutant should break this promise; of a harmless one, any promise counts."""
    known = mutant.breaks if mutant else ()
    return not known or promise.partition(":")[0] in known


if __name__ == "__main__":
    sys.exit(main())
