"""Which connections wait because Mateo refuses their imports, in the ledger table.

One item of the table holds everything: only the holder of the lease reads and writes it. Losing it
does no harm: the next batch finds out again.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

REFUSALS_KEPT_S = 7 * 86_400.0
"""A refusal that was not repeated for so long is forgotten."""
REFUSALS_KEY: dict[str, Any] = {"pk": {"S": "refusals"}}


class RefusedKind(NamedTuple):
    """Records that wait together: those of one connection and one of Mateo's types."""

    connection: str
    type: str


@dataclass(frozen=True, slots=True)
class RefusalPause:
    """Why and until when (s since the epoch) a connection's records of a type wait.

    `since`: the first refusal; `consecutive`: how many batches were refused since then without any
    acceptance. `status`, `code` and `message` are Mateo's, without personal data.
    """

    since: float
    until: float
    consecutive: int
    status: int
    code: str
    message: str


def refusals_of(item: Mapping[str, Any]) -> dict[RefusedKind, RefusalPause]:
    """What the item under `REFUSALS_KEY` says; no connection waits if it is empty."""
    found = json.loads(item["waits"]["S"]) if "waits" in item else []
    return {RefusedKind(*one["kind"]): RefusalPause(**one["wait"]) for one in found}


@dataclass(frozen=True, slots=True)
class RefusedConnections:
    """The one item. `clock` gives seconds since the epoch."""

    client: "DynamoDBClient"
    table: str
    clock: Callable[[], float]

    def read(self) -> dict[RefusedKind, RefusalPause]:
        """The connections that wait, read consistently."""
        answer = self.client.get_item(TableName=self.table, Key=REFUSALS_KEY, ConsistentRead=True)
        return refusals_of(answer.get("Item", {}))

    def write(self, waits: Mapping[RefusedKind, RefusalPause]) -> None:
        """Replace what is written down."""
        now = self.clock()
        kept = [
            {"kind": list(kind), "wait": asdict(wait)}
            for kind, wait in sorted(waits.items())
            if wait.until > now - REFUSALS_KEPT_S
        ]
        if not kept:
            self.client.delete_item(TableName=self.table, Key=REFUSALS_KEY)
            return
        item: dict[str, Any] = {
            **REFUSALS_KEY,
            "waits": {"S": json.dumps(kept)},
            "expires_at": {"N": str(int(now + REFUSALS_KEPT_S))},
        }
        self.client.put_item(TableName=self.table, Item=item)
