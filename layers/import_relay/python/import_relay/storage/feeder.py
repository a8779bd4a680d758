"""The turn at feeding the bulk queue: one process at a time, and how much the queue holds."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from import_relay.storage.conditions import takes_effect
from import_relay.storage.item_writes import attribute, update_of
from import_relay.storage.queue import message_count

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_sqs import SQSClient

_KEY: dict[str, Any] = {"pk": {"S": "feeder"}}


class Feeder:
    """The turn. `queue_urls`: of the bulk queue, and of what is held of it. `clock`: in s."""

    def __init__(
        self,
        dynamodb: "DynamoDBClient",
        sqs: "SQSClient",
        table: str,
        queue_urls: Sequence[str],
        *,
        clock: Callable[[], float],
    ) -> None:
        self._dynamodb = dynamodb
        self._sqs = sqs
        self._table = table
        self._queue_urls = queue_urls
        self._clock = clock

    def take(self, holder: str, *, until: float) -> bool:
        """Become the only feeder, until a time (s since the epoch); False if another one is."""
        held_until = attribute("held_until")
        ours = attribute("holder").eq(holder)
        taken = update_of(
            self._table,
            _KEY,
            held_until.not_exists() | held_until.lt(self._clock()) | ours,
            sets={"holder": holder, "held_until": until},
        )
        return takes_effect(lambda: self._dynamodb.update_item(**taken))

    def release(self, holder: str) -> None:
        """Let another one feed."""
        ours = attribute("holder").eq(holder)
        free = update_of(self._table, _KEY, ours, sets={"held_until": 0})
        takes_effect(lambda: self._dynamodb.update_item(**free))

    def messages(self) -> int:
        """About how many messages the queues hold; SQS counts up to a minute late."""
        return sum(message_count(self._sqs, one) for one in self._queue_urls)
