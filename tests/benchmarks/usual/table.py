"""The relay and the usual way side by side: one run, one table.

Requests, entities, lost, doubled and stale records are read from Mateo after a hundred faults in
the simulated world. CPU: from the SQS event to the request's body, for the same batch. Cost: even
traffic of 25,000 webhooks a day, with the runs that only hold, as `even_cost` counts it.
"""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import httpx

from tests.benchmarks import bill as prices
from tests.benchmarks import cost, submit
from tests.benchmarks.batch import mixed_texts, sqs_event
from tests.benchmarks.even_cost import HELD_RUNS, EvenRun
from tests.benchmarks.measures import Measure, best_of_alternating
from tests.benchmarks.usual.cases import cases
from tests.benchmarks.usual.functions import Submitter
from tests.benchmarks.usual.worlds import Outcome, by_relay, by_usual_way

BAR_CPU = 1.5
"""The relay reads numbers, countries, dates and versions more carefully than the usual way."""
MEMORY_MB = 512
"""Of both functions."""


def measure() -> Iterator[Measure]:
    """The table; the relay loses, doubles and overwrites nothing."""
    kinds = {name: (ours, usual) for name, ours, usual in outcomes()}
    ours, usual = Outcome(), Outcome()
    show("ten times each, lost / doubled / stale records", "relay", "usual way")
    for name, (one, other) in kinds.items():
        ours.add(one)
        usual.add(other)
        show(name, told(one), told(other))
    show("all, of 7,000 changes of 6,000 customers", told(ours), told(usual))
    show("requests to Mateo, polls included", f"{ours.requests:,}", f"{usual.requests:,}")
    show("entities", f"{ours.entities:,}", f"{usual.entities:,}")
    cpu, usual_cpu = cpu_per_row()
    show("CPU of a row", f"{cpu:.1f} µs", f"{usual_cpu:.1f} µs")
    paid, usually_paid = costs(usual_cpu / 1e6)
    show("a million webhooks, even traffic", f"{paid:.2f} USD", f"{usually_paid:.2f} USD")
    broken = float(ours.lost + ours.doubled + ours.stale)
    yield Measure("lost, doubled and stale records under 100 faults", broken, 0.0, "records")
    yield Measure("CPU of a row beside the usual way", cpu, BAR_CPU, "µs", usual_cpu)


def show(what: str, relay: str, usual: str) -> None:
    """Print a line of the table."""
    print(f"  {what:<48} {relay:>14} {usual:>14}")


def told(outcome: Outcome) -> str:
    """Lost, doubled and stale records."""
    return f"{outcome.lost} / {outcome.doubled} / {outcome.stale}"


def outcomes() -> Iterator[tuple[str, Outcome, Outcome]]:
    """What comes of each kind of fault, with the relay and with the usual way."""
    ours: dict[str, Outcome] = defaultdict(Outcome)
    usual: dict[str, Outcome] = defaultdict(Outcome)
    for case in cases():
        ours[case.name].add(by_relay(case))
        usual[case.name].add(by_usual_way(case))
    for name, one in ours.items():
        yield name, one, usual[name]


def cpu_per_row() -> tuple[float, float]:
    """Microseconds of both, from the event to the body, for the mixed batch."""
    sent: list[bytes] = []

    def post(_: str, body: dict[str, Any]) -> httpx.Response:
        sent.append(json.dumps(body).encode())
        return httpx.Response(201, request=httpx.Request("POST", "https://mateo.example.com"))

    raw = mixed_texts(submit.ROWS)
    event = sqs_event(raw)
    ours, submitter = submit.conversion(raw), Submitter(post)
    relay, usual = best_of_alternating(ours, lambda: submitter.handler(event), rounds=3)
    rows = json.loads(sent[0])["payload"]
    assert len(rows) == submit.ROWS
    return relay / submit.ROWS * 1e6, usual / submit.ROWS * 1e6


def costs(cpu_s: float) -> tuple[float, float]:
    """US dollars per million webhooks of even traffic; `cpu_s`: of a row by the usual way."""
    template = prices.Template.read()
    webhooks = cost.per_window(cost.EVEN_S)
    with redirect_stdout(StringIO()) as log:
        run = EvenRun(log, template)
        run.between_imports(4, 1)  # makes clients and reads secrets, which happens once
        ours = run.between_imports(webhooks, HELD_RUNS)
    return ours.cost(), _usual_bill(template, webhooks, cpu_s).cost()


def _usual_bill(template: prices.Template, webhooks: int, cpu_s: float) -> prices.Bill:
    """What these webhooks use in the usual way: two functions and a queue, and no storage."""
    bill = prices.Bill(webhooks)
    used = bill.used
    bodies = mixed_texts(webhooks)
    processor = max(1.0, cost.FULL_PROCESSOR_MB / MEMORY_MB)
    used["API Gateway requests"] = webhooks
    used["Lambda requests"] = webhooks + 1
    receiving_s = webhooks * (prices.AWS_LATENCY_S + _receiving_s() * processor)
    submitting_s = cost.MATEO_LATENCY_S + webhooks * cpu_s * processor
    used["Lambda GB-seconds"] = (receiving_s + submitting_s) * MEMORY_MB / 1024
    used["SQS requests"] = webhooks + prices.reading(bodies)
    invocation_b = cost.PLATFORM_LOG_B + 3 * prices.LOG_EVENT_B
    used["Log bytes"] = (webhooks + 1) * invocation_b + webhooks * template.access_log_bytes()
    return bill


def _receiving_s() -> float:
    """CPU seconds that the usual receiver needs for a webhook."""
    command = [sys.executable, "-m", "tests.benchmarks.usual.receiving"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)
