"""Runs many seeds on all cores, for `python -m tests.simulation`.

Each worker is a new interpreter that takes chunks of seeds and sends back their sums. No seed
ends a campaign: an exception, too much memory or a run without an end is a failure of that seed.
If a worker dies, its seeds run again one by one, to find out which of them kills.
"""

import gc
import resource
import signal
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import get_context
from types import FrameType
from typing import NamedTuple, Protocol, TextIO, cast

from tests.simulation.report import Failure, Progress, Report, RunTotals
from tests.simulation.scenario import Findings, Scenario, Violation
from tests.simulation.trace import trace

SIMULATION = "tests.simulation.simulation"
SEED_LIMIT_S = 300.0
"""A seed that takes longer hangs: most take milliseconds."""
MEMORY_LIMIT_B = 2_000_000_000
"""A worker needs a hundredth of it. A seed that takes more fails, before the system kills it."""
HANGS = "hangs"
DEAD = "worker died"
MAX_DEATHS = 3
"""How many workers may die although no seed kills one; then something else does."""
FIRST_CHUNK, MAX_PER_CHUNK = 10, 500
"""Seeds. A chunk takes about a second; workers collect garbage after it and never within it."""
CHUNKS_PER_JOB = 2
"""One that runs, and one that waits."""
TICK_S = 0.2
LAST_CHUNKS_S = 3.0
"""How long chunks that run may go on after Ctrl-C."""
FRAMES = 12
"""Of a traceback: the innermost ones."""


class Simulation(Protocol):
    """A module that can run seeds: `simulation`, or `stubs` in tests."""

    def scenario_of(self, seed: int) -> Scenario:
        """The scenario of a seed: the same each time."""

    def run(self, scenario: Scenario, *, trace: bool = False) -> Findings:
        """Run a scenario; its trace is recorded only if one is wanted."""


class HangsError(BaseException):
    """A seed takes too long. Nothing that handles errors may handle it."""


def load(name: str) -> Simulation:
    """The simulation in a module."""
    return cast("Simulation", import_module(name))


# ---------------------------------------------------------------- one run


def attempt(simulation: Simulation, scenario: Scenario, *, trace: bool = False) -> Findings:
    """Run a scenario; what breaks the simulation itself is a violation as well."""
    try:
        with _limited(SEED_LIMIT_S):
            findings = simulation.run(scenario, trace=trace)
            return _checked(findings, scenario)
    except HangsError as error:
        violation = Violation(HANGS, f"no end after {SEED_LIMIT_S:g} s\n{_traceback(error)}")
    except Exception as error:  # noqa: BLE001 - whatever it is, the other seeds go on
        violation = _crash(error)
    return Findings(scenario, violations=[violation])


def _checked(findings: Findings, scenario: Scenario) -> Findings:
    unknown = sorted(set(findings.hit) - set(scenario.faults))
    if unknown:
        raise AssertionError(f"calls {unknown} were hit by faults that the scenario does not have")
    return findings


def attempt_seed(simulation: Simulation, seed: int, *, trace: bool = False) -> Findings:
    """Make the scenario of a seed and run it."""
    try:
        scenario = simulation.scenario_of(seed)
    except Exception as error:  # noqa: BLE001
        return Findings(Scenario(seed, ()), violations=[_crash(error)])
    return attempt(simulation, scenario, trace=trace)


def _crash(error: Exception) -> Violation:
    name = type(error).__name__
    return Violation(f"crash: {name}", f"{name}: {error}\n{_traceback(error)}")


def _traceback(error: BaseException) -> str:
    return "".join(traceback.format_exception(error, limit=-FRAMES))


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise HangsError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# ---------------------------------------------------------------- in a worker


def _start_worker(name: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the campaign hears it and decides
    limit_memory()
    load(name)
    gc.disable()


def limit_memory() -> None:
    """Let this process have `MEMORY_LIMIT_B` at most; a seed that asks for more gets an error."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    soft = MEMORY_LIMIT_B if hard == resource.RLIM_INFINITY else min(MEMORY_LIMIT_B, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def run_chunk(name: str, seeds: Sequence[int]) -> RunTotals:
    """Run seeds one after the other, here."""
    simulation = load(name)
    totals = RunTotals()
    for seed in seeds:
        totals.add(attempt_seed(simulation, seed))
    return totals


def _run_chunk_apart(name: str, seeds: Sequence[int]) -> RunTotals:
    begun = time.process_time()
    totals = run_chunk(name, seeds)
    gc.collect()
    gc.freeze()  # what is left lives on, such as modules and caches: never look at it again
    totals.busy_s = time.process_time() - begun
    return totals


class Replay(NamedTuple):
    """Two runs of one seed, line by line: the first one recorded no trace, the second one did."""

    untold: Sequence[str]
    told: Sequence[str]


def _replay(name: str, seed: int) -> Replay:
    simulation = load(name)
    untold = attempt_seed(simulation, seed)
    return Replay(trace(untold), trace(attempt_seed(simulation, seed, trace=True)))


def replay_elsewhere(name: str, seed: int) -> Replay:
    """Run a seed twice in a new interpreter, where sets have another order and caches are empty."""
    with _workers(name, 1) as pool:
        with _deaf_to_interrupts():
            replay = pool.submit(_replay, name, seed)
        return replay.result()


# ---------------------------------------------------------------- many runs


@contextmanager
def _workers(name: str, jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Workers that are ended in any case."""
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _start_worker, (name,))
    try:
        yield pool
    except BaseException:
        _terminate(pool)
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _terminate(pool: ProcessPoolExecutor) -> None:
    for worker in list((pool._processes or {}).values()):
        worker.terminate()


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes that are started meanwhile ignore Ctrl-C from their start."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def run_seeds(first: int, seeds: int, jobs: int, *, name: str = SIMULATION, out: TextIO) -> Report:
    """Run seeds on several cores; Ctrl-C ends it early with what has been found.

    Args:
        first: the first seed; the others follow it.
        seeds: how many.
        jobs: how many worker processes.
        name: the module of the simulation.
        out: where the progress goes.
    """
    begun = time.monotonic()
    progress = Progress(out, seeds, begun)
    totals = RunTotals()
    left = range(first, first + seeds)
    deaths = 0
    while deaths < MAX_DEATHS:
        try:
            with _workers(name, jobs) as pool:
                work = _Work(pool, name, left, jobs)
                _run_chunks(work, totals, progress)
            break
        except BrokenProcessPool:
            suspects, left = work.under_way, work.left
            if _find_killers(name, suspects, totals):
                continue
            deaths += 1
            where = f"{min(suspects, default=first)}-{max(suspects, default=first)}"
            print(f"\nsomething killed a worker, and none of the seeds {where} does", file=out)
    else:
        what = f"it died {deaths} times, and no seed kills it: is there too little memory?"
        totals.failures.append(Failure(left.start, DEAD, what))
    progress.end()
    return Report(totals, first, seeds, jobs, time.monotonic() - begun)


class _Work:
    """The seeds that wait, and the chunks of them that are being run."""

    def __init__(self, pool: ProcessPoolExecutor, name: str, seeds: range, jobs: int) -> None:
        self.pool = pool
        self._name = name
        self.left = seeds
        self._most = jobs * CHUNKS_PER_JOB
        self.running: dict[Future[RunTotals], range] = {}

    def fill(self, totals: RunTotals) -> None:
        """Give the workers enough to do; they are started by the first chunks."""
        size = min(int(totals.per_core), MAX_PER_CHUNK) if totals.seeds else FIRST_CHUNK
        with _deaf_to_interrupts():
            while self.left and len(self.running) < self._most:
                chunk = self.left[: max(size, 1)]
                self.running[self.pool.submit(_run_chunk_apart, self._name, chunk)] = chunk
                self.left = self.left[len(chunk) :]

    @property
    def under_way(self) -> Sequence[int]:
        """Seeds that workers have, and that have not ended."""
        return sorted(seed for chunk in self.running.values() for seed in chunk)

    def collect(self, totals: RunTotals, timeout_s: float) -> None:
        """Wait for a chunk to end, and add up those that have."""
        done, _ = wait(self.running, timeout_s, FIRST_COMPLETED)
        for one in done:
            totals.merge(one.result())
            del self.running[one]


def _run_chunks(work: _Work, totals: RunTotals, progress: Progress) -> None:
    """Run them all.

    Raises:
        BrokenProcessPool: a worker died.
    """
    try:
        work.fill(totals)
        while work.running:
            known = len(totals.failures)
            work.collect(totals, TICK_S)
            progress.note(totals.failures[known:])
            work.fill(totals)
            progress.show(totals, time.monotonic())
    except KeyboardInterrupt:
        _finish(work, totals)


def _find_killers(name: str, suspects: Sequence[int], totals: RunTotals) -> bool:
    """Run seeds one by one; each that kills its process fails. Says whether one does."""
    left, found = list(suspects), False
    while left:
        with _workers(name, 1) as pool:
            try:
                while left:
                    with _deaf_to_interrupts():
                        running = pool.submit(_run_chunk_apart, name, left[:1])
                    totals.merge(running.result())
                    del left[0]
            except BrokenProcessPool:
                what = "it ends the process that runs it"
                totals.failures.append(Failure(left.pop(0), DEAD, what))
                found = True
    return found


def _finish(work: _Work, totals: RunTotals) -> None:
    """Let the chunks that run come to their end, if that is soon; a second Ctrl-C ends it now."""
    for one in list(work.running):
        if one.cancel():
            del work.running[one]
    until = time.monotonic() + LAST_CHUNKS_S
    while work.running and (left := until - time.monotonic()) > 0:
        work.collect(totals, left)
    if work.running:
        _terminate(work.pool)
