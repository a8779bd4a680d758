"""The limits of the fake of the Import API, per second and day, as `mateo_emulator` has them."""

import math
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo


class Standing(NamedTuple):
    """Where requests stand with a limit; `reset_s` is how long until there is room again."""

    limit: int
    remaining: int
    reset_s: float

    def headers(self, style: str) -> dict[str, str]:
        """Headers that tell it. `style`: `all`, `no_retry_after` or `none`."""
        if style == "none":
            return {}
        seconds = str(max(1, math.ceil(self.reset_s)))
        headers = {
            "ratelimit-limit": str(self.limit),
            "ratelimit-remaining": str(self.remaining),
            "ratelimit-reset": seconds,
        }
        return {**headers, "retry-after": seconds} if style == "all" else headers


class Window:
    """A strict sliding second: refused arrivals count as well.

    A rate that is not a whole number has a window that is longer or shorter than a second.
    """

    def __init__(self, rate: float) -> None:
        self.limit = max(1, int(rate))
        self._seconds = self.limit / rate
        self._arrivals: deque[float] = deque()

    def admits(self, now: float) -> bool:
        """Count an arrival (s since the epoch), and say whether it fits."""
        arrivals, begin = self._arrivals, now - self._seconds
        while arrivals and arrivals[0] <= begin:
            arrivals.popleft()
        arrivals.append(now)
        return len(arrivals) <= self.limit

    def standing(self, now: float) -> Standing:
        """Where requests stand right after an arrival."""
        arrivals, limit = self._arrivals, self.limit
        count = len(arrivals)
        blocking = arrivals[-limit] if limit <= count else arrivals[0]
        return Standing(limit, max(0, limit - count), blocking + self._seconds - now)


class Days:
    """The days of a time zone, begun `offset_s` after its midnight; caches the last one."""

    def __init__(self, zone: ZoneInfo, offset_s: float = 0.0) -> None:
        self._zone = zone
        self._offset_s = offset_s
        self._day = ""
        self._begin = self._end = 0.0

    def of(self, now: float) -> str:
        """The day (YYYY-MM-DD) of a time (s since the epoch)."""
        if not self._begin <= now < self._end:
            date = datetime.fromtimestamp(now - self._offset_s, self._zone).date()
            self._day = date.isoformat()
            first = datetime.combine(date, datetime.min.time(), self._zone)
            last = datetime.combine(date + timedelta(days=1), datetime.min.time(), self._zone)
            self._begin = first.astimezone(UTC).timestamp() + self._offset_s
            self._end = last.astimezone(UTC).timestamp() + self._offset_s
        return self._day

    def left(self, now: float) -> float:
        """Seconds until the day of a time is over."""
        self.of(now)
        return self._end - now

    def passed(self, now: float) -> float:
        """The share of a time's day that is over then."""
        self.of(now)
        return (now - self._begin) / (self._end - self._begin)


@dataclass(slots=True)
class Usage:
    """What is used of a day."""

    requests: int = 0
    entities: int = 0


@dataclass(slots=True)
class Quota:
    """The limits of a day. `others`: requests and entities that other clients spend every day."""

    days: Days
    requests_per_day: int
    entities_per_day: int
    others: int = 0
    _used: dict[str, Usage] = field(default_factory=dict)

    def admits(self, now: float) -> bool:
        """Count a request, a refused one as well, and say whether it fits."""
        used = self._usage(now)
        used.requests += 1
        return used.requests + self._by_others(now) <= self.requests_per_day

    def takes(self, now: float, rows: int) -> bool:
        """Take the rows of an import, all or none, and say whether they fit."""
        used = self._usage(now)
        fits = used.entities + self._by_others(now) + rows <= self.entities_per_day
        if fits:
            used.entities += rows
        return fits

    def requests(self, now: float) -> Standing:
        """Where a day's requests stand."""
        left = self.requests_per_day - self._usage(now).requests - self._by_others(now)
        return Standing(self.requests_per_day, max(0, left), self.days.left(now))

    def entities(self, now: float) -> Standing:
        """Where a day's entities stand."""
        left = self.entities_per_day - self._usage(now).entities - self._by_others(now)
        return Standing(self.entities_per_day, max(0, left), self.days.left(now))

    def _usage(self, now: float) -> Usage:
        day = self.days.of(now)
        used = self._used.get(day)
        if used is None:
            used = self._used[day] = Usage()
        return used

    def _by_others(self, now: float) -> int:
        return int(self.others * self.days.passed(now)) if self.others else 0
