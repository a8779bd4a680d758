"""Ends a pause of submission that outlasted its time: enables event source mappings again.

A pause ends by a schedule. That may fail, and what disables the mapping may take effect after it.
Called by the watchdog. A pause is written down before the mapping is disabled: if a mapping is
disabled with no pause noted, or with one that is over, it was left behind.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from import_relay.domain.lanes import Lane
from import_relay.storage.pause import BULK_PAUSE_KEY, PAUSE_KEY, PauseState, read_state
from import_relay.storage.queue_switch import QueueMapping

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class OverduePause:
    """The event source mappings, and the records of why they are disabled in `table`.

    `mappings`: of each lane, the live one first.
    """

    dynamodb: "DynamoDBClient"
    table: str
    mappings: Sequence[QueueMapping]
    clock: Callable[[], float]
    sleep: Callable[[float], None]

    def end(self) -> PauseState | None:
        """Resume submission if it is paused past its time.

        The records are read after the mappings, consistently: a pause that began meanwhile stays.
        One that begins later still is overruled for a batch, which is requeued and pauses it again.

        Returns:
            the pause that was ended, the last one to end if there were two; None if none was
            overdue.

        Raises:
            StoreUnavailable: Lambda does not take the change.
        """
        stopped = {
            lane: mapping
            for lane, mapping in zip(Lane, self.mappings, strict=True)
            if mapping.is_stopped()
        }
        ended = []
        for lane, mapping in stopped.items():
            noted = self._noted(lane)
            if noted.paused_until <= self.clock():
                mapping.enable(self.sleep)
                ended.append(noted)
        return max(ended, key=lambda one: one.paused_until, default=None)

    def _noted(self, lane: Lane) -> PauseState:
        """The pause that ends last of those that stop this lane."""
        keys = (PAUSE_KEY, BULK_PAUSE_KEY) if lane is Lane.BULK else (PAUSE_KEY,)
        found = [read_state(self.dynamodb, self.table, key) for key in keys]
        return max(found, key=lambda one: one.paused_until)
