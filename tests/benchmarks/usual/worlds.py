"""Runs a case in the simulated world, once with the relay and once with the usual way.

Queue, event source mapping, the senders' pauses and Mateo are the same in both. The counts are read
from Mateo alone: neither way is asked what it did.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from tests.benchmarks.usual import functions
from tests.benchmarks.usual.cases import Case
from tests.simulation.mateo import TOKEN, Mateo
from tests.simulation.mateo_http import Http, Request
from tests.simulation.mateo_server import BASE_URL
from tests.simulation.parts import RECEIVE_S, SUBMIT_S
from tests.simulation.pollers import EventSourceMapping
from tests.simulation.queue import URL, Queue, Received
from tests.simulation.relay import Relay
from tests.simulation.scenario import Record, Webhook
from tests.simulation.senders import PAUSES_S, Senders
from tests.simulation.world import START, Environment, Fault, Process, World

T = TypeVar("T")
STEP_S = 3_600.0
DAYS = 20.0
"""How long a run lasts at most; SQS keeps messages for 14 days."""


@dataclass(slots=True)
class CaseWorld(World):
    """A world with faults by the operation and the number of a call: the same for both ways."""

    by_operation: Mapping[tuple[str, int], Fault] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def call(self, operation: str, effect: Callable[[], T], **options: Any) -> T:
        """As `World.call`."""
        self.counts[operation] += 1
        fault = self.by_operation.get((operation, self.counts[operation]))
        self.faults = {} if fault is None else {self.calls + 1: fault}
        result: T = World.call(self, operation, effect, **options)
        return result


@dataclass(slots=True)
class Outcome:
    """What Mateo holds in the end, counted in records of the ERP.

    `lost`: customers whose newest change never came to Mateo; `doubled`: rows that were imported
    once more; `stale`: customers whose newest change came, and an older one after it.
    """

    requests: int = 0
    entities: int = 0
    lost: int = 0
    doubled: int = 0
    stale: int = 0

    def add(self, other: "Outcome") -> None:
        """Add the counts of another case."""
        for name in ("requests", "entities", "lost", "doubled", "stale"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


def by_relay(case: Case) -> Outcome:
    """What Mateo holds after a case with the relay."""
    world = _world(case)
    relay = Relay(world, case.scenario)
    senders = Senders(world, relay)
    senders.plan(case.scenario.webhooks)
    _run(world, lambda: not senders.under_way and relay.is_quiet())
    outcome = _outcome(case, relay.mateo)
    relay.close()
    return outcome


def by_usual_way(case: Case) -> Outcome:
    """What Mateo holds after a case with the usual way."""
    world = _world(case)
    usual = Usual(world, case)
    usual.plan(case.scenario.webhooks)
    _run(world, lambda: not usual.under_way and not usual.queue.messages)
    outcome = _outcome(case, usual.mateo)
    world.close()
    return outcome


def _world(case: Case) -> CaseWorld:
    return CaseWorld(case.scenario.seed, by_operation=case.faults)


def _run(world: World, is_done: Callable[[], bool]) -> None:
    until = START + DAYS * 86_400
    while world.now < until:
        world.run(world.now + STEP_S)
        if is_done():
            world.run(world.now + STEP_S)  # what Mateo still has to do
            return


class Usual:
    """A deployment of the usual way."""

    def __init__(self, world: World, case: Case) -> None:
        scenario = case.scenario
        profile = scenario.fault_profile
        self._world = world
        self.mateo = Mateo(world, scenario.account, profile)
        self.queue = Queue(world, duplicate_delivery=profile.duplicate_delivery)
        EventSourceMapping(
            world,
            self.queue,
            self._submit,
            window_s=scenario.account.batching_window_s,
            disable_lag_s=profile.disable_lag_s,
        )
        self.under_way = 0
        self._idle: list[functions.Submitter] = []

    def plan(self, webhooks: Sequence[Webhook]) -> None:
        """Send all of them when their time has come."""
        self.under_way = len(webhooks)
        for webhook in webhooks:
            self._world.at(START + webhook.at, lambda one=webhook: self._send(one, 0))  # type: ignore[misc]

    def _send(self, webhook: Webhook, tries: int) -> None:
        bodies = [json.dumps(customer(one)) for one in webhook.records]

        def body() -> int:
            return functions.receive({"x-relay-secret": functions.SECRET}, bodies, self._put)

        def ended(process: Process) -> None:
            if process.error is None and process.result == 200:
                self.under_way -= 1
                return
            pause = PAUSES_S[min(tries, len(PAUSES_S) - 1)]
            self._world.after(pause, lambda: self._send(webhook, tries + 1))

        self._invoke("receive", body, RECEIVE_S, ended)

    def _put(self, bodies: Sequence[str]) -> Any:
        entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies)]
        return self.queue.send_message_batch(QueueUrl=URL, Entries=entries)

    def _submit(self, batch: Sequence[Received], on_end: Callable[[Process], None]) -> None:
        submitter = self._idle.pop() if self._idle else functions.Submitter(self._post)

        def body() -> set[str]:
            answer = submitter.handler({"Records": [_record(one) for one in batch]})
            return {one["itemIdentifier"] for one in answer["batchItemFailures"]}

        def ended(process: Process) -> None:
            if process.alive:
                self._idle.append(submitter)
            on_end(process)

        self._invoke("submit", body, SUBMIT_S, ended)

    def _invoke(
        self,
        name: str,
        body: Callable[[], object],
        timeout_s: float,
        on_end: Callable[[Process], object],
    ) -> None:
        environment = Environment(name, 1, 0.0)
        self._world.spawn(name, body, environment=environment, timeout_s=timeout_s, on_end=on_end)

    def _post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        content = json.dumps(body).encode()
        http: Any = self.mateo.http
        assert isinstance(http, Http)
        request = Request("POST", f"{BASE_URL}{path}", {}, content, headers)
        answer = http.send(request)
        return httpx.Response(answer.status_code, request=httpx.Request("POST", "https://mateo"))


def _record(message: Received) -> dict[str, Any]:
    return {"messageId": message.id, "body": message.body, "eventSource": "aws:sqs"}


def customer(record: Record) -> Mapping[str, Any]:
    """A record of the simulated ERP as `functions.Customer` reads it."""
    return {
        "customer_no": record.key,
        "last_name": record.fields["name"],
        "address": {"city": record.fields["city"], "zip": record.fields["zip"]},
        "updated_at": record.version / 1_000_000,
    }


def _outcome(case: Case, mateo: Mateo) -> Outcome:
    """The counts of a case, read from Mateo."""
    times: Counter[tuple[str, str]] = Counter()
    last: dict[str, str] = {}
    for one in mateo.applied:
        change = one.external_id, one.row["full_name"]
        times[change] += 1
        last[one.external_id] = change[1]
    newest = _newest(case.scenario.webhooks)
    came = {key for key, name in newest.items() if times[key, name]}
    return Outcome(
        requests=len(mateo.requests),
        entities=sum(one.rows for one in mateo.imports.values()),
        lost=len(newest.keys() - came),
        doubled=sum(number - 1 for number in times.values()),
        stale=sum(last[key] != newest[key] for key in came),
    )


def _newest(webhooks: Iterable[Webhook]) -> dict[str, str]:
    """Customer → the name that its newest change gave it, without what Mateo never takes."""
    records = [one for webhook in webhooks for one in webhook.records if not one.failing]
    records.sort(key=lambda one: one.version)
    return {one.key: str(one.fields["name"]) for one in records}
