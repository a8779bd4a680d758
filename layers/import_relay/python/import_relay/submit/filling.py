"""Reads more messages than Lambda handed over, until an import is full. Called by `batch_run`.

Lambda hands over six megabytes at most, its own attributes of each message included: about 3,400
records. Under the lease, held messages are received first, then messages of the lane's own queue
until the import is full. They have the same rules as messages of the batch: each is deleted once
all of its items are accounted for, and SQS redelivers it if the process dies.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from import_relay.domain.batches import MESSAGES_PER_CALL
from import_relay.domain.log_events import Emit
from import_relay.domain.models import ImportOptions
from import_relay.domain.reasons import reason_of
from import_relay.storage.queue import ReceivedMessage
from import_relay.storage.requeueing import Requeueing
from import_relay.submit.acknowledging import AWS_ERRORS
from import_relay.submit.changes import Mapped
from import_relay.submit.holding import Holding
from import_relay.submit.queue_batch import QueueBatch

MAX_FILLED_ITEMS = 15_000
"""Own limit, for memory: three record types fill an import with fewer."""
MAX_FILLED_B = 70_000_000
"""Own limit, for memory: bytes of messages, so that records of 13 kB fill an import."""
MAX_CALLS = 48
"""Own limit of calls in one round: their messages are read before any is interpreted."""


@dataclass(slots=True)
class Filling:
    """Fills the imports of one batch. `rows_wanted`: so many of one kind are a full import.

    `queue`: of the lane. `holding`: of what is held of it. `has_ended_early`: more may be queued,
    as reading ended with a full import, or for room or time. `knows_held`: all that was held was
    read.
    """

    queue: Requeueing
    holding: Holding
    rows_wanted: int
    is_in_time: Callable[[], bool]
    emit: Emit
    has_ended_early: bool = False
    knows_held: bool = False
    has_failed: bool = False
    _calls: int = 1
    _counted: int = 0
    _keys: dict[ImportOptions, set[str]] = field(default_factory=lambda: defaultdict(set))

    def held_messages(self, batch: QueueBatch) -> Iterator[Sequence[ReceivedMessage]]:
        """What was held, until there is no more of it or no room; `batch` holds what was read."""
        while True:
            received = self._receive(self.holding)
            if not received:
                self.knows_held = not self.has_failed
                if self.knows_held:
                    self.holding.has_taken_all()
                self._calls = 1  # the lane's own messages are larger than those of single records
                return
            yield received
            if not (self.has_room(batch) and self.is_in_time()):
                return

    def more(self, batch: QueueBatch, mapped: Mapped) -> Sequence[ReceivedMessage]:
        """Further messages of the lane; none once an import is full or the queue is empty."""
        missing = self.rows_wanted - self._largest(mapped)
        is_over = missing <= 0 or not self.has_room(batch) or not self.is_in_time()
        self.has_ended_early = is_over and not mapped.waiting
        if is_over or mapped.waiting:
            self._keys.clear()  # the set of a whole batch's keys is large
            return ()
        self._calls = min(self._calls, math.ceil(missing / MESSAGES_PER_CALL))
        return self._receive(self.queue)

    def has_room(self, batch: QueueBatch) -> bool:
        """Whether there is memory for more messages."""
        is_full = batch.item_count >= MAX_FILLED_ITEMS or batch.text_bytes >= MAX_FILLED_B
        return not (is_full or batch.without_room)

    def _receive(self, queue: Requeueing | Holding) -> Sequence[ReceivedMessage]:
        """One round of calls, twice as many as in the last one; no messages if AWS fails."""
        try:
            received = queue.receive(self._calls)
        except AWS_ERRORS as error:
            self.emit("batch.interrupted", reason=reason_of(error))
            self.has_failed = True
            return ()
        self._calls = min(2 * self._calls, MAX_CALLS)
        return received

    def _largest(self, mapped: Mapped) -> int:
        """How many records the largest possible import has."""
        for change in mapped.changes[self._counted :]:
            self._keys[change.options].add(change.key)
        self._counted = len(mapped.changes)
        return max((len(keys) for keys in self._keys.values()), default=0)
