"""The state of a lane's holding queue, in the ledger table: one item per lane.

Only the holder of the lease changes it. It says when something has to look at the queue again, so
that nothing is held for ever and no second wake is sent while one is on its way.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from import_relay.domain.lanes import Lane
from import_relay.storage.attributes import Attributes, from_attributes, to_attributes
from import_relay.storage.clocks import CLOCK_SKEW_S

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

HIDDEN_S = 860.0
"""After a process began to receive, its messages are visible again within this time if it died:
its timeout and the queue's visibility timeout (template.yaml)."""


@dataclass(frozen=True, slots=True)
class HeldState:
    """What is known of what is held. Times are in s since the epoch, 0 for never.

    `since`: of the oldest record that is held, 0 if none is. `received_at`: when messages were last
    received. `wake_at`: when the last wake that was sent arrives.
    """

    since: float = 0.0
    received_at: float = 0.0
    wake_at: float = 0.0

    def may_come_back(self, now: float) -> bool:
        """Whether received messages may still return to the queue: their receiver may be dead."""
        return now < self.received_at + HIDDEN_S

    def is_overdue(self, now: float, longest_s: float) -> bool:
        """Whether records are held for long, or may have returned unseen."""
        if self.since:
            return self.since <= now - longest_s
        return self != HeldState() and not self.may_come_back(now)

    def is_awake(self, now: float) -> bool:
        """Whether a wake is queued. Clocks may differ a little."""
        return self.wake_at > now + CLOCK_SKEW_S


def held_key(lane: Lane) -> dict[str, Any]:
    """The key of a lane's item."""
    return {"pk": {"S": f"held#{lane.value}"}}


def held_state(item: Attributes) -> HeldState:
    """What the item under `held_key` says; nothing is held if it is empty."""
    values = from_attributes(item)
    names = ("since", "received_at", "wake_at")
    return HeldState(*(float(values.get(name, 0.0)) for name in names))


class HeldStates:
    """The items. `clock` gives seconds since the epoch."""

    def __init__(self, client: "DynamoDBClient", table: str, *, clock: Callable[[], float]) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def write(self, lane: Lane, state: HeldState) -> None:
        """Replace what is written down about a lane."""
        values: dict[str, float] = {
            "since": state.since,
            "received_at": state.received_at,
            "wake_at": state.wake_at,
        }
        item: Any = {**held_key(lane), **to_attributes(dict(values))}
        self._client.put_item(TableName=self._table, Item=item)
