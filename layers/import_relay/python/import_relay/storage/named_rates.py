"""Which high rates of a day were named already, in the ledger table: one item per day.

The watchdog mails each of them once; nothing else depends on it.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from import_relay.domain.batches import batches
from import_relay.storage.attributes import from_attributes
from import_relay.storage.item_writes import update_of

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

NAMED_DAYS = 3
"""How long it is known of a day."""
NAMES_PER_UPDATE = 50
"""DynamoDB limits an expression to 4 KB."""
NEW_AGAIN_S = 600.0
"""A rate that was named so recently is new again: that run may have failed before it mailed
anybody. Lambda retries a failed run within minutes; the next run is later."""
_PREFIX = "of:"
"""Before a name, in the name of its attribute."""


@dataclass(frozen=True, slots=True)
class NamedRates:
    """The items. `clock` gives seconds since the epoch."""

    client: "DynamoDBClient"
    table: str
    clock: Callable[[], float]

    def new(self, day: str, names: Collection[str]) -> set[str]:
        """Note that these are named; returns those that were not named before on that day."""
        if not names:
            return set()
        now = self.clock()
        named_at = self._named_at(day)
        new = {name for name in names if named_at.get(name, now) > now - NEW_AGAIN_S}
        for part in batches(sorted(new - named_at.keys()), NAMES_PER_UPDATE):
            noted = update_of(
                self.table,
                _key(day),
                sets={"expires_at": int(now) + NAMED_DAYS * 86_400},
                defaults={_PREFIX + name: now for name in part},
            )
            self.client.update_item(**noted)
        return new

    def _named_at(self, day: str) -> dict[str, float]:
        """Each name of that day, with when it was named first (s since the epoch)."""
        answer = self.client.get_item(TableName=self.table, Key=_key(day), ConsistentRead=True)
        return {
            name.removeprefix(_PREFIX): float(at)
            for name, at in from_attributes(answer.get("Item", {})).items()
            if name.startswith(_PREFIX)
        }


def _key(day: str) -> dict[str, Any]:
    return {"pk": {"S": f"named-rates#{day}"}}
