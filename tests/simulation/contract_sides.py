"""The two sides that the contract tests hold equal: the fakes in memory, and moto for AWS.

Each side has a world whose calls take no time, so that the relay's stores have the same clock on
both, and clients of AWS: fakes that make calls of that world, or boto3's clients on moto.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from botocore.exceptions import ClientError

from import_relay.domain.errors import RelayError
from import_relay.storage.archive import Archive
from import_relay.storage.executions import Executions
from import_relay.storage.intake_store import IntakeStore
from import_relay.storage.lease import Lease
from import_relay.storage.ledger import Ledger
from import_relay.storage.outcome_counts import OutcomeCounts
from import_relay.storage.pacing import Permits
from import_relay.storage.pause import Pause, PauseClients, PauseNames
from import_relay.storage.queue import Queue as QueueSender
from import_relay.storage.quota import Limits, Quota
from import_relay.storage.watermarks import Watermarks
from tests.simulation.aws import S3, Lambda, Scheduler, Ssm
from tests.simulation.dynamodb import DynamoDB
from tests.simulation.machine import StepFunctions
from tests.simulation.queue import Queue
from tests.simulation.world import Environment, Process, World
from tests.support import aws as resources
from tests.support.aws import BUCKET, LEDGER, WATERMARKS, relay_resources
from tests.support.scripted import FakeLambda

T = TypeVar("T")
UNASKED = {"ResponseMetadata", "ConsumedCapacity", "ItemCollectionMetrics"}
"""DynamoDB returns the last two only if asked (`ReturnConsumedCapacity`); moto always does."""
LIMITS = Limits(2.0, 4, 60, ZoneInfo("UTC"))
"""Small enough to be met within a few calls."""
TABLES = (LEDGER, WATERMARKS)


def in_process(
    world: World, body: Callable[[], T], *, timeout_s: float = 1e9, skew_s: float = 0.0
) -> T:
    """Run a body as a process of the world, alone, and return what it returned.

    Raises:
        BaseException: what the body raised; `Killed` if it died.
    """
    ended: list[Process] = []
    started(world, body, timeout_s=timeout_s, skew_s=skew_s, on_end=ended.append)
    while not ended:
        world.run(world._events[0][0])  # no further: time stands still between the calls
    (process,) = ended
    if process.error is not None:
        raise process.error
    result: Any = process.result
    return result  # type: ignore[no-any-return]  # what `body` returned


def started(
    world: World,
    body: Callable[[], object],
    *,
    timeout_s: float = 1e9,
    skew_s: float = 0.0,
    on_end: Callable[[Process], object] = lambda process: None,
) -> Process:
    """Start a process; it runs until time passes in it for the first time."""
    return world.spawn(
        "contract",
        body,
        environment=Environment("contract", 1, skew_s),
        timeout_s=timeout_s,
        on_end=on_end,
    )


@dataclass
class Side:
    """One side: its world, its clients, and the relay's stores made of them."""

    world: World
    dynamodb: Any
    s3: Any
    sqs: Any
    step_functions: Any
    scheduler: Any
    ssm: Any
    lambda_: Any
    queue_url: str
    machine_arn: str
    schedules: Callable[[], set[str]]
    """Names of all schedules that were created and have not fired."""
    executions_begun: Callable[[], Counter[str]]
    queued: Callable[[], list[tuple[str, int]]]
    """(body, delay in s) of every message."""
    stored: Callable[[], Mapping[str, bytes]]
    """The bucket's objects."""
    items_of: Callable[[str], Sequence[Any]]
    _times: Any = field(init=False)

    def __post_init__(self) -> None:
        self._times = {"clock": self.world.clock, "sleep": self.world.sleep}

    def run(self, body: Callable[[], T]) -> T:
        """Run a body as a process."""
        return in_process(self.world, body)

    def tables(self) -> dict[str, dict[str, Any]]:
        """Everything that is stored: table → key → item; numbers as numbers."""
        return {
            name: {item["pk"]["S"]: plain(item) for item in self.items_of(name)} for name in TABLES
        }

    @cached_property
    def quota(self) -> Quota:
        return Quota(self.dynamodb, LEDGER, LIMITS, **self._times)

    @cached_property
    def permits(self) -> Permits:
        return Permits(self.dynamodb, LEDGER, self.quota, **self._times)

    @cached_property
    def outcome_counts(self) -> OutcomeCounts:
        return OutcomeCounts(self.dynamodb, LEDGER, LIMITS.day, **self._times)

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.dynamodb, LEDGER, self.quota, self.outcome_counts, **self._times)

    @cached_property
    def lease(self) -> Lease:
        return Lease(self.dynamodb, LEDGER, **self._times)

    @cached_property
    def watermarks(self) -> Watermarks:
        return Watermarks(
            self.dynamodb,
            WATERMARKS,
            for_all=lambda call, values: [call(one) for one in values],
            **self._times,
        )

    @cached_property
    def archive(self) -> Archive:
        return Archive(self.s3, BUCKET)

    @cached_property
    def queue(self) -> QueueSender:
        return QueueSender(self.sqs, self.queue_url, sleep=self.world.sleep)

    @cached_property
    def executions(self) -> Executions:
        return Executions(self.step_functions, self.machine_arn)

    @cached_property
    def pause(self) -> Pause:
        names = PauseNames(
            LEDGER,
            resources.MAPPING_PARAMETER,
            resources.SCHEDULE_GROUP,
            resources.SCHEDULE_ROLE,
        )
        clients = PauseClients(self.dynamodb, self.lambda_, self.scheduler, self.ssm)
        return Pause(clients, names, clock=self.world.clock)

    @cached_property
    def store(self) -> IntakeStore:
        return IntakeStore(self.sqs, self.queue_url, lambda: self.s3, BUCKET, **self._times)


def fake(seed: int = 0) -> Side:
    """The fakes, without any fault."""
    world = World(seed, latency_s=0.0)
    dynamodb, s3, queue = DynamoDB(world), S3(world), Queue(world)
    begun: Counter[str] = Counter()
    lambda_ = Lambda(world)
    scheduler = Scheduler(world, lambda_)
    return Side(
        world,
        dynamodb,
        s3,
        queue,
        StepFunctions(world, lambda name, document: begun.update([name]), lambda: begun),
        scheduler,
        Ssm(world),
        lambda_,
        "queue",
        "machine",
        schedules=lambda: set(scheduler._names),
        executions_begun=lambda: begun,
        queued=lambda: [
            (one.body, round(one.visible_at - one.sent_at)) for one in queue.messages.values()
        ],
        stored=lambda: s3.objects,
        items_of=lambda table: [*dynamodb.tables.get(table, {}).values()],
    )


@contextmanager
def moto(seed: int = 0) -> Iterator[Side]:
    """The same on moto. Lambda is `FakeLambda`, since moto chooses the UUIDs of mappings itself."""
    with relay_resources() as aws:
        step_functions, scheduler = resources.client("stepfunctions"), resources.client("scheduler")
        yield Side(
            World(seed, latency_s=0.0),
            aws.dynamodb,
            aws.s3,
            aws.sqs,
            step_functions,
            scheduler,
            resources.client("ssm"),
            FakeLambda(),
            aws.queue_url,
            aws.state_machine_arn,
            schedules=lambda: {
                one["Name"]
                for one in scheduler.list_schedules(GroupName=resources.SCHEDULE_GROUP)["Schedules"]
            },
            executions_begun=lambda: Counter(
                one["name"]
                for one in step_functions.list_executions(stateMachineArn=aws.state_machine_arn)[
                    "executions"
                ]
            ),
            queued=lambda: _messages(aws.queue_url),
            stored=aws.objects,
            items_of=lambda table: aws.dynamodb.scan(TableName=table, ConsistentRead=True)["Items"],
        )


def _messages(url: str) -> list[tuple[str, int]]:
    """The messages in moto's own memory: to receive them would change them."""
    from moto.core.models import DEFAULT_ACCOUNT_ID
    from moto.sqs.models import sqs_backends

    queue = sqs_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"].get_queue(url.rsplit("/", 1)[1])
    return [
        (one.body, round(max(0, one.delayed_until - float(str(one.sent_timestamp))) / 1000))
        for one in queue._messages
    ]


# ---------------------------------------------------------------- comparing


def outcome(call: Callable[[], Any]) -> Any:
    """What a call returned, or which error of AWS or of the relay it raised, without its details.

    Raises:
        Exception: the call is wrong, or the fake does not know what it was asked.
    """
    try:
        return call()
    except ClientError as error:
        reasons: Any = error.response.get("CancellationReasons", ())
        return error.response["Error"]["Code"], [one["Code"] for one in reasons]
    except RelayError as error:
        return type(error).__name__, str(error)


def plain(value: Any) -> Any:
    """An item with its numbers as numbers: moto does not write a number always in the same form."""
    if isinstance(value, Mapping):
        if value.keys() == {"N"}:
            return Decimal(value["N"]).normalize()
        return {name: plain(one) for name, one in value.items() if name not in UNASKED}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value
