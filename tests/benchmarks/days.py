"""Days of simulated traffic: the relay's own code on the simulation's services.

Lambda has one to five pollers, each of which gathers batches of its own for the whole batching
window; Mateo takes up to a minute for an import. Called by `pacing`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median, quantiles
from typing import Any, TypeVar
from unittest import mock

from import_relay.storage.in_threads import THREADS, ForAll
from tests.benchmarks.deep_queue import DeepQueue
from tests.simulation import mateo_server, stores
from tests.simulation import relay as simulated
from tests.simulation.mateo_http import Request
from tests.simulation.messages import is_too_old, records_in
from tests.simulation.parts import Parts
from tests.simulation.relay import Relay
from tests.simulation.scenario import DEAL, Account, Record, Scenario, Webhook
from tests.simulation.senders import Senders
from tests.simulation.workload import FIRST_VERSION
from tests.simulation.world import START, World

MIDNIGHT_S = 14_400.0
"""When the first whole day of a run begins, in s after its start."""
DAY_S = 86_400.0
PROCESSING_S = 60.0
"""How long Mateo processes an import at most, after a first second."""
PATIENCE_S = 7_200.0
"""How long a run goes on at least after its last change."""
_V = TypeVar("_V")
_R = TypeVar("_R")


@dataclass(frozen=True)
class Traffic:
    """Changes, each of another record. `times`: in s after the first midnight.

    `types`: of the records, in turn: contacts (1), deals (2), appointments (3).
    """

    name: str
    times: Sequence[float]
    types: Sequence[int] = (1,)

    @property
    def webhooks(self) -> list[Webhook]:
        """A webhook for each change; deals and appointments belong to the first contact."""
        first = [_webhook(0, -3_600.0, 1)] if set(self.types) - {1} else []
        return first + [
            _webhook(number, at, self.types[number % len(self.types)])
            for number, at in enumerate(self.times, start=1)
        ]


@dataclass
class Run:
    """The results of the traffic. `waits_s`: from a webhook's arrival to the POST of its import.

    `requests`: those that Mateo answered, by day and kind. `refused`: those that met a limit.
    `missing`: changes that are in no import and no dead letter. `too_old`: changes that had waited
    for thirteen days and became dead letters. `submits`: how often submission ran; `held`: how
    often it only held what it received.
    """

    waits_s: Sequence[float]
    imports: Sequence["Import"]
    requests: Mapping[str, Counter[str]]
    refused: int
    missing: int
    too_old: int
    submits: int
    held: int

    @cached_property
    def of_day(self) -> Counter[str]:
        """The requests of the day with the most of them."""
        return max(self.requests.values(), key=lambda one: one.total(), default=Counter())

    @cached_property
    def late_s(self) -> float:
        """95 % of the changes wait at most this long, in s."""
        return quantiles(self.waits_s, n=20)[-1] if len(self.waits_s) > 1 else self.waits_s[0]

    def imports_of_a_day(self) -> int:
        """How many imports the day with the most of them had."""
        return max(Counter(one.day for one in self.imports).values())

    def __str__(self) -> str:
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(self.of_day.items()))
        return (
            f"{len(self.imports)} imports, at most {self.of_day.total()} requests a day ({kinds}), "
            f"median {median(self.waits_s):.1f} s, 95 % {self.late_s:.1f} s, "
            f"longest {max(self.waits_s):.0f} s, {self.submits} runs, {self.held} of them only held"
            f"{f', {self.too_old:,} dead letters after 13 days' if self.too_old else ''}"
        )


@dataclass(frozen=True)
class Import:
    """One import: when it was posted (s after the start), its day, its type and its rows."""

    at: float
    day: str
    type: str
    rows: int


@dataclass
class Counts:
    """Counts what Mateo answers and what the relay says of itself."""

    requests: dict[str, Counter[str]] = field(default_factory=dict)
    refused: int = 0
    events: Counter[str] = field(default_factory=Counter)

    def watch(self, relay: Relay) -> None:
        """Count the answers of a relay's Mateo."""
        answer: Callable[..., Any] = relay.mateo.answer

        def counted(request: Request) -> Any:
            response = answer(request)
            self.refused += response.status_code == 429
            day = relay.limits.day(relay.world.now)
            self.requests.setdefault(day, Counter())[_kind(request)] += 1
            return response

        setattr(relay.mateo, "answer", counted)  # noqa: B010 - wrapped, not replaced

    def emit(self, event: str, **_: object) -> None:
        """Count a log event of the relay."""
        self.events[event] += 1


def run(traffic: Traffic, account: Account) -> Run:
    """Simulate a day, and the time that the last changes take."""
    webhooks = traffic.webhooks

    def begin(relay: Relay) -> None:
        Senders(relay.world, relay).plan(webhooks)

    sent = {one.records[0].key: one.at for one in webhooks}
    return watched(sent, begin, account, days=1.0)


def watched(
    sent: Mapping[str, float], begin: Callable[[Relay], object], account: Account, *, days: float
) -> Run:
    """Simulate `days` days. `sent`: key of a record → when it is sent (s after the start).

    `begin` plans or queues the records, before anything happens.
    """
    counts, world = Counts(), World(1)
    with (
        mock.patch.object(mateo_server, "PROCESSING_S", PROCESSING_S),
        mock.patch.object(simulated, "Queue", DeepQueue),
        mock.patch.object(Parts, "emit", staticmethod(counts.emit)),
        mock.patch.object(stores, "_one_by_one", several_at_a_time(world)),
    ):
        relay = Relay(world, Scenario(1, (), account=account))
        counts.watch(relay)
        begin(relay)
        world.run(START + MIDNIGHT_S + DAY_S * days + PATIENCE_S)
    return _result(relay, sent, counts)


def several_at_a_time(world: World) -> ForAll:
    """Like a pool of threads: as many calls as it has threads take as long as one call."""
    latency_s = world.latency_s

    def for_all(call: Callable[[_V], _R], values: Iterable[_V]) -> list[_R]:
        many = list(values)
        world.latency_s = latency_s / min(THREADS, max(1, len(many)))
        try:
            return [call(value) for value in many]
        finally:
            world.latency_s = latency_s

    return for_all


def _result(relay: Relay, sent: Mapping[str, float], counts: Counts) -> Run:
    posted = {one.import_id: one.sent_at for one in relay.mateo.requests if one.import_id}
    waits, imports, imported = list[float](), list[Import](), set[str]()
    for import_id, one in relay.mateo.imports.items():
        at = posted[import_id]
        imports.append(Import(at - START, relay.limits.day(at), one.type, one.rows))
        keys = [row["external_id"] for row in one.payload]
        waits += [at - START - sent[key] for key in keys]
        imported.update(keys)
    too_old = {
        key for one in relay.queue.dead if is_too_old(one.body) for key in records_in(one.body)
    } - imported
    # A row that failed because its contact was missing comes twice.
    missing = len(sent.keys() - imported - too_old)
    submits = relay.invocations["submit"]
    relay.close()
    return Run(
        waits,
        imports,
        counts.requests,
        counts.refused,
        missing,
        len(too_old),
        submits,
        counts.events["batch.held"],
    )


def _webhook(number: int, at: float, type_: int) -> Webhook:
    key, version = f"{type_}{number:06}", FIRST_VERSION + number
    event, at = f"e{number}", MIDNIGHT_S + at
    if type_ == 1:
        return Webhook(at, "erp", event, [Record(key, version, {"name": f"Ada {number}"})])
    contact = {"contact": "1000000"}
    if key.startswith(DEAL):
        fields = {**contact, "name": f"Roof {number}"}
        return Webhook(at, "shop", event, [Record(key, version, fields)])
    fields = {**contact, "start": "2026-12-01T09:00:00Z"}
    return Webhook(at, "desk", event, [Record(key, version, fields)])


def _kind(request: Request) -> str:
    if request.method == "POST":
        return "posts"
    asked = str(dict(request.params.items()).get("id", ""))
    if asked.startswith("in."):
        return "polls"
    return "results" if asked.startswith("eq.") else "lookups and files"


def even(count: int, *, begin_s: float = 0.0, end_s: float = DAY_S) -> list[float]:
    """`count` times, evenly between two (s after midnight)."""
    return [begin_s + (end_s - begin_s) / count * (number + 0.5) for number in range(count)]


def together(*times: Iterable[float]) -> list[float]:
    """All of these times in their order."""
    return sorted(one for some in times for one in some)
