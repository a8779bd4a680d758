"""Submission on moto and a scripted Mateo, with a clock that only moves when it is told to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from import_relay.domain.connections import Connection
from import_relay.domain.lanes import Lane
from import_relay.domain.log_events import reserved_keys
from import_relay.mateo.client import ImportApi
from import_relay.storage.archive import Archive
from import_relay.storage.batch_state import BatchStates
from import_relay.storage.connection_waits import ConnectionWaits
from import_relay.storage.entries import Entry
from import_relay.storage.executions import Executions
from import_relay.storage.held import HeldStates
from import_relay.storage.lease import Lease
from import_relay.storage.ledger import Ledger
from import_relay.storage.outcome_counts import OutcomeCounts
from import_relay.storage.pacing import Permits
from import_relay.storage.pause import Pause, PauseClients, PauseNames
from import_relay.storage.queue import Queue, ReceivedMessage, SureAnswer
from import_relay.storage.quota import Limits, Quota
from import_relay.storage.refusals import RefusedConnections
from import_relay.storage.requeueing import Requeueing
from import_relay.storage.trials import TRIALS_KEY, Trials, Tried, tried_of
from import_relay.storage.watermarks import Watermarks
from import_relay.submit.batch_report import BatchReport
from import_relay.submit.batch_run import SubmissionParts
from import_relay.submit.changes import Mapper
from import_relay.submit.fetching import Fetching
from import_relay.submit.posting import PostingParts, Tools
from import_relay.submit.submission import Submission
from tests.support import aws as resources
from tests.support.aws import Aws
from tests.support.builders import NOON, connections
from tests.support.scripted import FakeLambda, Mateo, Secrets


@dataclass
class Clock:
    """Time that moves by sleeping, or by hand."""

    now: float = NOON

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class DatedQueue(Queue):
    """A queue in which every message was sent just now, by the clock of the test."""

    def __init__(self, client: Any, url: str, clock: Clock) -> None:
        super().__init__(client, url, sleep=clock.sleep, for_all=one_by_one)
        self._now = clock

    def receive(self, call_count: int) -> list[ReceivedMessage]:
        return self._dated(super().receive(call_count))

    def receive_surely(self, call_count: int) -> SureAnswer:
        answer = super().receive_surely(call_count)
        return answer._replace(messages=self._dated(answer.messages))

    def _dated(self, messages: list[ReceivedMessage]) -> list[ReceivedMessage]:
        return [one._replace(sent_at=self._now()) for one in messages]


def one_by_one(call: Callable[[Any], Any], values: Iterable[Any]) -> list[Any]:
    """Calls in their order, as a pool of one thread makes them."""
    return [call(value) for value in values]


def no_crm(request: httpx.Request) -> httpx.Response:
    """No test reads a record unless it says so."""
    raise AssertionError(request.url)


LIMITS = Limits(2.0, 10_000, 25_000, ZoneInfo("UTC"))


@dataclass
class Relay:
    """One relay: its parts, its clock, and what it said."""

    aws: Aws
    clock: Clock = field(default_factory=Clock)
    mateo: Mateo = field(default_factory=Mateo)
    lambda_: FakeLambda = field(default_factory=FakeLambda)
    events: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    limits: Limits = LIMITS
    connections: Mapping[str, Connection] = field(default_factory=connections)
    rows_per_import: int = 5000
    send_reference_id: bool = False
    references: Any = field(default_factory=lambda: count(1))
    secrets: dict[str, list[str]] = field(default_factory=dict)
    crm: Callable[[httpx.Request], httpx.Response] = no_crm

    def emit(self, event: str, **keys: object) -> None:
        assert not reserved_keys(keys), event
        self.events.append((event, keys))

    @property
    def quota(self) -> Quota:
        return Quota(
            self.aws.dynamodb,
            resources.LEDGER,
            self.limits,
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    @property
    def permits(self) -> Permits:
        return Permits(
            self.aws.dynamodb,
            resources.LEDGER,
            self.quota,
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    @property
    def ledger(self) -> Ledger:
        return Ledger(
            self.aws.dynamodb,
            resources.LEDGER,
            self.quota,
            self.outcome_counts,
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    @property
    def outcome_counts(self) -> OutcomeCounts:
        return OutcomeCounts(
            self.aws.dynamodb,
            resources.LEDGER,
            self.limits.day,
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    @property
    def watermarks(self) -> Watermarks:
        return Watermarks(
            self.aws.dynamodb, resources.WATERMARKS, clock=self.clock, sleep=self.clock.sleep
        )

    @property
    def archive(self) -> Archive:
        return Archive(self.aws.s3, resources.BUCKET)

    @property
    def bulk_queue(self) -> Requeueing:
        return self.requeueing(self.aws.bulk_queue_url)

    @property
    def queue(self) -> Requeueing:
        return self.requeueing(self.aws.queue_url)

    def requeueing(self, url: str) -> Requeueing:
        queue, dead_letters = (
            DatedQueue(self.aws.sqs, one, self.clock) for one in (url, self.aws.dead_letter_url)
        )
        return Requeueing(queue, dead_letters, clock=self.clock, emit=self.emit)

    @property
    def trials(self) -> Trials:
        return Trials(self.aws.dynamodb, resources.LEDGER, clock=self.clock)

    @property
    def refused(self) -> RefusedConnections:
        return RefusedConnections(self.aws.dynamodb, resources.LEDGER, clock=self.clock)

    @property
    def waits(self) -> ConnectionWaits:
        return ConnectionWaits(self.aws.dynamodb, resources.LEDGER, clock=self.clock)

    @property
    def states(self) -> BatchStates:
        return BatchStates(
            self.aws.dynamodb,
            resources.LEDGER,
            self.limits,
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    @property
    def tried(self) -> Tried:
        """What is written down as being tried."""
        answer = self.aws.dynamodb.get_item(TableName=resources.LEDGER, Key=TRIALS_KEY)
        return tried_of(answer.get("Item", {}))

    @property
    def lease(self) -> Lease:
        return Lease(self.aws.dynamodb, resources.LEDGER, clock=self.clock, sleep=self.clock.sleep)

    @property
    def executions(self) -> Executions:
        return Executions(resources.client("stepfunctions"), self.aws.state_machine_arn)

    @property
    def api(self) -> ImportApi:
        http = httpx.Client(transport=httpx.MockTransport(self.mateo))
        return ImportApi(http, "https://mateo.example.com/api/v1", lambda: "token")

    @property
    def pause(self) -> Pause:
        return self._pause()

    @property
    def bulk_pause(self) -> Pause:
        return self._pause(bulk_only=True)

    def _pause(self, *, bulk_only: bool = False) -> Pause:
        clients = PauseClients(
            dynamodb=self.aws.dynamodb,
            lambda_=self.lambda_,  # type: ignore[arg-type]  # a fake of the one call
            scheduler=resources.client("scheduler"),
            ssm=resources.client("ssm"),
        )
        names = PauseNames(
            resources.LEDGER,
            resources.MAPPING_PARAMETER,
            resources.SCHEDULE_GROUP,
            resources.SCHEDULE_ROLE,
        )
        return Pause(clients, names, clock=self.clock, bulk_only=bulk_only)

    @property
    def fetching(self) -> Fetching:
        """Reads at `crm`, for connections with a token in `secrets`."""
        return Fetching(
            self.connections,
            Secrets(self.secrets),
            httpx.Client(transport=httpx.MockTransport(self.crm)),
            clock=self.clock,
            sleep=self.clock.sleep,
            emit=self.emit,
        )

    def submission(self, **replaced: Any) -> Submission:
        """The use case; single parts may be replaced by name."""
        posting: dict[str, Any] = {
            "permits": self.permits,
            "ledger": self.ledger,
            "watermarks": self.watermarks,
            "archive": self.archive,
            "executions": self.executions,
            "pause": self.pause,
            "bulk_pause": self.bulk_pause,
            "api": self.api,
        }
        own: dict[str, Any] = {
            "mapper": Mapper(self.connections),
            "fetching": self.fetching,
            "states": self.states,
            "lease": self.lease,
            "queue": self.queue,
            "held": self.requeueing(self.aws.held_queue_url),
            "bulk_queue": self.bulk_queue,
            "held_states": HeldStates(self.aws.dynamodb, resources.LEDGER, clock=self.clock),
            "bulk_held": self.requeueing(self.aws.bulk_held_queue_url),
            "outcome_counts": self.outcome_counts,
            "trials": self.trials,
            "refused": self.refused,
            "waits": self.waits,
        }
        for name, part in replaced.items():
            (posting if name in posting else own)[name] = part
        parts = SubmissionParts(**own, posting=PostingParts(**posting))
        return Submission(parts, self._tools(), self.rows_per_import)

    def _tools(self) -> Tools:
        return Tools(
            clock=self.clock,
            sleep=self.clock.sleep,
            new_reference=lambda type_: f"ref-{next(self.references)}",
            emit=self.emit,
            send_reference_id=self.send_reference_id,
        )

    def submit(
        self,
        *bodies: str,
        seconds: float = 120.0,
        invocation: str = "inv",
        again: bool = False,
        redriven: bool = False,
        lane: Lane = Lane.LIVE,
        **replaced: Any,
    ) -> BatchReport:
        """Submit one batch; messages are named m0, m1 and so on.

        `again`: all are redelivered; `redriven`: all come from the dead-letter queue.
        """
        messages = {f"m{n}": body for n, body in enumerate(bodies)}
        return self.submission(**replaced).submit(
            messages,
            invocation=invocation,
            deadline=self.clock.now + seconds,
            redelivered=messages if again else (),
            sent_at=dict.fromkeys(messages, self.clock.now if redriven else 0.0),
            lane=lane,
        )

    def entry(self, reference: str) -> Entry:
        """A ledger entry that must exist."""
        entry = self.ledger.get(reference)
        assert entry is not None
        return entry

    def said(self, event: str) -> Sequence[Mapping[str, object]]:
        """The keys of every event of a name."""
        return [keys for name, keys in self.events if name == event]
