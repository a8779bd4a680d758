"""The watermarks: per record, the last change that was claimed in each scope.

One item per record key. Read and written in bulk without conditions: only the holder of the lease
writes claims, and reports mark failures only while the record's import keeps it busy.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from import_relay.errors import StoreUnavailable
from import_relay.records.models import Mark
from import_relay.state.conditions import condition_failed

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

KEPT_DAYS = 30
"""How long a record is remembered: shorter than the ledger entries that its marks point to."""
READ_BATCH = 100
"""Keys per BatchGetItem (AWS quota)."""
WRITE_BATCH = 25
"""Items per BatchWriteItem (AWS quota)."""
THREADS = 8
TRIES = 8

Marks = Mapping[str, Mark]


class Watermarks:
    """The table of watermarks."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._sleep = sleep

    def read(self, keys: Iterable[str]) -> dict[str, Marks]:
        """The marks of those records that have any, read consistently.

        Raises:
            StoreUnavailable: DynamoDB left a part unanswered, again and again.
        """
        found: dict[str, Marks] = {}
        with ThreadPoolExecutor(THREADS) as threads:
            for items in threads.map(self._read_batch, _batches(sorted(set(keys)), READ_BATCH)):
                for item in items:
                    found[item["pk"]["S"]] = _marks(item)
        return found

    def write(self, records: Mapping[str, Marks]) -> None:
        """Replace the marks of records.

        Raises:
            StoreUnavailable: DynamoDB left a part unwritten, again and again.
        """
        expires = str(int(self._clock()) + KEPT_DAYS * 86_400)
        with ThreadPoolExecutor(THREADS) as threads:
            for _ in threads.map(
                lambda batch: self._write_batch(
                    [_item(key, marks, expires) for key, marks in batch]
                ),
                _batches(list(records.items()), WRITE_BATCH),
            ):
                pass

    def mark_failed(self, key: str, scopes: Iterable[str], reference: str) -> None:
        """Let the same change be claimed again, since this import could not bring it in.

        A mark that belongs to another import by now is left alone.
        """
        for scope in scopes:
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key={"pk": {"S": key}},
                    UpdateExpression="SET scopes.#scope.failed = :yes",
                    ConditionExpression="scopes.#scope.#reference = :reference",
                    ExpressionAttributeNames={"#scope": scope, "#reference": "reference"},
                    ExpressionAttributeValues={
                        ":yes": {"BOOL": True},
                        ":reference": {"S": reference},
                    },
                )
            except ClientError as error:
                if not condition_failed(error):
                    raise

    def _read_batch(self, keys: Sequence[str]) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        pending: list[Any] = [{"pk": {"S": key}} for key in keys]
        for attempt in range(TRIES):
            answer = self._client.batch_get_item(
                RequestItems={self._table: {"Keys": pending, "ConsistentRead": True}}
            )
            found += answer["Responses"].get(self._table, [])
            left = answer.get("UnprocessedKeys", {}).get(self._table)
            if not left:
                return found
            pending = list(left["Keys"])
            self._sleep(0.05 * 2**attempt)
        raise StoreUnavailable("watermarks could not be read")

    def _write_batch(self, items: Sequence[Mapping[str, Any]]) -> None:
        pending: Sequence[Any] = [{"PutRequest": {"Item": item}} for item in items]
        for attempt in range(TRIES):
            answer = self._client.batch_write_item(RequestItems={self._table: pending})
            pending = answer.get("UnprocessedItems", {}).get(self._table, [])
            if not pending:
                return
            self._sleep(0.05 * 2**attempt)
        raise StoreUnavailable("watermarks could not be written")


def _batches(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def _item(key: str, marks: Marks, expires: str) -> dict[str, Any]:
    scopes = {
        scope: {
            "M": {
                "version": {"N": str(mark.version)},
                "event": {"S": mark.event},
                "origin": {"S": mark.origin},
                "reference": {"S": mark.reference},
                **({"failed": {"BOOL": True}} if mark.failed else {}),
            }
        }
        for scope, mark in marks.items()
    }
    return {"pk": {"S": key}, "expires_at": {"N": expires}, "scopes": {"M": scopes}}


def _marks(item: Mapping[str, Any]) -> Marks:
    return {
        scope: Mark(
            version=int(mark["M"]["version"]["N"]),
            event=mark["M"]["event"]["S"],
            origin=mark["M"]["origin"]["S"],
            reference=mark["M"]["reference"]["S"],
            failed="failed" in mark["M"],
        )
        for scope, mark in item["scopes"]["M"].items()
    }
