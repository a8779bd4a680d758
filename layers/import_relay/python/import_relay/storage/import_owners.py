"""Whose an import is in Mateo: import id → reference of the one entry that it belongs to.

Written by `ledger`, so that no import is ever taken for two of the relay's.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from import_relay.storage.attributes import to_attributes
from import_relay.storage.bulk_reads import read_items
from import_relay.storage.conditions import takes_effect
from import_relay.storage.entries import ENTRY_DAYS
from import_relay.storage.item_writes import IS_NEW, attribute, put_of

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class ImportOwners:
    """The owners, in the ledger table. `clock` gives seconds since the epoch."""

    client: "DynamoDBClient"
    table: str
    clock: Callable[[], float]
    sleep: Callable[[float], None] = time.sleep

    def of(self, import_ids: Iterable[str]) -> dict[str, str]:
        """Import id → reference of its owner, for those that have one; read consistently."""
        keys = [_key(import_id) for import_id in sorted(set(import_ids))]
        return {
            item["pk"]["S"].removeprefix("mateo#"): item["reference"]["S"]
            for item in read_items(self.client, self.table, keys, sleep=self.sleep)
        }

    def claim(self, import_id: str, reference: str) -> bool:
        """Write down the owner; False when it is another one already."""
        ours = IS_NEW | attribute("reference").eq(reference)
        item = self._item(import_id, reference)
        return takes_effect(lambda: self.client.put_item(**put_of(self.table, item, ours)))

    def take(self, import_id: str, reference: str) -> str | None:
        """Record the owner. Returns the reference of the previous one."""
        before = self.of([import_id]).get(import_id)
        self.client.put_item(TableName=self.table, Item=self._item(import_id, reference))
        return before

    def _item(self, import_id: str, reference: str) -> dict[str, Any]:
        expires_at = int(self.clock()) + ENTRY_DAYS * 86_400
        return {
            **_key(import_id),
            **to_attributes({"reference": reference, "expires_at": expires_at}),
        }


def _key(import_id: str) -> dict[str, Any]:
    return {"pk": {"S": f"mateo#{import_id}"}}
