"""What is counted of one day: who received and ended how many items in which hour. Pure.

Made by `day_reading`; `daily_summary` makes the report of it. Only counts are kept, so that a day
takes the same memory whatever its records hold.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

RECEIVED, IMPORTED, FAILED, REJECTED = "received", "imported", "failed", "rejected"
SHOWN = (RECEIVED, IMPORTED, FAILED, REJECTED)
"""What the pictures show of each hour."""
HOURS = 24


class HourKey(NamedTuple):
    """Whose items, in which hour of the day (0 to 23), and what is counted of them."""

    connection: str
    hour: int
    what: str


class ImportLine(NamedTuple):
    """One import that ended on the day. Times are in s since the epoch."""

    reference: str
    type: str
    created_at: float
    ended_at: float
    rows: int
    imported: int
    failed: int
    unaccounted: int

    @property
    def minutes(self) -> float:
        """How long it took."""
        return max(self.ended_at - self.created_at, 0.0) / 60


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the limits, in their time zone."""

    calendar: date
    zone: ZoneInfo

    @property
    def begin(self) -> float:
        """When it begins, in s since the epoch."""
        return self._midnight(self.calendar)

    @property
    def end(self) -> float:
        """When the next one begins, in s since the epoch."""
        return self._midnight(self.calendar + timedelta(days=1))

    def has(self, at: float) -> bool:
        """Whether a time (s since the epoch) is in it."""
        return self.begin <= at < self.end

    def hour(self, at: float) -> int:
        """The hour of the day. On a day of 25 hours, two of them count as one."""
        return datetime.fromtimestamp(at, self.zone).hour

    def _midnight(self, day: date) -> float:
        return datetime.combine(day, datetime.min.time(), self.zone).timestamp()

    def __str__(self) -> str:
        return self.calendar.isoformat()


@dataclass(slots=True)
class DayCounts:
    """Counts of a day. `waits`: minutes from receipt to import → how many items waited so long."""

    hours: Counter[HourKey] = field(default_factory=Counter)
    waits: Counter[int] = field(default_factory=Counter)
    imports: list[ImportLine] = field(default_factory=list)

    def add(self, other: "DayCounts") -> None:
        """Add what was counted elsewhere."""
        self.hours.update(other.hours)
        self.waits.update(other.waits)
        self.imports += other.imports

    def totals(self) -> Counter[str]:
        """How many of what."""
        found: Counter[str] = Counter()
        for key, count in self.hours.items():
            found[key.what] += count
        return found

    def connections(self) -> list[str]:
        """The names of connections that anything is counted of."""
        return sorted({key.connection for key, count in self.hours.items() if count})


def percentile(waits: Mapping[int, int], share: float) -> int | None:
    """The least number of minutes within which this share of items was imported; None if none."""
    return _at(sorted(waits.items()), share * sum(waits.values()))


def _at(ordered: Iterable[tuple[int, int]], wanted: float) -> int | None:
    seen = 0
    for minutes, count in ordered:
        seen += count
        if count and seen >= wanted:
            return minutes
    return None
