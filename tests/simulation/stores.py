"""The stores of the relay, on simulated services."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from import_relay.bulk.replaying import Replaying, ReplayParts
from import_relay.domain.lanes import Lane
from import_relay.storage.archive import Archive
from import_relay.storage.batch_state import BatchStates
from import_relay.storage.connection_waits import ConnectionWaits
from import_relay.storage.executions import Executions
from import_relay.storage.held import HeldStates
from import_relay.storage.intake_store import IntakeStore
from import_relay.storage.lease import Lease
from import_relay.storage.ledger import Ledger
from import_relay.storage.outcome_counts import OutcomeCounts
from import_relay.storage.pause import Pause, PauseClients, PauseNames
from import_relay.storage.queue import Queue as QueueSender
from import_relay.storage.quota import Quota
from import_relay.storage.refusals import RefusedConnections
from import_relay.storage.replays import Replays
from import_relay.storage.requeueing import Requeueing
from import_relay.storage.stored_items import StoredItems
from import_relay.storage.trials import Trials, Tried
from import_relay.storage.watermarks import Watermarks
from tests.simulation.queue import BULK_HELD_URL, BULK_URL, DEAD_LETTER_URL, HELD_URL, URL

if TYPE_CHECKING:
    from tests.simulation.relay import Relay

SKEW_S = 10.0
"""More than the clocks of two processes differ."""
LEDGER, WATERMARKS, BUCKET = "ledger", "watermarks", "bucket"
_V = TypeVar("_V")
_R = TypeVar("_R")


class WatchedLease(Lease):
    """The lease; `overtaken`: when the bulk lane took it although a live batch was waiting."""

    def __init__(self, relay: "Relay", **times: Any) -> None:
        client: Any = relay.dynamodb
        super().__init__(client, LEDGER, **times)
        self._relay = relay
        self.overtaken: list[str] = []

    def _take(self, holder: str, until: float, lane: Lane) -> bool:
        relay = self._relay
        item = relay.dynamodb.tables.get(LEDGER, {}).get("lease#submit", {})
        noted = float(item.get("live_waits_until", {"N": "0"})["N"])
        taken = super()._take(holder, until, lane)
        if taken and lane is Lane.BULK and noted > relay.world.now + SKEW_S:
            self.overtaken.append(f"{holder} took the lease while a live batch waited for it")
        return taken


@dataclass(frozen=True, slots=True)
class WatchedTrials(Trials):
    """The trials; `left_by`: invocations (`process`) that could not note that they survived theirs.

    To later invocations they look as if they had been killed.
    """

    process: Callable[[], str] = field(kw_only=True)
    left_by: set[str] = field(default_factory=set, kw_only=True)

    def update(self, tried: Tried) -> bool:
        """Replace the record after a survived trial; False if AWS failed it."""
        is_taken = Trials.update(self, tried)
        (self.left_by.discard if is_taken else self.left_by.add)(self.process())
        return is_taken


class Stores:
    """All stores: they keep nothing in memory, and so all environments may share them."""

    def __init__(self, relay: "Relay") -> None:
        world = relay.world
        aws: Any = relay  # it has fakes of boto3's clients
        times: Any = {"clock": world.clock, "sleep": world.sleep}
        tell: Any = world.tell
        quota = Quota(aws.dynamodb, LEDGER, relay.limits, **times)
        self.outcome_counts = OutcomeCounts(aws.dynamodb, LEDGER, relay.limits.day, **times)
        self.ledger = Ledger(aws.dynamodb, LEDGER, quota, self.outcome_counts, **times)
        self.watermarks = Watermarks(aws.dynamodb, WATERMARKS, for_all=_one_by_one, **times)
        self.lease = WatchedLease(relay, **times)
        self.states = BatchStates(aws.dynamodb, LEDGER, relay.limits, **times)
        self.trials = WatchedTrials(
            aws.dynamodb, LEDGER, clock=world.clock, process=lambda: world.process.name
        )
        self.refused = RefusedConnections(aws.dynamodb, LEDGER, clock=world.clock)
        self.waits = ConnectionWaits(aws.dynamodb, LEDGER, clock=world.clock)
        self.archive = Archive(aws.s3, BUCKET)
        dead_letters = QueueSender(
            aws.queue, DEAD_LETTER_URL, sleep=world.sleep, for_all=_one_by_one
        )
        self.queue, self.held, self.bulk_queue, self.bulk_held = (
            Requeueing(
                QueueSender(aws.queue, url, sleep=world.sleep, for_all=_one_by_one),
                dead_letters,
                clock=world.clock,
                emit=tell,
            )
            for url in (URL, HELD_URL, BULK_URL, BULK_HELD_URL)
        )
        self.replaying = Replaying(
            ReplayParts(
                StoredItems(aws.s3, BUCKET),
                self.ledger.get,
                self.outcome_counts,
                Replays(aws.dynamodb, LEDGER, self.outcome_counts, **times),
                self.bulk_queue,
            ),
            relay.limits.day,
        )
        self.held_states = HeldStates(aws.dynamodb, LEDGER, clock=world.clock)
        self.executions = Executions(aws.step_functions, "machine")
        clients = PauseClients(aws.dynamodb, aws.mapping.lambda_, aws.scheduler, aws.ssm)
        names = PauseNames(LEDGER, "mapping", "pause", "arn:aws:iam::1:role/pause")
        self.pause = Pause(clients, names, clock=world.clock)
        self.bulk_pause = Pause(clients, names, clock=world.clock, bulk_only=True)
        self.intake = IntakeStore(
            aws.queue,
            URL,
            lambda: aws.s3,
            BUCKET,
            clock=lambda: world.now,
            sleep=world.sleep,
        )


def _one_by_one(call: Callable[[_V], _R], values: Iterable[_V]) -> list[_R]:
    """What a pool of threads does, without threads."""
    return [call(value) for value in values]
