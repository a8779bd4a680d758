"""The fake of DynamoDB: tables in memory behind the calls of boto3's client that the relay makes.

Each call takes effect at one time. Reads are consistent, except those of an index, which lag.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from tests.simulation import expressions
from tests.simulation.world import World, refusal, refused

INDEX_LAG_S = 5.0
SLOW_READ_S = 20.0
"""How long a slow read takes at most, with all tries of the SDK."""
_THROTTLED = refused("ProvisionedThroughputExceededException", "DynamoDB")
Item = dict[str, Any]
_NOTHING: Mapping[str, Any] = {}


class DynamoDB:
    """The client.

    `stale_index`: the probability that a change shows up late in indexes. `slow_reads`: that a read
    of many items takes seconds. `partial_reads`, `partial_writes`: that a call for many items does
    only a part of them.
    """

    def __init__(
        self,
        world: World,
        *,
        stale_index: float = 0.0,
        slow_reads: float = 0.0,
        partial_reads: float = 0.0,
        partial_writes: float = 0.0,
    ) -> None:
        self._world = world
        self.slow_reads = slow_reads
        self.partial_reads, self.partial_writes = partial_reads, partial_writes
        self._stale_index = stale_index
        self.tables: defaultdict[str, dict[str, Item]] = defaultdict(dict)
        self._open: dict[str, dict[str, Item]] = {}
        self._lagging: list[tuple[float, str, str, Item | None]] = []
        self.expired = 0

    # ------------------------------------------------------------ single items

    def get_item(self, *, TableName: str, Key: Item, ConsistentRead: bool) -> Any:  # noqa: N803
        """Read one item."""
        assert ConsistentRead

        def effect() -> Any:
            item = self.tables[TableName].get(Key["pk"]["S"])
            return {} if item is None else {"Item": item}

        return self._world.call("DynamoDB.GetItem", effect, refuse=_THROTTLED)

    def put_item(self, *, TableName: str, Item: Item, **conditions: Any) -> Any:  # noqa: N803
        """Replace one item."""
        return self._single(TableName, "Put", Item, conditions)

    def update_item(self, *, TableName: str, Key: Item, **update: Any) -> Any:  # noqa: N803
        """Change one item."""
        return self._single(TableName, "Update", Key, update)

    def delete_item(self, *, TableName: str, Key: Item, **conditions: Any) -> Any:  # noqa: N803
        """Delete one item."""
        return self._single(TableName, "Delete", Key, conditions)

    def _single(self, table: str, kind: str, key: Item, request: Mapping[str, Any]) -> Any:
        def effect() -> Any:
            if not self._holds(table, key["pk"]["S"], request):
                raise refusal("ConditionalCheckFailedException", kind)
            self._apply(table, kind, key, request)
            return {}

        return self._world.call(f"DynamoDB.{kind}Item", effect, refuse=_THROTTLED)

    # ------------------------------------------------------------ many items

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> Any:  # noqa: N803
        """Read items of one table."""
        ((name, request),) = RequestItems.items()
        keys: Sequence[Item] = request["Keys"]
        assert request["ConsistentRead"]
        _no_more_than(100, keys)
        _each_once([key["pk"]["S"] for key in keys])
        names = request.get("ExpressionAttributeNames", {})
        projection = request.get("ProjectionExpression", "")
        columns = [names.get(one, one) for one in projection.split(", ")] if projection else []

        def read(keys: Sequence[Item]) -> list[Item]:
            table = self.tables[name]
            found = [table[key["pk"]["S"]] for key in keys if key["pk"]["S"] in table]
            if columns:
                return [{c: item[c] for c in columns if c in item} for item in found]
            return found

        def partial() -> Any:
            middle = len(keys) // 2
            left = {name: {**request, "Keys": list(keys[middle:])}}
            return {"Responses": {name: read(keys[:middle])}, "UnprocessedKeys": left}

        if self.slow_reads and self._world.random.random() < self.slow_reads:
            self._world.sleep(self._world.random.uniform(0, SLOW_READ_S))

        def effect() -> Any:
            if self._happens(self.partial_reads):
                return partial()
            return {"Responses": {name: read(keys)}, "UnprocessedKeys": {}}

        return self._world.call("DynamoDB.BatchGetItem", effect, refuse=_THROTTLED, partial=partial)

    def batch_write_item(self, *, RequestItems: Mapping[str, Any]) -> Any:  # noqa: N803
        """Put items into one table or delete them, each on its own."""
        ((name, requests),) = RequestItems.items()
        _no_more_than(25, requests)
        _each_once([put_or_delete(request)[1]["pk"]["S"] for request in requests])

        def write(requests: Sequence[Any]) -> None:
            for request in requests:
                self._apply(name, *put_or_delete(request), {})

        def partial() -> Any:
            some = self._world.random.sample(list(requests), len(requests) // 2)
            write(some)
            return {"UnprocessedItems": {name: [one for one in requests if one not in some]}}

        def effect() -> Any:
            if self._happens(self.partial_writes):
                return partial()
            write(requests)
            return {"UnprocessedItems": {}}

        return self._world.call(
            "DynamoDB.BatchWriteItem", effect, refuse=_THROTTLED, partial=partial
        )

    def _happens(self, probability: float) -> bool:
        return bool(probability) and self._world.random.random() < probability

    def transact_write_items(self, *, TransactItems: Sequence[Mapping[str, Any]]) -> Any:  # noqa: N803
        """Do all of it or nothing."""
        _no_more_than(100, TransactItems)
        operations = [
            (kind, request["TableName"], request["Item" if kind == "Put" else "Key"], request)
            for operation in TransactItems
            for kind, request in operation.items()
        ]
        _each_once([(table, key["pk"]["S"]) for _, table, key, _ in operations])

        def effect() -> Any:
            failed = [
                not self._holds(table, key["pk"]["S"], request)
                for _, table, key, request in operations
            ]
            if any(failed):
                raise _cancelled(["ConditionalCheckFailed" if one else "None" for one in failed])
            for kind, table, key, request in operations:
                self._apply(table, kind, key, request)
            return {}

        def conflict() -> Exception:
            reason = self._world.random.choice(("TransactionConflict", "ThrottlingError"))
            return _cancelled([reason] + ["None"] * (len(operations) - 1))

        return self._world.call(
            "DynamoDB.TransactWriteItems", effect, refuse=conflict, idempotent=True
        )

    def query(
        self,
        *,
        TableName: str,  # noqa: N803
        IndexName: str,  # noqa: N803
        ExclusiveStartKey: Item | None = None,  # noqa: N803
        **expression: Any,
    ) -> Any:
        """All items of the index of open imports, oldest first."""
        assert IndexName == "open-imports", IndexName
        assert expression["KeyConditionExpression"] == "#open = :open"
        assert ExclusiveStartKey is None

        def effect() -> Any:
            self._catch_up()
            items = sorted(
                self._open.get(TableName, {}).values(),
                key=lambda item: expressions.number(item["created_at"]),
            )
            return {"Items": items}

        return self._world.call("DynamoDB.Query", effect, refuse=_THROTTLED)

    def is_anything_open(self, table: str) -> bool:
        """Whether the index of open imports has items, or may have some that lag."""
        return bool(self._open.get(table) or self._lagging)

    def expire(self) -> None:
        """Delete the items whose `expires_at` has passed, as DynamoDB does within days."""
        for items in self.tables.values():
            late = [
                key
                for key, item in items.items()
                if "expires_at" in item and int(item["expires_at"]["N"]) < self._world.now
            ]
            for key in late:
                del items[key]
            self.expired += len(late)

    # ------------------------------------------------------------ inside

    def _holds(self, table: str, key: str, request: Mapping[str, Any]) -> bool:
        text = request.get("ConditionExpression")
        if text is None:
            return True
        return expressions.condition(text)(
            self.tables[table].get(key, _NOTHING),
            request.get("ExpressionAttributeNames", _NOTHING),
            request.get("ExpressionAttributeValues", _NOTHING),
        )

    def _apply(self, table: str, kind: str, key: Item, request: Mapping[str, Any]) -> None:
        """Change one item, whose condition holds."""
        name = key["pk"]["S"]
        items = self.tables[table]
        after: Item | None
        if kind == "Put":
            after = dict(key)
        elif kind == "Delete":
            after = None
        else:
            after = {**items.get(name, {}), "pk": key["pk"]}
            expressions.update(request["UpdateExpression"])(
                after,
                request.get("ExpressionAttributeNames", _NOTHING),
                request.get("ExpressionAttributeValues", _NOTHING),
            )
        before = items.get(name)
        if after is None:
            items.pop(name, None)
        else:
            items[name] = after
        if (before and "open" in before) or (after and "open" in after):
            self._index(table, name, after if after and "open" in after else None)

    def _index(self, table: str, key: str, item: Item | None) -> None:
        late = self._stale_index and self._world.random.random() < self._stale_index
        visible_at = self._world.now + (self._world.random.uniform(0, INDEX_LAG_S) if late else 0)
        self._lagging.append((visible_at, table, key, item))

    def _catch_up(self) -> None:
        """Apply to the index what has become visible; changes of one item keep their order."""
        waiting: list[tuple[float, str, str, Item | None]] = []
        held: set[str] = set()
        for change in self._lagging:
            visible_at, table, key, item = change
            if key in held or visible_at > self._world.now:
                held.add(key)
                waiting.append(change)
            elif item is None:
                self._open.get(table, {}).pop(key, None)
            else:
                self._open.setdefault(table, {})[key] = item
        self._lagging = waiting


def _cancelled(reasons: Sequence[str]) -> ClientError:
    response: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": ", ".join(reasons)},
        "CancellationReasons": [{"Code": reason} for reason in reasons],
    }
    return ClientError(response, "TransactWriteItems")


def _no_more_than(most: int, requests: Sequence[object]) -> None:
    if not 0 < len(requests) <= most:
        raise refusal("ValidationException", "Batch")


def put_or_delete(request: Mapping[str, Any]) -> tuple[str, Item]:
    """What one request of a batch asks for: `Put` with the item, or `Delete` with its key."""
    if "PutRequest" in request:
        return "Put", request["PutRequest"]["Item"]
    return "Delete", request["DeleteRequest"]["Key"]


def _each_once(keys: Sequence[object]) -> None:
    if len(set(keys)) != len(keys):
        raise refusal("ValidationException", "Batch")
