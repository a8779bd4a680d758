"""A day's quota with Mateo, in the ledger table: requests and entities, counted and reserved.

One item per day. Its counters only ever change by conditional updates, never by read and write, so
no daily limit is ever exceeded: neither Mateo's, nor the bulk lane's share, nor a connection's own.
`pacing` says when a request may leave. Limits: docs.getmateo.com/limits.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from import_relay.domain.errors import LimitReached
from import_relay.domain.lanes import Lane
from import_relay.storage.attributes import Attributes, from_attributes
from import_relay.storage.conditions import update
from import_relay.storage.item_writes import update_of
from import_relay.storage.reservations import (
    LIMIT_OF,
    USED_BY,
    Charge,
    Counter,
    Reservation,
    released,
    reserved,
    room_for,
)

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

TRACKING_SHARE = 0.05
"""Share of a day's requests that only tracking may use, so that imports can always be followed."""
DAY_ITEM_DAYS = 40
"""How long a day's counters are kept."""
QUARTER_S = 900
"""Midnight is at a full quarter of an hour in every time zone of today: a quarter has one date."""
_NO_LIMITS: Mapping[str, int] = {}
LAST_HOUR_S = 3_600.0
"""Within this time before a day's end the bulk lane may use everything that is left of the day."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What Mateo allows, where its day begins, and the bulk lane's share of a day (0 to 1)."""

    requests_per_second: float
    requests_per_day: int
    entities_per_day: int
    time_zone: ZoneInfo
    bulk_share: float = 0.8

    def day(self, now: float) -> str:
        """The day, as YYYY-MM-DD, that a request at `now` (s since the epoch) counts for."""
        return day_of(self.time_zone, now)

    def next_day(self, now: float) -> float:
        """When that day ends, in s since the epoch."""
        return _end_of_day(self.time_zone, self.day(now))

    def bulk_opens_at(self, now: float) -> float:
        """From when the bulk lane may use all entities left of that day (s since the epoch)."""
        return self.next_day(now) - LAST_HOUR_S

    def bulk_entities(self, day: str, now: float) -> int:
        """How many entities of a day imports of the bulk lane may use in all, if it is `now`."""
        return self.bulk_part(self.entities_per_day, day, now)

    def bulk_requests(self, day: str, now: float) -> int:
        """How many requests of a day may have been made for the bulk lane before its next POST."""
        return self.bulk_part(self.requests_for_imports, day, now)

    @property
    def requests_for_imports(self) -> int:
        """How many requests of a day imports may use; the others are kept for tracking."""
        return max(1, int(self.requests_per_day * (1 - TRACKING_SHARE)))

    def bulk_part(self, limit: int, day: str, now: float) -> int:
        """How much of a limit of that day the bulk lane may use, if it is `now`."""
        if day == self.day(now) and now >= self.bulk_opens_at(now):
            return limit
        return max(1, int(limit * self.bulk_share))


@dataclass(frozen=True, slots=True)
class Usage:
    """What is used of one day, and what of it by the bulk lane.

    `connections`: those with a limit of their own that used anything. `imports`: that entities were
    reserved for.
    """

    day: str
    requests: int
    entities: int
    bulk_requests: int = 0
    bulk_entities: int = 0
    connections: Mapping[str, Charge] = field(default_factory=dict)
    imports: int = 0


def usage_of(day: str, item: Attributes) -> Usage:
    """What the item under `day_key` says; nothing is used if it is empty."""
    values = from_attributes(item)
    connections = {
        name: Charge(int(used), int(values.get(LIMIT_OF + name, 0)))
        for attribute, used in values.items()
        if (name := attribute.removeprefix(USED_BY)) != attribute
    }
    return Usage(
        day,
        int(values.get("requests", 0)),
        int(values.get("entities", 0)),
        int(values.get("bulk_requests", 0)),
        int(values.get("bulk_entities", 0)),
        connections,
        int(values.get("imports", 0)),
    )


def day_of(zone: ZoneInfo, now: float) -> str:
    """The day, as YYYY-MM-DD, of a time (s since the epoch) in a time zone."""
    return _date(zone, int(now // QUARTER_S))


@lru_cache(maxsize=256)
def _date(zone: ZoneInfo, quarter: int) -> str:
    """The date of a quarter of an hour since the epoch: asked for several times per request."""
    return datetime.fromtimestamp(quarter * QUARTER_S, zone).date().isoformat()


@lru_cache(maxsize=64)
def _end_of_day(zone: ZoneInfo, day: str) -> float:
    """When a day ends (s since the epoch)."""
    tomorrow = date.fromisoformat(day) + timedelta(days=1)
    midnight = datetime.combine(tomorrow, datetime.min.time(), tzinfo=zone)
    return midnight.astimezone(UTC).timestamp()


@dataclass(frozen=True, slots=True)
class Quota:
    """The daily counters of one account with Mateo. `clock` gives seconds since the epoch."""

    client: "DynamoDBClient"
    table: str
    limits: Limits
    clock: Callable[[], float]
    sleep: Callable[[float], None] = time.sleep

    def usage(self) -> Usage:
        """What is used of today."""
        return self._usage_of(self.limits.day(self.clock()))

    def count_request(self, day: str, *, for_tracking: bool, lane: Lane = Lane.LIVE) -> None:
        """Count a request of this day, which is today.

        Args:
            for_tracking: may use the share of the day that is kept for tracking. The bulk lane's
                share does not hold for it: what was sent has to be followed.
            lane: for whose import it is made.

        Raises:
            LimitReached: today's requests are spent, or the bulk lane's share of them.
        """
        limits = self.limits
        allowed = limits.requests_per_day if for_tracking else limits.requests_for_imports
        counters = [Counter("requests", 1, allowed - 1)]
        if lane is Lane.BULK:
            share = limits.bulk_requests(day, self.clock())
            counters.append(Counter("bulk_requests", 1, None if for_tracking else share - 1))
        counted = self._update(day, counters)
        if not update(self.client, counted, sleep=self.sleep):
            is_spent = lane is Lane.LIVE or self._usage_of(day).requests >= allowed
            raise self._limit_reached("limit.requests" if is_spent else "limit.bulk_share")

    def reserve_operation(self, reservation: Reservation) -> dict[str, Any]:
        """The part of a transaction that reserves entities; it fails when they do not fit."""
        limits, day = self.limits, reservation.day
        counters = reserved(
            reservation,
            entities=limits.entities_per_day,
            bulk_entities=limits.bulk_entities(day, self.clock()),
        )
        own = {LIMIT_OF + name: one.limit for name, one in reservation.charges.items()}
        return {"Update": self._update(day, counters, own)}

    def release_operation(self, reservation: Reservation) -> dict[str, Any]:
        """The part of a transaction that releases reserved entities of a day."""
        return {"Update": self._update(reservation.day, released(reservation))}

    def why_refused(self, reservation: Reservation) -> LimitReached:
        """Which limit a reservation did not fit into: the day's, the lane's or a connection's."""
        day, rows, limits = reservation.day, reservation.rows, self.limits
        if reservation.lane is Lane.LIVE and not reservation.charges:
            return self._limit_reached("limit.entities")
        usage = self._usage_of(day)
        if usage.entities + rows > limits.entities_per_day:
            return self._limit_reached("limit.entities")
        share = limits.bulk_entities(day, self.clock())
        if reservation.lane is Lane.BULK and usage.bulk_entities + rows > share:
            return self._limit_reached("limit.bulk_share")
        if reservation.charges:
            return self._limit_reached("limit.connection")
        # Entities were released since, or the day's last hour has begun.
        is_bulk = reservation.lane is Lane.BULK
        return self._limit_reached("limit.bulk_share" if is_bulk else "limit.entities")

    def _limit_reached(self, code: str) -> LimitReached:
        now, limits = self.clock(), self.limits
        is_share = code == "limit.bulk_share"
        resets_at = limits.bulk_opens_at(now) if is_share else limits.next_day(now)
        return LimitReached(code, resets_at=resets_at)

    def _usage_of(self, day: str) -> Usage:
        answer = self.client.get_item(TableName=self.table, Key=day_key(day), ConsistentRead=True)
        return usage_of(day, answer.get("Item", {}))

    def _update(
        self, day: str, counters: Sequence[Counter], limits: Mapping[str, int] = _NO_LIMITS
    ) -> dict[str, Any]:
        expires_at = int(self.clock()) + DAY_ITEM_DAYS * 86_400
        return update_of(
            self.table,
            day_key(day),
            room_for(counters),
            sets=limits,
            defaults={"expires_at": expires_at},
            adds={one.name: one.amount for one in counters},
        )


def day_key(day: str) -> dict[str, Any]:
    """The key of a day's counters."""
    return {"pk": {"S": f"day#{day}"}}
