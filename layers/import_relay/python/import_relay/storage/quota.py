"""A day's quota with Mateo, in the ledger table: requests and entities, counted and reserved.

One item per day. Its counters only ever change by conditional updates, never by read and write, so
no daily limit is ever exceeded. `pacing` says when a request may leave. Limits:
docs.getmateo.com/limits.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from import_relay.domain.errors import LimitReached
from import_relay.storage.attributes import Attributes, from_attributes
from import_relay.storage.conditions import takes_effect, through_conflicts

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

TRACKING_SHARE = 0.05
"""Share of a day's requests that only tracking may use, so that imports can always be followed."""
DAY_ITEM_DAYS = 40
"""How long a day's counters are kept."""
QUARTER_S = 900
"""Midnight is at a full quarter of an hour in every time zone of today: a quarter has one date."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What Mateo allows, and where its day begins."""

    requests_per_second: float
    requests_per_day: int
    entities_per_day: int
    time_zone: ZoneInfo

    def day(self, now: float) -> str:
        """The day, as YYYY-MM-DD, that a request at `now` (s since the epoch) counts for."""
        return day_of(self.time_zone, now)

    def next_day(self, now: float) -> float:
        """When that day ends, in s since the epoch."""
        today = date.fromisoformat(self.day(now))
        midnight = datetime.combine(
            today + timedelta(days=1), datetime.min.time(), tzinfo=self.time_zone
        )
        return midnight.astimezone(UTC).timestamp()


@dataclass(frozen=True, slots=True)
class Usage:
    """What is used of one day."""

    day: str
    requests: int
    entities: int


def usage_of(day: str, item: Attributes) -> Usage:
    """What the item under `day_key` says; nothing is used if it is empty."""
    values = from_attributes(item)
    return Usage(day, int(values.get("requests", 0)), int(values.get("entities", 0)))


def day_of(zone: ZoneInfo, now: float) -> str:
    """The day, as YYYY-MM-DD, of a time (s since the epoch) in a time zone."""
    return _date(zone, int(now // QUARTER_S))


@lru_cache(maxsize=256)
def _date(zone: ZoneInfo, quarter: int) -> str:
    """The date of a quarter of an hour since the epoch: asked for several times per request."""
    return datetime.fromtimestamp(quarter * QUARTER_S, zone).date().isoformat()


class Quota:
    """The daily counters of one account with Mateo.

    Args:
        clock: seconds since the epoch.
        sleep: waits that many seconds.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        limits: Limits,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._sleep = sleep
        self.limits = limits

    def usage(self) -> Usage:
        """What is used of today."""
        day = self.limits.day(self._clock())
        answer = self._client.get_item(TableName=self._table, Key=day_key(day), ConsistentRead=True)
        return usage_of(day, answer.get("Item", {}))

    def count_request(self, day: str, *, for_tracking: bool) -> None:
        """Count a request of this day, which is today.

        Args:
            for_tracking: may use the share of the day that is kept for tracking.

        Raises:
            LimitReached: today's requests are spent.
        """
        allowed = self.limits.requests_per_day
        if not for_tracking:
            allowed = max(1, int(allowed * (1 - TRACKING_SHARE)))
        update: Any = {
            "TableName": self._table,
            "Key": day_key(day),
            "UpdateExpression": (
                "SET expires_at = if_not_exists(expires_at, :expires) ADD requests :one"
            ),
            "ConditionExpression": "attribute_not_exists(requests) OR requests < :allowed",
            "ExpressionAttributeValues": {
                ":one": {"N": "1"},
                ":allowed": {"N": str(allowed)},
                ":expires": {"N": str(int(self._clock()) + DAY_ITEM_DAYS * 86_400)},
            },
        }
        counts = takes_effect(
            lambda: through_conflicts(lambda: self._client.update_item(**update), sleep=self._sleep)
        )
        if not counts:
            resets_at = self.limits.next_day(self._clock())
            raise LimitReached("limit.requests", resets_at=resets_at)

    def reserve_operation(self, day: str, rows: int) -> dict[str, Any]:
        """The part of a transaction that holds entities of a day; it fails when they do not fit."""
        expires = int(self._clock()) + DAY_ITEM_DAYS * 86_400
        room = self.limits.entities_per_day - rows
        untouched = "attribute_not_exists(entities) OR " if room >= 0 else ""
        return {
            "Update": {
                "TableName": self._table,
                "Key": day_key(day),
                "UpdateExpression": (
                    "SET expires_at = if_not_exists(expires_at, :expires) ADD entities :rows"
                ),
                "ConditionExpression": f"{untouched}entities <= :room",
                "ExpressionAttributeValues": {
                    ":rows": {"N": str(rows)},
                    ":room": {"N": str(room)},
                    ":expires": {"N": str(expires)},
                },
            }
        }

    def release_operation(self, day: str, rows: int) -> dict[str, Any]:
        """The part of a transaction that gives reserved entities of a day back."""
        return {
            "Update": {
                "TableName": self._table,
                "Key": day_key(day),
                "UpdateExpression": "ADD entities :rows",
                "ExpressionAttributeValues": {":rows": {"N": str(-rows)}},
            }
        }


def day_key(day: str) -> dict[str, Any]:
    """The key of a day's counters."""
    return {"pk": {"S": f"day#{day}"}}
