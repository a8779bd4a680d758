"""A simulated year in which every day uses all its entities, with the CPU time that it takes.

    python -m tests.simulation.year [--days 365] [--entities 250] [--webhook 50]

It is one long run, with a fault at one call in a thousand. Every row goes through the production
code, which takes a fraction of a millisecond: to fit a year into a minute, one row stands for a
hundred of the 25,000 that Mateo allows. Prints the findings and the CPU time; ends with 1 if a
promise is broken or if a whole year takes more than a minute.
"""

import argparse
import gc
import sys
import time
from collections.abc import Iterator

from tests.simulation.campaign import SIMULATION, load
from tests.simulation.report import RunTotals, text_of_one
from tests.simulation.scenario import Account, Record, Scenario, Webhook
from tests.simulation.workload import DAY_S, FIRST_VERSION
from tests.simulation.world import Fault

YEAR_DAYS = 365
CALLS_PER_DAY, FAULT_EVERY = 500, 997
BAR_S = 60.0
"""CPU time of a year."""


def scenario_of(days: int, entities: int, size: int) -> Scenario:
    """On every day as many changes as may be imported, in webhooks of `size` records."""
    webhooks = list(_webhooks(days, entities, size))
    calls = days * CALLS_PER_DAY
    kinds = tuple(Fault)
    faults = {call: kinds[n % len(kinds)] for n, call in enumerate(range(1, calls, FAULT_EVERY))}
    return Scenario(1, webhooks, faults, account=Account(entities_per_day=entities))


def _webhooks(days: int, entities: int, size: int) -> Iterator[Webhook]:
    for day in range(days):
        for first in range(0, entities, size):
            event = f"e{day * entities + first}"
            version = FIRST_VERSION + day * int(DAY_S) * 1_000_000
            fields = {"name": event, "city": event, "zip": event}
            numbers = range(first, min(first + size, entities))
            records = [Record(str(1_000 + number), version, fields) for number in numbers]
            yield Webhook((day + first / entities) * DAY_S, "erp", event, records)


def main(arguments: list[str] | None = None) -> int:
    """Run it once."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.year")
    parser.add_argument("--days", type=int, default=YEAR_DAYS)
    parser.add_argument("--entities", type=int, default=250, help="a day")
    parser.add_argument("--webhook", type=int, default=50, help="records in each")
    options = parser.parse_args(arguments)
    scenario = scenario_of(options.days, options.entities, options.webhook)
    simulation = load(SIMULATION)
    gc.disable()
    begun = time.process_time()
    findings = simulation.run(scenario)
    seconds = time.process_time() - begun
    totals = RunTotals()
    totals.add(findings)
    print(text_of_one(totals))
    year_s = seconds / options.days * YEAR_DAYS
    print(f"\n{options.days} days took {seconds:.1f} s of CPU time: {year_s:.1f} s a year")
    is_slow = options.days >= YEAR_DAYS and seconds > BAR_S
    return 1 if findings.violations or is_slow else 0


if __name__ == "__main__":
    sys.exit(main())
