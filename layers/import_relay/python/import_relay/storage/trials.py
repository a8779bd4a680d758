"""Which items are being tried, in the ledger table: it traces a death to the item that caused it.

A batch that dies raises the receive counts of all its messages, so these counts alone would make
every item a suspect. An item that was received before is therefore written down before it is
interpreted, and removed once that is survived. One item of the table holds everything: only the
holder of the lease tries.
"""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

TRIAL_DAYS = 20
"""Longer than the queue keeps a message."""
MAX_KEPT = 2_000
"""Trials of each kind that are kept. A dead batch leaves a hundred at most; what killed stays."""
TRIALS_KEY: dict[str, Any] = {"pk": {"S": "trials"}}


@dataclass(slots=True)
class Tried:
    """Trials that were begun and not survived, as `isolation` names them.

    `together`: with others, so that each of them is a suspect. `alone`: it killed the process.
    """

    together: set[str] = field(default_factory=set)
    alone: set[str] = field(default_factory=set)


def tried_of(item: Mapping[str, Any]) -> Tried:
    """What the item under `TRIALS_KEY` says; nothing was tried if it is empty."""
    return Tried(_item_ids(item, "together"), _item_ids(item, "alone"))


@dataclass(frozen=True, slots=True)
class Trials:
    """The one item. `clock` gives seconds since the epoch."""

    client: "DynamoDBClient"
    table: str
    clock: Callable[[], float] = time.time

    def write(self, tried: Tried) -> None:
        """Replace what is written down; it has to be there before anything of it is tried."""
        item: dict[str, Any] = {
            **TRIALS_KEY,
            "together": _list(tried.together),
            "alone": _list(tried.alone),
            "expires_at": {"N": str(int(self.clock()) + TRIAL_DAYS * 86_400)},
        }
        self.client.put_item(TableName=self.table, Item=item)

    def update(self, tried: Tried) -> bool:
        """Replace the record after a survived trial; False if AWS failed it.

        Only for redelivered items does the record matter, and survivors seldom are redelivered.
        """
        try:
            self.write(tried)
        except (ClientError, BotoCoreError):
            return False
        return True


def _item_ids(item: Mapping[str, Any], name: str) -> set[str]:
    return {one["S"] for one in item.get(name, {}).get("L", ())}


def _list(item_ids: Collection[str]) -> dict[str, Any]:
    """The latest of them: item ids begin with the time of receipt."""
    return {"L": [{"S": one} for one in sorted(item_ids)[-MAX_KEPT:]]}
