"""Why records of single connections waited last, in the ledger table: one item for all of them.

Submission and the import of files note it, and `relay status` shows it. Nothing else needs it, so
losing it does no harm.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from import_relay.domain.batches import batches
from import_relay.storage.item_writes import update_of

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

NOTED_S = 7 * 86_400
"""A wait that is older than this is dropped."""
MAX_NOTED_TOGETHER = 100
"""In one update, whose expression DynamoDB limits to 4 KB."""
WAITS_KEY: dict[str, Any] = {"pk": {"S": "connection-waits"}}
NAME_PREFIX = "of:"
"""Before the name of the connection, in the name of its attribute."""


@dataclass(frozen=True, slots=True)
class ConnectionWait:
    """Why, and when records or files waited for it last (s since the epoch).

    `code`: of docs/errors.md. `where`: the key in connections.toml, if it is a mistake there.
    """

    code: str
    at: float
    where: str = ""


@dataclass(frozen=True, slots=True)
class ConnectionWaits:
    """The one item. `clock` gives seconds since the epoch."""

    client: "DynamoDBClient"
    table: str
    clock: Callable[[], float]

    def note(self, waits: Mapping[str, ConnectionWait]) -> None:
        """Note them by the names of their connections; other connections' waits stay."""
        expires_at = int(self.clock()) + NOTED_S
        for part in batches(sorted(waits), MAX_NOTED_TOGETHER):
            noted = {NAME_PREFIX + name: json.dumps(asdict(waits[name])) for name in part}
            self.client.update_item(
                **update_of(self.table, WAITS_KEY, sets={**noted, "expires_at": expires_at})
            )

    def read(self) -> dict[str, ConnectionWait]:
        """What was noted last of each connection."""
        answer = self.client.get_item(TableName=self.table, Key=WAITS_KEY)
        return {
            name.removeprefix(NAME_PREFIX): ConnectionWait(**json.loads(value["S"]))
            for name, value in answer.get("Item", {}).items()
            if name.startswith(NAME_PREFIX)
        }
