"""Pacing: what becomes of simulated days, by the relay's own code on the simulation's services.

Light: a change every three minutes. Even: 25,000 changes a day, one after the other. Lambda has one
to five pollers, each of which gathers batches of its own for the whole batching window. The latency
is that from a webhook's arrival to the POST of its import.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

from tests.benchmarks.measures import Measure
from tests.simulation import mateo_server
from tests.simulation.relay import Relay
from tests.simulation.scenario import Account, Record, Scenario, Webhook
from tests.simulation.senders import Senders
from tests.simulation.workload import FIRST_VERSION
from tests.simulation.world import START, World

MIDNIGHT_S = 14_400.0
"""When the first whole day of a run begins, in s after its start."""
DAY_S = 86_400.0
PROCESSING_S = 60.0
"""An import takes Mateo up to so long."""
LIGHT, EVEN = 480, 25_000
MAX_LIGHT_MEDIAN_S, MAX_LIGHT_95_S = 12.0, 30.0
MAX_EVEN_IMPORTS, MAX_EVEN_MEDIAN_S = 480.0, 180.0


@dataclass(frozen=True)
class Day:
    """What became of one day. `refused`: requests that Mateo did not accept."""

    latencies_s: Sequence[float]
    rows: Sequence[int]
    requests: int
    refused: int
    submits: int

    @property
    def late_s(self) -> float:
        """What 95 % of the changes do not exceed, in s."""
        return quantiles(self.latencies_s, n=20)[-1]

    def show(self, name: str) -> None:
        """Print it."""
        print(
            f"  {name}: {len(self.rows)} imports, {self.requests} requests, "
            f"{self.refused} refused, median {median(self.latencies_s):.1f} s, "
            f"95 % {self.late_s:.1f} s, longest {max(self.latencies_s):.0f} s, "
            f"submit runs {self.submits} times"
        )


def measure() -> Iterator[Measure]:
    """The bars, with one poller, two and five."""
    for pollers in (1, 2, 5):
        light = day_of(even(LIGHT), pollers)
        light.show(f"a change every three minutes, {pollers} pollers")
        yield from _latencies(light, MAX_LIGHT_MEDIAN_S)
        yield Measure("95 % of them", light.late_s, MAX_LIGHT_95_S, "s")
    for pollers in (1, 2, 5):
        busy = day_of(even(EVEN), pollers)
        busy.show(f"{EVEN} changes evenly, {pollers} pollers")
        yield from _latencies(busy, MAX_EVEN_MEDIAN_S)
        yield Measure("imports of the day", float(len(busy.rows)), MAX_EVEN_IMPORTS, "imports")


def _latencies(day: Day, most_s: float) -> Iterator[Measure]:
    yield Measure("webhook to POST, median", median(day.latencies_s), most_s, "s")
    yield Measure("requests that met a limit", float(day.refused), 0.0, "requests")


def even(count: int) -> list[float]:
    """Times of so many changes, evenly over the day (s after midnight)."""
    return [DAY_S / count * (number + 0.5) for number in range(count)]


def day_of(times: Sequence[float], pollers: int, **account: Any) -> Day:
    """Let a day happen with a change at each of these times."""
    webhooks = [_webhook(number, MIDNIGHT_S + at) for number, at in enumerate(times)]
    mateo_server.PROCESSING_S = PROCESSING_S
    world = World(1)
    relay = Relay(world, Scenario(1, webhooks, account=Account(pollers=pollers, **account)))
    requests = _counted(relay)
    senders = Senders(world, relay)
    senders.plan(webhooks)
    world.run(START + MIDNIGHT_S + DAY_S + 3_600)
    arrived = {one.records[0].key: START + one.at for one in webhooks}
    imports = list(relay.mateo.imports.values())
    return Day(
        [one.created_at - arrived[row["external_id"]] for one in imports for row in one.payload],
        [one.rows for one in imports],
        requests[200] + requests[201],
        sum(count for status, count in requests.items() if status > 299),
        relay.invocations["submit"],
    )


def _webhook(number: int, at: float) -> Webhook:
    record = Record(str(1_000_000 + number), FIRST_VERSION + number, {"name": f"Ada {number}"})
    return Webhook(at, "erp", f"e{number}", [record])


def _counted(relay: Relay) -> Counter[int]:
    """Counts the answers of Mateo by status."""
    found: Counter[int] = Counter()
    answer: Callable[..., Any] = relay.mateo.answer

    def counted(request: Any) -> Any:
        response = answer(request)
        found[response.status_code] += 1
        return response

    setattr(relay.mateo, "answer", counted)  # noqa: B010 - wrapped, not replaced
    return found
