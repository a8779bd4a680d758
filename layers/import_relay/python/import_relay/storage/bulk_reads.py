"""Reads many items by their keys, consistently. Used by every table of the relay.

What DynamoDB leaves unanswered is asked for again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from import_relay.domain.batches import batches
from import_relay.domain.errors import StoreUnavailable
from import_relay.domain.retrying import READ_ITEMS, tries

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

READ_BATCH = 100
"""Keys per BatchGetItem (AWS quota)."""


def read_items(
    client: "DynamoDBClient",
    table: str,
    keys: Sequence[Mapping[str, Any]],
    *,
    sleep: Callable[[float], None],
    request: Mapping[str, Any] | None = None,
) -> Iterator[Mapping[str, Any]]:
    """Those of the items that exist, in no order.

    Args:
        keys: each once.
        request: more members of the request, such as a projection.

    Raises:
        StoreUnavailable: DynamoDB left a part unanswered, again and again.
    """
    for batch in batches(keys, READ_BATCH):
        pending: list[Any] = batch
        for _ in tries(READ_ITEMS, sleep):
            wanted: Any = {"Keys": pending, "ConsistentRead": True, **(request or {})}
            answer = client.batch_get_item(RequestItems={table: wanted})
            yield from answer["Responses"].get(table, [])
            left = answer.get("UnprocessedKeys", {}).get(table)
            if not left:
                break
            pending = list(left["Keys"])
        else:
            raise StoreUnavailable(f"{len(pending)} not read: UnprocessedKeys in BatchGetItem")


def only(*names: str) -> dict[str, Any]:
    """The members of a request that read these attributes and no others."""
    return {
        "ProjectionExpression": ", ".join(f"#{name}" for name in names),
        "ExpressionAttributeNames": {f"#{name}": name for name in names},
    }
