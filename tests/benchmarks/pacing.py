"""Pacing: waits and requests on simulated days, however Lambda's pollers cut the batches.

    python -m tests.benchmarks pacing              all worlds, each with one to five pollers
    python -m tests.benchmarks.pacing night burst --pollers 5
    python -m tests.benchmarks.pacing backlog-types --pollers 2 4 --records 50000

Each world is a day of `days`. In all of them no limit is met, no change is left over, and requests
are left at the day's end. Light and even traffic have bars of their own, and so have the requests
of a backlog of days. Runs that only hold what they receive cost money, too: `even_cost` measures
what a million webhooks cost with all of them.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from statistics import median

from import_relay.submit.holding import MAX_HOLD_S
from tests.benchmarks.backlog import Backlog
from tests.benchmarks.days import Run, Traffic, even, run, together
from tests.benchmarks.even_cost import even_cost
from tests.benchmarks.measures import Measure
from tests.simulation.scenario import Account

POLLERS = (1, 2, 3, 4, 5)
LIGHT, PER_DAY = 480, 25_000
MAX_REQUESTS = 9_500.0
"""Of 10,000: the others are kept for imports that Mateo processes for long."""
MAX_LIGHT_MEDIAN_S, MAX_LIGHT_95_S = 12.0, 30.0
MAX_EVEN_IMPORTS, MAX_EVEN_MEDIAN_S, MAX_EVEN_USD = 480.0, 180.0, 18.29
MAX_WAIT_S = MAX_HOLD_S + 150.0
"""How long a record waits at most: after the longest hold come a wake, a batching window and a few
urgent imports."""
MAX_BACKLOG_REQUESTS = 25.0
HOUR_S = 3_600.0
NOON_S = 12 * HOUR_S

WORLDS = {
    "light": Traffic("a change every three minutes", even(LIGHT)),
    "even": Traffic(f"{PER_DAY} changes evenly", even(PER_DAY)),
    "types": Traffic(f"{PER_DAY} changes of three types evenly", even(PER_DAY - 1), (1, 2, 3)),
    "trickle": Traffic("a change every 30 seconds", even(2_880)),
    "rush": Traffic(
        "a rush hour of 10,000 changes, and 5,000 evenly",
        together(even(5_000), even(10_000, begin_s=9 * HOUR_S, end_s=10 * HOUR_S)),
    ),
    "burst": Traffic(
        "10,000 changes of three types within a minute, and 5,000 evenly",
        together(even(5_000), even(10_000, begin_s=NOON_S, end_s=NOON_S + 60)),
        (1, 2, 3),
    ),
    "night": Traffic(f"{PER_DAY} changes within six hours", even(PER_DAY, end_s=6 * HOUR_S)),
    **{
        f"at-once-{number}": Traffic(
            f"{number} changes at once", even(number, begin_s=NOON_S, end_s=NOON_S + 1)
        )
        for number in (1, 10, 100, 1_000, 10_000)
    },
}


def measure(
    names: Sequence[str] = (), some_pollers: Sequence[int] = (), *, records: int = 0
) -> Iterator[Measure]:
    """The bars of these worlds; without a name, of all.

    `some_pollers`: one to five for a day, and five for a backlog, unless they are given.
    `records`: of a backlog; 0: as it is.
    """
    for name, traffic in WORLDS.items():
        for pollers in (some_pollers or POLLERS) if not names or name in names else ():
            day = run(traffic, Account(pollers=pollers))
            print(f"  {name}: {traffic.name}, {pollers} pollers: {day}", flush=True)
            yield from _for_all(day)
            yield from OWN.get(name, _of_others)(day)
    for name, backlog in BACKLOGS.items():
        for pollers in (some_pollers or POLLERS[-1:]) if not names or name in names else ():
            chosen = backlog.of(records) if records else backlog
            yield from _worked_off(name, replace(chosen, pollers=pollers))


def _for_all(day: Run) -> Iterator[Measure]:
    yield Measure("  requests that met a limit", float(day.refused), 0.0, "requests")
    yield Measure("  changes in no import", float(day.missing), 0.0, "changes")
    yield Measure("  requests of the day", float(day.of_day.total()), MAX_REQUESTS, "requests")


def _of_light(day: Run) -> Iterator[Measure]:
    yield Measure("  webhook to POST, median", median(day.waits_s), MAX_LIGHT_MEDIAN_S, "s")
    yield Measure("  95 % of them", day.late_s, MAX_LIGHT_95_S, "s")


def _of_even(day: Run) -> Iterator[Measure]:
    yield Measure("  webhook to POST, median", median(day.waits_s), MAX_EVEN_MEDIAN_S, "s")
    imports = float(day.imports_of_a_day())
    yield Measure("  imports of the day", imports, MAX_EVEN_IMPORTS, "imports")
    yield Measure("  a million webhooks", even_cost(day), MAX_EVEN_USD, "USD")


def _of_others(day: Run) -> Iterator[Measure]:
    yield Measure("  webhook to POST, longest", max(day.waits_s), MAX_WAIT_S, "s")


OWN: dict[str, Callable[[Run], Iterator[Measure]]] = {"light": _of_light, "even": _of_even}
BACKLOGS = {
    "backlog": Backlog({1: 350_000}),
    "backlog-types": Backlog({1: 200_000, 2: 100_000, 3: 50_000}),
    "backlog-bulk": Backlog({1: 50_000}, per_message=100),
    "backlog-large": Backlog({1: 35_000}, record_b=12_000),
}


def _worked_off(name: str, backlog: Backlog) -> Iterator[Measure]:
    worked_off = backlog.run()
    print(f"  {name}: {backlog.pollers} pollers: {worked_off}", flush=True)
    yield from _for_all(worked_off.run)
    yield Measure(
        f"  requests per {PER_DAY} entities, on the day with the most of them",
        worked_off.requests,
        MAX_BACKLOG_REQUESTS,
        "requests",
    )
    yield Measure(
        "  imports before the last day that are not full, except the last of a day and type",
        float(len(worked_off.partial)),
        0.0,
        "imports",
    )


def main() -> int:
    """Measure some worlds, or all; 1 when a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.pacing")
    parser.add_argument("names", nargs="*", choices=[*WORLDS, *BACKLOGS, []], metavar="WORLD")
    parser.add_argument("--pollers", nargs="+", type=int, default=())
    parser.add_argument("--records", type=int, default=0, help="of a backlog")
    options = parser.parse_args()
    missed = 0
    for one in measure(options.names, options.pollers, records=options.records):
        print(one, flush=True)
        missed |= not one.is_met
    return missed


if __name__ == "__main__":
    sys.exit(main())
