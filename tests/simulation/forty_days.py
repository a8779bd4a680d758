"""A simulated file that takes forty days, with faults on the way, measured.

    python -m tests.simulation.forty_days [--rows 20000] [--entities 500]

A million rows at 25,000 a day take forty days. By default one row stands for fifty: every row goes
through the production code. Every day a webhook changes a record of the file, most of them before
the file's own row is sent. One call in a hundred meets a fault. Prints the findings and the CPU
time; ends with 1 if a promise is broken.
"""

import argparse
import gc
import sys
import time

from tests.simulation.campaign import SIMULATION, load
from tests.simulation.report import RunTotals, text_of_one
from tests.simulation.scenario import Account, Record, Scenario, Upload, Webhook
from tests.simulation.workload import DAY_S, FIRST_VERSION
from tests.simulation.world import Fault

DAYS = 40
PAGE_ROWS = 1_000
FAULTS, FAULT_EVERY = 4_000, 97


def scenario_of(rows: int, entities: int) -> Scenario:
    """A file with `rows` rows, and on each of its days a webhook about one of its records."""
    records = [_record(number, f"f0.{number}", 0) for number in range(rows)]
    days = rows // entities
    webhooks = [
        Webhook(
            (day + 0.5) * DAY_S, "erp", f"e{day}", [_record(rows - 1 - day * 7, f"e{day}.0", 1_000)]
        )
        for day in range(days)
    ]
    kinds = tuple(Fault)
    faults = {FAULT_EVERY * (n + 1): kinds[n % len(kinds)] for n in range(FAULTS)}
    return Scenario(
        1,
        webhooks,
        faults,
        account=Account(entities_per_day=entities, page_rows=PAGE_ROWS),
        files=[Upload(1.0, "erp", "contacts.csv", records)],
    )


def _record(number: int, tag: str, more: int) -> Record:
    return Record(str(1_000 + number), FIRST_VERSION + more, {"name": tag, "city": tag, "zip": tag})


def main(arguments: list[str] | None = None) -> int:
    """Run it once."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.forty_days")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--entities", type=int, default=500, help="a day")
    options = parser.parse_args(arguments)
    simulation = load(SIMULATION)
    gc.disable()
    begun = time.process_time()
    findings = simulation.run(scenario_of(options.rows, options.entities))
    seconds = time.process_time() - begun
    totals = RunTotals()
    totals.add(findings)
    print(text_of_one(totals))
    print(f"\n{options.rows:,} rows took {findings.days:.1f} days, and {seconds:.1f} s of CPU time")
    is_short = findings.days < options.rows / options.entities - 1
    return 1 if findings.violations or is_short else 0


if __name__ == "__main__":
    sys.exit(main())
