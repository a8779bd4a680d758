"""The turn at feeding the bulk queue: one process at a time, and how much the queue holds.

SQS counts messages up to a minute late, so what was sent within the last minute is remembered.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from import_relay.domain.batches import MAX_ITEMS_PER_MESSAGE
from import_relay.storage.attributes import Plain, to_attributes
from import_relay.storage.conditions import takes_effect

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_sqs import SQSClient

_KEY: dict[str, Any] = {"pk": {"S": "feeder"}}
COUNTS_LATE_S = 90.0
"""SQS promises its counts within a minute of the last message (AWS: SQS, metrics)."""
_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class Feeder:
    """The turn. `queue_url`: of the bulk queue. `clock` gives seconds since the epoch."""

    def __init__(
        self,
        dynamodb: "DynamoDBClient",
        sqs: "SQSClient",
        table: str,
        queue_url: str,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._dynamodb = dynamodb
        self._sqs = sqs
        self._table = table
        self._queue_url = queue_url
        self._clock = clock

    def take(self, holder: str, *, until: float) -> bool:
        """Become the only feeder, until a time (s since the epoch); False if another one is."""
        values: dict[str, Plain | None] = {
            ":holder": holder,
            ":until": until,
            ":now": self._clock(),
        }
        return takes_effect(
            lambda: self._dynamodb.update_item(
                TableName=self._table,
                Key=_KEY,
                UpdateExpression="SET holder = :holder, held_until = :until",
                ConditionExpression=(
                    "attribute_not_exists(held_until) OR held_until < :now OR holder = :holder"
                ),
                ExpressionAttributeValues=to_attributes(values),
            )
        )

    def release(self, holder: str) -> None:
        """Let another one feed."""
        takes_effect(
            lambda: self._dynamodb.update_item(
                TableName=self._table,
                Key=_KEY,
                UpdateExpression="SET held_until = :none",
                ConditionExpression="holder = :holder",
                ExpressionAttributeValues=to_attributes({":none": 0, ":holder": holder}),
            )
        )

    def queued_items(self) -> int:
        """How many items the queue holds at most."""
        answer = self._sqs.get_queue_attributes(
            QueueUrl=self._queue_url,
            AttributeNames=[*_COUNTS],  # type: ignore[list-item]
        )
        counts: Any = answer["Attributes"]
        messages = sum(int(counts[name]) for name in _COUNTS)
        measured = messages * MAX_ITEMS_PER_MESSAGE
        item = self._dynamodb.get_item(TableName=self._table, Key=_KEY, ConsistentRead=True)["Item"]
        fed_at = float(item.get("fed_at", {}).get("N", 0))
        if self._clock() - fed_at >= COUNTS_LATE_S:
            return measured
        return max(measured, int(item["fed_items"]["N"]))

    def remember(self, items: int) -> None:
        """Remember how many items the queue holds at most, now that more are about to be sent."""
        self._dynamodb.update_item(
            TableName=self._table,
            Key=_KEY,
            UpdateExpression="SET fed_at = :now, fed_items = :items",
            ExpressionAttributeValues=to_attributes({":now": self._clock(), ":items": items}),
        )
