"""What a million webhooks of even traffic cost, with the runs of submission that only hold.

    python -m tests.benchmarks.even_cost WEBHOOKS RUNS

`cost` counts what the handlers do on moto. Here they do what happens between two imports of a
simulated day: WEBHOOKS webhooks come in RUNS runs that only hold what they receive, at their times,
and then one import has them all and is followed to its report. `pacing` takes both numbers from its
days.

Webhooks that come one by one are received one by one: ten of them do not share a request of
Lambda's. Polls of an empty queue cost the same without traffic, and are not counted.
"""

import math
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from functools import cached_property
from io import StringIO
from pathlib import Path
from time import time
from typing import Any

from tests.benchmarks.bill import PRICES, RECEIVE_BATCH, Bill, Template
from tests.benchmarks.cost import PER_DAY, Run
from tests.benchmarks.days import DAY_S
from tests.benchmarks.days import Run as Day

HELD_RUNS = 34
"""Runs that only hold between two imports of an even day of two pollers, as `pacing` shows it."""
ROUNDS = 3
"""How many imports are measured, one after the other."""
NEAR = 20
"""How many requests above the curve are used while records are held, and below it at the end."""
EMPTY_POLL_S = 1.0
"""How long SQS takes to say that no more held messages are there."""


def even_cost(day: Day) -> float:
    """US dollars for a million webhooks of an even day; prints the items of this bill."""
    imports = len(day.imports)
    webhooks, runs = round(PER_DAY / imports), round(day.held / imports)
    command = [sys.executable, "-m", "tests.benchmarks.even_cost", str(webhooks), str(runs)]
    root = Path(__file__).parents[2]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=root)
    *lines, total = answer.stdout.splitlines()
    print("\n".join(lines))
    return float(total)


class EvenRun(Run):
    """The relay in this process, and the time between two imports of an even day."""

    def between_imports(self, webhooks: int, held_runs: int) -> Bill:
        """Webhooks in runs that hold them, and one import of all of them."""
        self._meter.bill = bill = Bill(webhooks)
        pause_s = webhooks * DAY_S / PER_DAY / (held_runs + 1)
        due = [round(webhooks * (n + 1) / (held_runs + 1)) for n in range(held_runs + 1)]
        for number, until in enumerate(due):
            self._use(NEAR if number < held_runs else -NEAR)
            for _ in range(until - (due[number - 1] if number else 0)):
                self._receive()
            self._run_once(bill)
            if number < held_runs:
                self._clock.shift(pause_s)
        memory_mb = self._template.memory_mb["submit"]
        bill.used["Lambda GB-seconds"] += EMPTY_POLL_S * memory_mb / 1024
        (reference,) = self._started()
        self._follow(reference)
        bill.used["API Gateway requests"] += webhooks
        bill.log("access log", webhooks * self._template.access_log_bytes())
        return bill

    def _run_once(self, bill: Bill) -> None:
        bodies = self._taken_from_queue()
        if not bodies:
            return
        bill.used["Runs"] += 1
        bill.used["SQS requests"] += len(bodies) + math.ceil(len(bodies) / RECEIVE_BATCH)
        self._submit(bodies)

    def _use(self, beyond: int) -> None:
        """Use half of the day's entities, and `beyond` more requests than the curve allows now."""
        from zoneinfo import ZoneInfo

        from import_relay.storage.quota import Limits, day_key
        from import_relay.submit.request_curve import RequestCurve
        from tests.support import aws as resources

        counted, self._meter.bill = self._meter.bill, Bill()
        limits, now, entities = Limits(2.0, 10_000, PER_DAY, ZoneInfo("UTC")), time(), PER_DAY // 2
        requests = int(RequestCurve(limits).allowed(entities, now)) + beyond
        values = {"requests": requests, "entities": entities, "imports": requests // 6}
        item: Any = {name: {"N": str(value)} for name, value in values.items()}
        resources.client("dynamodb").put_item(
            TableName=resources.LEDGER, Item={**day_key(limits.day(now)), **item}
        )
        self._meter.bill = counted

    def _taken_from_queue(self) -> list[str]:
        """What Lambda would receive now: delayed messages stay."""
        taken = [one for one in self._live.messages if one.visible and not one.delayed]
        for one in taken:
            self._live._messages.remove(one)
        return [str(one.body) for one in taken]

    @cached_property
    def _live(self) -> Any:
        from moto.core.models import DEFAULT_ACCOUNT_ID
        from moto.sqs.models import sqs_backends

        backend = sqs_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"]
        return backend.get_queue(self._aws.queue_url.rsplit("/", 1)[1])


def _shown(bill: Bill) -> Mapping[str, float]:
    return {name: bill.of_a_million(name) * price for name, price in PRICES.items()}


def main(webhooks: int, held_runs: int) -> float:
    """Measure it; US dollars for a million webhooks."""
    total = Bill()
    with redirect_stdout(StringIO()) as log:
        run = EvenRun(log, Template.read())
        run.between_imports(4, 1)  # makes clients and reads secrets, which happens once
        for _ in range(ROUNDS):
            bill = run.between_imports(webhooks, held_runs)
            total.webhooks += bill.webhooks
            for name, amount in bill.used.items():
                total.used[name] += amount
    held = total.used["Runs"] / ROUNDS - 1
    print(f"  {webhooks} webhooks to an import, {held:.0f} runs that only hold, per million:")
    for name, usd in _shown(total).items():
        print(f"    {name:<28} {total.of_a_million(name):>16,.0f} {usd:>8.3f} USD")
    asked = total.used["Import API requests"] / ROUNDS
    print(f"    requests to the Import API of an import: {asked:.1f}")
    return total.cost()


if __name__ == "__main__":
    print(main(int(sys.argv[1]), int(sys.argv[2])))
