"""The pace of requests to Mateo: every one needs a `Permit`, and no two are closer than the rate.

`Pacer` says when the next request may leave; it is pure. `Permits` takes that permit: one item in
the ledger table holds the number of the last one, and `quota` counts the request.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from import_relay.domain.errors import LimitReached, PermitTooFar
from import_relay.domain.lanes import Lane
from import_relay.storage.attributes import Attributes, from_attributes, to_attributes
from import_relay.storage.clocks import CLOCK_SKEW_S
from import_relay.storage.conditions import takes_effect
from import_relay.storage.item_writes import attribute, put_of
from import_relay.storage.quota import Limits, Quota

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

SPACING = 1.5
"""Requests leave this much further apart than the rate allows: networks jitter, clocks differ."""
LATE_S = 0.2
"""A permit that is used later than this is lost, counted or not: the next caller may be close."""
MAX_RENEWAL_S = 5.0
"""How long a request that is ready to leave waits for another permit: its connection stays open."""
DAY_MARGIN_S = 30.0
"""No request leaves so close to a day's end that it could count for the other day with Mateo."""
_PACE_KEY: dict[str, Any] = {"pk": {"S": "pace"}}


@dataclass(frozen=True, slots=True)
class Permit:
    """Permission for one request; expires at `until` (s since the epoch).

    `day` is the day that the request was counted for. Until `deadline` it may be renewed.
    """

    day: str
    until: float = math.inf
    deadline: float = math.inf


class LastPermit(NamedTuple):
    """The last permit that anybody took, as it is written down: its number, and the time.

    The time is of the clock of the process that took it.
    """

    number: int
    taken_at: float

    @classmethod
    def read(cls, item: Attributes) -> Self:
        """What the item of the pace says; number 0 if nobody took a permit."""
        values = from_attributes(item)
        return cls(int(values.get("permits", 0)), float(values.get("taken_at", -math.inf)))


class Seen(NamedTuple):
    """The number of the last permit seen here, and when it was taken at the latest, by our clock.

    Nothing was seen yet: number 0, long ago.
    """

    number: int = 0
    taken_by: float = -math.inf


@dataclass(frozen=True, slots=True)
class Pacer:
    """Says when the next request may leave. Pure."""

    limits: Limits

    def see(self, last: LastPermit, seen: Seen, now: float) -> Seen:
        """The last permit as it is seen here, when it is read at `now` (s since the epoch).

        Its age counts from when it was seen here first, or from its time less what clocks may
        differ by: the clock of the process that took it may be ahead of ours.
        """
        if last.number == seen.number:
            return seen
        return Seen(last.number, min(now, last.taken_at + CLOCK_SKEW_S))

    def next_at(self, seen: Seen, now: float) -> float:
        """When the next request may leave, `now` at the earliest (s since the epoch)."""
        free_at = seen.taken_by + SPACING / self.limits.requests_per_second
        return self._away_from_midnight(max(now, free_at))

    def counts_for(self, day: str, timestamp: float) -> bool:
        """Whether a request at a time counts for this day, with Mateo as well."""
        around = (timestamp - DAY_MARGIN_S, timestamp + DAY_MARGIN_S)
        return all(self.limits.day(one) == day for one in around)

    def _away_from_midnight(self, timestamp: float) -> float:
        """The same time, or one safely behind the day's end: Mateo's clock is not ours."""
        before, behind = timestamp - DAY_MARGIN_S, timestamp + DAY_MARGIN_S
        if self.limits.day(before) == self.limits.day(behind):
            return timestamp
        return self.limits.next_day(before) + DAY_MARGIN_S


class Permits:
    """The permits of one account with Mateo. `clock` gives seconds since the epoch."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        quota: Quota,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._table = table
        self._quota = quota
        self._clock = clock
        self._sleep = sleep
        self.limits = quota.limits
        self._pacer = Pacer(quota.limits)
        self._seen = Seen()

    def acquire(
        self, *, deadline: float, for_tracking: bool = False, lane: Lane = Lane.LIVE
    ) -> Permit:
        """Wait for permission to make one request, and count it.

        A permit is taken only when the one before is known to be an interval ago.

        Args:
            deadline: give up if the request could not leave before (s since the epoch).
            for_tracking: may use the share of the day that is kept for tracking.
            lane: for whose import the request is.

        Raises:
            PermitTooFar: the next free permit lies behind the deadline.
            LimitReached: today's requests are spent, or the bulk lane's share of them.
        """
        counted = ""
        while True:
            seen = self._wait_for_turn(deadline)
            day = self.limits.day(self._clock())
            if day != counted:
                if not self._count(day, for_tracking=for_tracking, lane=lane):
                    continue
                counted = day
            # DynamoDB may have been slow to count: then another day begins or has begun.
            if self._pacer.counts_for(day, self._clock()) and (until := self._take(seen)):
                return Permit(day, until, deadline)

    def renew(self, permit: Permit) -> Permit:
        """Wait for another permit in place of one that expired; the request is counted already.

        Raises:
            PermitTooFar: there is none within `MAX_RENEWAL_S`, before the deadline, on the day that
                the request was counted for.
        """
        deadline = min(permit.deadline, self._clock() + MAX_RENEWAL_S)
        while True:
            seen = self._wait_for_turn(deadline)
            if not self._pacer.counts_for(permit.day, self._clock()):
                raise PermitTooFar
            if until := self._take(seen):
                return Permit(permit.day, until, permit.deadline)

    def _count(self, day: str, *, for_tracking: bool, lane: Lane) -> bool:
        """Count a request of a day; False if there are none left and the day is over by now."""
        try:
            self._quota.count_request(day, for_tracking=for_tracking, lane=lane)
        except LimitReached:
            if self.limits.day(self._clock()) == day:
                raise
            return False
        return True

    def is_in_time(self, permit: Permit) -> bool:
        """Whether a request in this permit may still leave."""
        return self._clock() <= permit.until

    def _look(self) -> Seen:
        """Read the last permit that anybody took."""
        answer = self._client.get_item(TableName=self._table, Key=_PACE_KEY, ConsistentRead=True)
        last = LastPermit.read(answer.get("Item", {}))
        self._seen = self._pacer.see(last, self._seen, self._clock())
        return self._seen

    def _wait_for_turn(self, deadline: float) -> Seen:
        """Wait until the next request may leave; the last permit before it."""
        seen = self._look()
        timestamp = self._pacer.next_at(seen, self._clock())
        if timestamp >= deadline:
            raise PermitTooFar
        self._wait_until(timestamp)
        return seen

    def _take(self, last: Seen) -> float | None:
        """Take the permit after this one: until when it may be used.

        None if another process took it, or if half of that time has gone by with waiting for
        DynamoDB's answer: the other half is for the request.
        """
        number, now = last.number + 1, self._clock()
        item = {**_PACE_KEY, **to_attributes({"permits": number, "taken_at": now})}
        permits = attribute("permits")
        is_next = permits.not_exists() | permits.eq(last.number)
        if not takes_effect(lambda: self._client.put_item(**put_of(self._table, item, is_next))):
            return None
        self._seen = Seen(number, now)
        return now + LATE_S if self._clock() - now <= LATE_S / 2 else None

    def _wait_until(self, timestamp: float) -> None:
        wait = timestamp - self._clock()
        if wait > 0:
            self._sleep(wait)
