"""The right to feed the bulk queue, which one process has at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from import_relay.storage.conditions import takes_effect
from import_relay.storage.item_writes import attribute, update_of

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_KEY: dict[str, Any] = {"pk": {"S": "feeder"}}


@dataclass(frozen=True, slots=True)
class Feeder:
    """The turn. `clock` gives seconds since the epoch."""

    dynamodb: "DynamoDBClient"
    table: str
    clock: Callable[[], float]

    def take(self, holder: str, *, until: float) -> bool:
        """Become the only feeder, until a time (s since the epoch); False if another one is."""
        held_until = attribute("held_until")
        ours = attribute("holder").eq(holder)
        taken = update_of(
            self.table,
            _KEY,
            held_until.not_exists() | held_until.lt(self.clock()) | ours,
            sets={"holder": holder, "held_until": until},
        )
        return takes_effect(lambda: self.dynamodb.update_item(**taken))

    def release(self, holder: str) -> None:
        """Let another one feed."""
        ours = attribute("holder").eq(holder)
        free = update_of(self.table, _KEY, ours, sets={"held_until": 0})
        takes_effect(lambda: self.dynamodb.update_item(**free))
