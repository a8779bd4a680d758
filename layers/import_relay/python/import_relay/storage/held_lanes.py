"""Lanes that hold records although nothing of them is queued any more. The watchdog wakes them.

A process that holds records sends a wake first. A wake can still be lost: an older version of the
relay, to which a stack was rolled back, does not know it.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from import_relay.domain.lanes import Lane
from import_relay.domain.queue_messages import WAKE
from import_relay.storage.bulk_reads import read_items
from import_relay.storage.held import HeldState, held_key, held_state
from import_relay.storage.queue import Delayed, Queue

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class HeldLanes:
    """The lanes. `queues`: lane → the queue from which Lambda reads its batches."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        queues: Mapping[Lane, Queue],
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._table = table
        self._queues = queues
        self._sleep = sleep

    def wake(self) -> list[Lane]:
        """Send a wake to each lane that holds records, or may, and has no message; returns them.

        A lane with any message gets a batch, and each batch takes what is held first. So a paused
        lane gets one wake, however often this is called.

        Raises:
            StoreUnavailable, ClientError, BotoCoreError: AWS failed it.
        """
        woken = [lane for lane in self._holding() if not self._queues[lane].count()]
        for lane in woken:
            self._queues[lane].send([Delayed(WAKE, 0)])
        return woken

    def _holding(self) -> Iterator[Lane]:
        keys = [held_key(lane) for lane in self._queues]
        found = read_items(self._client, self._table, keys, sleep=self._sleep)
        items = {item["pk"]["S"]: item for item in found}
        for lane, key in zip(self._queues, keys, strict=True):
            if held_state(items.get(key["pk"]["S"], {})) != HeldState():
                yield lane
