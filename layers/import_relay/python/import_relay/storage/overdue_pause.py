"""Ends a pause of submission that outlasted its time: enables the event source mapping again.

A pause ends by a schedule. That may fail, and what disables the mapping may take effect after it.
Called by the watchdog. Whoever pauses submission writes that down before disabling the mapping, so
a mapping that is disabled with no pause noted, or one that is over, was left behind.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from import_relay.storage.pause import PauseState, read_state
from import_relay.storage.queue_switch import QueueMapping

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class OverduePause:
    """The event source mappings, and the record of why they are disabled in `table`."""

    dynamodb: "DynamoDBClient"
    table: str
    mappings: Sequence[QueueMapping]
    clock: Callable[[], float]
    sleep: Callable[[float], None]

    def end(self) -> PauseState | None:
        """Resume submission if it is paused past its time.

        The record is read after the mapping, consistently: a pause that began meanwhile stays. One
        that begins later still is overruled for a batch, which is requeued and pauses it again.

        Returns:
            the pause that was ended, None if none was overdue.

        Raises:
            StoreUnavailable: Lambda does not take the change.
        """
        stopped = [one for one in self.mappings if one.is_stopped()]
        if not stopped:
            return None
        noted = read_state(self.dynamodb, self.table)
        if noted.paused_until > self.clock():
            return None
        for mapping in stopped:
            mapping.enable(self.sleep)
        return noted
