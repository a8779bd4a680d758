"""The curve of a day's requests: whether an import may go now or more is collected first. Pure.

Light traffic stays below the curve, and goes at once. Above it, records are held until the curve
has risen: so however Lambda's pollers cut the batches, the day's requests last until its end.
`python -m tests.benchmarks pacing` shows what becomes of a day.
"""

from dataclasses import dataclass

from import_relay.storage.executions import FIRST_POLL_S
from import_relay.storage.quota import Limits, Usage

AT_ONCE = 0.1
"""Share of what the day may use that may be used as it begins: night and morning need not wait."""
EMPTY, FULL = 0.5, 0.165
"""Share of the day's requests that may be used at once: while the live lane uses few entities, and
once it uses them at least as fast as the day goes. 25,000 records that come evenly use a sixth of
10,000 requests."""
URGENT = 0.85
"""Share that may be used for a batch of half an import or more, or for records held for long.

The rest is for tracking.
"""
REQUESTS_PER_IMPORT = 3.5
"""Requests that an import counts at least: those for its tracking come after it is sent.

With late polls it uses 3.2 (`python -m tests.benchmarks.pacing even --pollers 5`)."""
SPARE = 0.75
"""From this share of what may be used by now, polls are spared."""
SPARED_POLL_S = 30
"""Then an import is polled this late: records are collected for longer than that, too."""
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class RequestCurve:
    """The curve of one account."""

    limits: Limits

    def allows(self, usage: Usage, now: float, *, urgent: bool = False) -> bool:
        """Whether an import may go now (s since the epoch).

        `usage`: of today, polls included. `urgent`: it fills an import, or its records were held
        for long. The first import of a day always may.
        """
        allowed = self.allowed(_live_entities(usage), now, urgent=urgent)
        return _used(usage) < max(1.0, allowed)

    def first_poll_s(self, usage: Usage, now: float) -> int:
        """How long after it is sent an import is polled first, in s: late if requests are few."""
        few = SPARE * self.allowed(_live_entities(usage), now)
        return FIRST_POLL_S if _used(usage) < few else SPARED_POLL_S

    def wait_s(self, usage: Usage, now: float, most_s: float, *, overdue_at: float) -> float:
        """Seconds until the next import may go, at most `most_s`, if nothing more is used
        meanwhile.

        `overdue_at`: from when on its records were held for long (s since the epoch).
        """

        def may_go(seconds: float) -> bool:
            then = now + seconds
            return then >= day_ends or self.allows(usage, then, urgent=then >= overdue_at)

        day_ends = self.limits.next_day(now)
        low, high = 0.0, most_s
        if not may_go(most_s):
            return most_s
        while high - low > 1:
            middle = (low + high) / 2
            low, high = (low, middle) if may_go(middle) else (middle, high)
        return high

    def allowed(self, entities: int, now: float, *, urgent: bool = False) -> float:
        """How many requests may be used by now, with so many entities of the live lane used."""
        gone = min(1.0, max(0.0, 1 - (self.limits.next_day(now) - now) / DAY_S))
        risen = AT_ONCE + (1 - AT_ONCE) * gone
        load = min(1.0, entities / self.limits.entities_per_day / risen)
        share = URGENT if urgent else EMPTY - (EMPTY - FULL) * load
        return self.limits.requests_per_day * risen * share


def _live_entities(usage: Usage) -> int:
    """Entities used so far, without those of the bulk lane: its imports are full, and few."""
    return usage.entities - usage.bulk_entities


def _used(usage: Usage) -> float:
    """Requests used so far, at least `REQUESTS_PER_IMPORT` for each import."""
    return max(usage.requests, REQUESTS_PER_IMPORT * usage.imports)
