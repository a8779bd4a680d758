"""The list of erased handles, in the ledger table: one item, which submission reads with its batch.

`relay erase` adds to it. An entry stays for `ERASURE_DAYS`, longer than an item received before
the erasure can come back from a queue, a dead-letter queue or a replay.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from import_relay.domain.erased_handles import ErasedHandles
from import_relay.domain.errors import StoreUnavailable
from import_relay.domain.retrying import LIST_ERASED, tries
from import_relay.storage.conditions import takes_effect
from import_relay.storage.item_writes import IS_NEW, attribute, put_of

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

ERASURE_DAYS = 150
"""As long as claims."""
MAX_HANDLES = 4_000
"""An item of DynamoDB holds 400 kB; an entry takes 85 bytes."""
ERASURES_KEY: dict[str, Any] = {"pk": {"S": "erasures"}}


def erased_of(item: Mapping[str, Any]) -> ErasedHandles:
    """The list that the item under `ERASURES_KEY` holds; it is empty if nobody was erased."""
    if not item:
        return ErasedHandles()
    until = {digest: int(one["N"]) for digest, one in item["handles"]["M"].items()}
    return ErasedHandles(bytes.fromhex(item["key"]["S"]), until)


class Erasures:
    """The one item. `clock` gives seconds since the epoch."""

    def __init__(
        self, client: "DynamoDBClient", table: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def read(self) -> ErasedHandles:
        """The list, read consistently."""
        answer = self._client.get_item(TableName=self._table, Key=ERASURES_KEY, ConsistentRead=True)
        return erased_of(answer.get("Item", {}))

    def add(self, handles: Iterable[str]) -> int:
        """Write down that these handles are erased now, and drop what is too old to come back.

        Returns:
            the time up to which received items are left out, in µs since the epoch.

        Raises:
            StoreUnavailable: others change the list all the time, or it is full. Nothing was added.
        """
        wanted = list(handles)
        for _ in tries(LIST_ERASED, time.sleep):
            known = self.read()
            now = int(self._clock() * 1_000_000)
            key = known.key or secrets.token_bytes(32)
            oldest = now - ERASURE_DAYS * 86_400 * 1_000_000
            until = {digest: at for digest, at in known.until.items() if at > oldest}
            changed = ErasedHandles(key, until)
            until |= {changed.digest(one): now for one in wanted}
            if len(until) > MAX_HANDLES:
                raise StoreUnavailable(f"the list of erased handles is full ({MAX_HANDLES})")
            if self._replace(known, changed):
                return now
        raise StoreUnavailable("the list of erased handles is changed by others all the time")

    def _replace(self, known: ErasedHandles, changed: ErasedHandles) -> bool:
        latest = max(known.until.values(), default=0)
        item: dict[str, Any] = {
            **ERASURES_KEY,
            "key": {"S": changed.key.hex()},
            "handles": {"M": {digest: {"N": str(at)} for digest, at in changed.until.items()}},
            "latest": {"N": str(max(changed.until.values(), default=0))},
        }
        unchanged = IS_NEW | attribute("latest").eq(latest)
        return takes_effect(lambda: self._client.put_item(**put_of(self._table, item, unchanged)))
