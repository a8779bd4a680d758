"""All open imports: those that may still change records in Mateo, by the ledger. Read by the
ledger and the watchdog. The index lags a little, so what it lists is read again, consistently,
before the watchdog acts on it.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from import_relay.storage.bulk_reads import only, read_items
from import_relay.storage.entries import UNFINISHED, State, entry_key, open_query

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class OpenImports:
    """The unfinished entries of the ledger table."""

    client: "DynamoDBClient"
    table: str
    sleep: Callable[[float], None] = time.sleep

    def begun_before(self, timestamp: float) -> list[str]:
        """References of open imports that were begun before a time (s), the oldest first."""
        found = [
            (float(one["created_at"]["N"]), one["reference"]["S"])
            for one in listed(self.client, self.table)
        ]
        return [reference for created_at, reference in sorted(found) if created_at < timestamp]

    def still_open(self, references: Collection[str]) -> dict[str, float]:
        """Those of the references that are open now, each with the deadline of its submitter (s).

        Read consistently: an import that ended meanwhile is not among them.
        """
        items = read_items(
            self.client,
            self.table,
            [entry_key(reference) for reference in references],
            request=only("reference", "state", "deadline"),
            sleep=self.sleep,
        )
        return {
            item["reference"]["S"]: float(item["deadline"]["N"])
            for item in items
            if State(item["state"]["S"]) in UNFINISHED
        }


def listed(client: "DynamoDBClient", table: str) -> Iterator[Mapping[str, Any]]:
    """The items of unfinished entries, the oldest first, page by page."""
    query = open_query(table)
    while True:
        answer = client.query(**query)
        yield from answer["Items"]
        if not answer.get("LastEvaluatedKey"):
            return
        query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
