"""The turn at feeding the bulk queue: one process at a time, and how much the queue holds."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from import_relay.storage.conditions import takes_effect
from import_relay.storage.item_writes import attribute, update_of

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_sqs import SQSClient

_KEY: dict[str, Any] = {"pk": {"S": "feeder"}}
_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


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
        return sum(map(self._messages, self._queue_urls))

    def _messages(self, queue_url: str) -> int:
        answer = self._sqs.get_queue_attributes(
            QueueUrl=queue_url,
            AttributeNames=[*_COUNTS],  # type: ignore[list-item]
        )
        counts: Any = answer["Attributes"]
        return sum(int(counts[name]) for name in _COUNTS)
