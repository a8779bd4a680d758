"""Today's budget and the pace of requests, in the ledger table: no limit is ever exceeded.

One item per day counts requests and reserved entities; one item says when the next request may
leave. Every call to Mateo needs a `Permit`, and only `Budget.acquire_permit` makes one. Counters
only ever change by conditional updates, never by read and write. Limits: docs.getmateo.com/limits.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from import_relay.domain.errors import LimitReached, PermitTooFar
from import_relay.storage.attributes import Attributes, from_attributes, to_attributes
from import_relay.storage.conditions import takes_effect, through_conflicts

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

SPACING = 1.5
"""Requests leave this much further apart than the rate allows: networks jitter, clocks differ."""
LATE_S = 0.2
"""A permit that is used later than this is lost, counted or not: the next caller may be close."""
CLOCK_SKEW_S = 5.0
"""How far apart the clocks of two functions may be."""
DAY_MARGIN_S = 30.0
"""No request leaves so close to a day's end that it could count for the other day with Mateo."""
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


@dataclass(frozen=True, slots=True)
class Permit:
    """Permission for one request; expires at `until` (s since the epoch).

    `day` is the day that the request was counted for.
    """

    day: str
    until: float = math.inf


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


class _LastPermit(NamedTuple):
    """The number of a permit, and when the next one is free."""

    number: int
    free_at: float


class Budget:
    """The counters of one account with Mateo.

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
        self._seen = (0, 0.0)
        """The last permit that was seen here, and when it was taken at the latest, by our clock."""

    def usage(self) -> Usage:
        """What is used of today."""
        day = self.limits.day(self._clock())
        answer = self._client.get_item(TableName=self._table, Key=day_key(day), ConsistentRead=True)
        return usage_of(day, answer.get("Item", {}))

    def acquire_permit(self, *, deadline: float, for_tracking: bool = False) -> Permit:
        """Wait for permission to make one request, and count it.

        A permit is taken only when the one before is known to be an interval ago. The clock that
        the one before was written with may be wrong, so its age counts from when it was seen here,
        or from its time less what clocks may differ by.

        Args:
            deadline: give up if the request could not leave before (s since the epoch).
            for_tracking: may use the share of the day that is kept for tracking.

        Raises:
            PermitTooFar: the next free permit lies behind the deadline.
            LimitReached: today's requests are spent.
        """
        counted = ""
        while True:
            last = self._last_permit()
            timestamp = self._away_from_midnight(max(self._clock(), last.free_at))
            if timestamp >= deadline:
                raise PermitTooFar
            self._wait_until(timestamp)
            day = self.limits.day(self._clock())
            if day != counted:
                self._count(day, for_tracking=for_tracking)
                counted = day
            taken_at = self._clock()
            # What is slow after this is DynamoDB's answer: half of the time is for the request.
            if self._take(last) and self._clock() - taken_at <= LATE_S / 2:
                return Permit(day, taken_at + LATE_S)

    def is_in_time(self, permit: Permit) -> bool:
        """Whether a request in this permit may still leave."""
        return self._clock() <= permit.until

    def _last_permit(self) -> _LastPermit:
        """The last permit that anybody took, and when the next one is free by our clock."""
        answer = self._client.get_item(TableName=self._table, Key=_PACE_KEY, ConsistentRead=True)
        item = from_attributes(answer.get("Item", {}))
        now = self._clock()
        if "permits" not in item:  # nobody took one, or it was written as earlier versions did
            return _LastPermit(0, float(item.get("next_at", now)))
        number = int(item["permits"])
        if self._seen[0] != number:
            # Whoever took it may have a clock that is ahead of ours.
            self._seen = (number, min(now, float(item["taken_at"]) + CLOCK_SKEW_S))
        return _LastPermit(number, self._seen[1] + SPACING / self.limits.requests_per_second)

    def _take(self, last: _LastPermit) -> bool:
        """Take the permit after this one; False when somebody else did."""
        number, now = last.number + 1, self._clock()
        taken = takes_effect(
            lambda: self._client.put_item(
                TableName=self._table,
                Item={**_PACE_KEY, **to_attributes({"permits": number, "taken_at": now})},
                ConditionExpression="attribute_not_exists(permits) OR permits = :last",
                ExpressionAttributeValues={":last": {"N": str(last.number)}},
            )
        )
        if taken:
            self._seen = (number, now)
        return taken

    def _wait_until(self, timestamp: float) -> None:
        wait = timestamp - self._clock()
        if wait > 0:
            self._sleep(wait)

    def _away_from_midnight(self, timestamp: float) -> float:
        """The same time, or one safely behind the day's end: Mateo's clock is not ours."""
        before, behind = timestamp - DAY_MARGIN_S, timestamp + DAY_MARGIN_S
        if self.limits.day(before) == self.limits.day(behind):
            return timestamp
        return self.limits.next_day(before) + DAY_MARGIN_S

    def _count(self, day: str, *, for_tracking: bool) -> None:
        """Count a request of this day, which is today."""
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


_PACE_KEY: dict[str, Any] = {"pk": {"S": "pace"}}


def day_key(day: str) -> dict[str, Any]:
    """The key of a day's counters."""
    return {"pk": {"S": f"day#{day}"}}
