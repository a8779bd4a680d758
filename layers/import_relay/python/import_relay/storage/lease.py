"""The lease in the ledger table that makes one submitter the only one, live changes first.

A Lambda cannot outlive its timeout, so a lease that ends at the holder's deadline needs no renewal
and no fencing. Mateo's limits make a second submitter pointless. A batch that finds the lease held
leaves a note of its lane in it. Until the live lane's runs out or a live batch has the lease, no
bulk batch takes it, and a bulk batch that holds it gives way after its current import.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from import_relay.domain.errors import LeaseHeld
from import_relay.domain.lanes import Lane
from import_relay.storage.attributes import Plain, from_attributes
from import_relay.storage.clocks import CLOCK_SKEW_S
from import_relay.storage.conditions import takes_effect
from import_relay.storage.item_writes import attribute, update_of

if TYPE_CHECKING:
    from boto3.dynamodb.conditions import ConditionBase
    from types_boto3_dynamodb import DynamoDBClient

RETRY_S = 1.0
WAITS_S = 15.0
"""How long the note of a batch lasts. It renews the note at every try, so this is longer than a try
takes and than clocks differ; a process that dies holds the bulk lane up no longer."""
_KEY: dict[str, Any] = {"pk": {"S": "lease#submit"}}


@dataclass(slots=True)
class Lease:
    """At most one holder at a time."""

    client: "DynamoDBClient"
    table: str
    clock: Callable[[], float]
    sleep: Callable[[float], None] = time.sleep

    @contextmanager
    def held(
        self, holder: str, *, until: float, wait_until: float, lane: Lane = Lane.LIVE
    ) -> Iterator[None]:
        """Hold the lease within the block.

        Args:
            holder: unique name of this invocation.
            until: when the holder is certainly gone (s since the epoch).
            wait_until: how long to wait for the present holder (s since the epoch).
            lane: of the batch that it is for. Live batches go first.

        Raises:
            LeaseHeld: it was not free in time.
        """
        while not self._take(holder, until, lane):
            if self.clock() + RETRY_S >= wait_until:
                raise LeaseHeld
            self._tell_that_one_waits(lane)
            self.sleep(RETRY_S)
        try:
            yield
        finally:
            self._release(holder)

    def waits(self, lane: Lane) -> bool:
        """Whether another batch of a lane waits for the lease, as far as the table answers."""
        try:
            answer = self.client.get_item(TableName=self.table, Key=_KEY, ConsistentRead=True)
        except (ClientError, BotoCoreError):
            return False
        note = from_attributes(answer.get("Item", {})).get(_waits_until(lane), 0.0)
        return float(note) > self.clock()

    def _take(self, holder: str, until: float, lane: Lane) -> bool:
        """Take the lease if it may be taken.

        nobody holds it, or we do, or the holder is certainly gone     either lane
        and besides, no live batch waits                               the bulk lane
        """
        now = self.clock()
        free = attribute("holder").not_exists()
        ours = attribute("holder").eq(holder)
        run_out = attribute("held_until").lt(now - CLOCK_SKEW_S)
        may_take: ConditionBase = free | ours | run_out
        if lane is Lane.BULK:
            note = attribute(_waits_until(Lane.LIVE))
            may_take &= note.not_exists() | note.lt(now)
        sets: dict[str, Plain | None] = {"holder": holder, "held_until": until}
        sets[_waits_until(lane)] = None
        return takes_effect(lambda: self._update(may_take, sets))

    def _tell_that_one_waits(self, lane: Lane) -> None:
        """Leave a note for the holder of the lease, and for the bulk lane.

        Without it the lanes would still take turns, but by chance.
        """
        try:
            self._update(None, {_waits_until(lane): self.clock() + WAITS_S})
        except (ClientError, BotoCoreError):
            return  # the next try leaves the note

    def _release(self, holder: str) -> None:
        try:
            self._update(attribute("holder").eq(holder), {"holder": None, "held_until": None})
        except (ClientError, BotoCoreError):
            return  # the lease is not ours any more, or it runs out by itself

    def _update(self, where: "ConditionBase | None", sets: Mapping[str, Plain | None]) -> None:
        self.client.update_item(**update_of(self.table, _KEY, where, sets=sets))


def _waits_until(lane: Lane) -> str:
    """The attribute with the note of a lane's batch: until when it counts (s since the epoch)."""
    return f"{lane.value}_waits_until"
