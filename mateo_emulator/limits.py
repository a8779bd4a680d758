"""The three limits: requests per second, requests per day and imported entities per day.

`gateway` asks `RequestWindow` and `count_request` for each request, `imports.store` asks
`reserve_entities` for each new import. The second is counted in memory, the days in the database,
so that neither a restart nor parallel requests count anything twice or not at all.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mateo_emulator.errors import ApiError

if TYPE_CHECKING:
    import sqlite3

RateLimitHeaders = Literal["all", "no_retry_after", "none"]
_SECOND_US = 1_000_000


@dataclass(frozen=True)
class LimitStanding:
    """Where one request stands with one limit; ``reset_s`` is how long until there is room."""

    limit: int | None
    remaining: int
    reset_s: float
    exceeded: bool = False

    def headers(self, style: RateLimitHeaders) -> dict[str, str]:
        """The ``ratelimit-*`` headers, and ``retry-after`` when the limit is exceeded."""
        if style == "none" or self.limit is None:
            return {}
        seconds = str(max(1, math.ceil(self.reset_s)))
        headers = {
            "ratelimit-limit": str(self.limit),
            "ratelimit-remaining": str(self.remaining),
            "ratelimit-reset": seconds,
        }
        if self.exceeded and style == "all":
            headers["retry-after"] = seconds
        return headers


def too_many(standing: LimitStanding, style: RateLimitHeaders) -> ApiError:
    """The 429 for an exceeded limit; no documented body tells the three limits apart."""
    return ApiError(
        429, "rate_limit_exceeded", "Rate limit exceeded", headers=standing.headers(style)
    )


class RequestWindow:
    """A strict sliding second: no more than N arrivals within any second are let through.

    Refused arrivals count as well: a caller that does not wait stays refused.
    """

    def __init__(self) -> None:
        self._arrivals: deque[int] = deque()

    def arrive(self, now_us: int, limit: int | None) -> LimitStanding:
        """Count one arrival at ``now_us``, on a steady clock, and say whether it fits."""
        while self._arrivals and self._arrivals[0] <= now_us - _SECOND_US:
            self._arrivals.popleft()
        self._arrivals.append(now_us)
        if limit is None:
            return LimitStanding(None, 0, 0.0)
        count = len(self._arrivals)
        blocking = self._arrivals[-limit] if 0 < limit <= count else self._arrivals[0]
        reset_s = (blocking + _SECOND_US - now_us) / _SECOND_US
        return LimitStanding(limit, max(0, limit - count), reset_s, exceeded=count > limit)

    def forget(self) -> None:
        """Begin with an empty second."""
        self._arrivals.clear()


def count_request(connection: sqlite3.Connection, day: str) -> int:
    """Count one request on ``day`` and return how many there are now."""
    row = connection.execute(
        "INSERT INTO usage (day, requests, entities) VALUES (?, 1, 0)"
        " ON CONFLICT (day) DO UPDATE SET requests = requests + 1 RETURNING requests",
        (day,),
    ).fetchone()
    return int(row[0])


def used_on(connection: sqlite3.Connection, day: str) -> tuple[int, int]:
    """Requests and entities counted on ``day``."""
    row = connection.execute(
        "SELECT requests, entities FROM usage WHERE day = ?", (day,)
    ).fetchone()
    return (0, 0) if row is None else (int(row[0]), int(row[1]))


def reserve_entities(
    connection: sqlite3.Connection, day: str, rows: int, limit: int | None
) -> LimitStanding:
    """Take ``rows`` from today's entities, all or none, inside the caller's transaction."""
    _, used = used_on(connection, day)
    if limit is not None and used + rows > limit:
        return LimitStanding(limit, max(0, limit - used), 0.0, exceeded=True)
    connection.execute(
        "INSERT INTO usage (day, requests, entities) VALUES (?, 0, ?)"
        " ON CONFLICT (day) DO UPDATE SET entities = entities + excluded.entities",
        (day, rows),
    )
    return LimitStanding(limit, 0 if limit is None else limit - used - rows, 0.0)
