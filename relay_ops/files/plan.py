"""What a file costs, in entities and days. Pure; the command shows it before it uploads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from relay_ops.status.forecast import Forecast

ENTITIES_PER_DAY = 25_000
"""Mateo's limit (docs: Limits), where no stack says another one."""
_WORDS = ("no day", "one day", "two days", "three days", "four days", "five days", "six days")


@dataclass(frozen=True, slots=True)
class Plan:
    """The cost of a file: its rows, and what is imported before them.

    `waiting`: records that wait already, as far as can be told, rows of other files included.
    """

    rows: int
    waiting: int
    forecast: Forecast

    @property
    def done_on(self) -> date | None:
        """The day on which its last row is imported, if no more comes before it; None: unknown."""
        return self.forecast.drained_on(self.waiting + self.rows)

    def lines(self) -> list[str]:
        """The same for a person."""
        limit, done_on = self.forecast.entities.limit, self.done_on
        cost = cost_text(self.rows, limit)
        if self.waiting:
            cost += f", after {self.waiting:,} records that wait already"
        return [
            f"{cost}: done on {done_on:%Y-%m-%d}." if done_on else f"{cost}.",
            *(f"It has to wait: {one}." for one in self._in_the_way()),
        ]

    def as_json(self) -> dict[str, object]:
        """The same for programs."""
        return {
            "rows": self.rows,
            "waiting_before": self.waiting,
            "entities_per_day": self.forecast.entities.limit,
            "days": days_of(self.rows, self.forecast.entities.limit),
            "done_on": self.done_on.isoformat() if self.done_on else None,
            "in_the_way": list(self._in_the_way()),
        }

    def _in_the_way(self) -> Sequence[str]:
        submission = self.forecast.submission
        if submission.is_running or self.forecast.in_the_way:
            return self.forecast.in_the_way
        until = f" until {submission.until:%Y-%m-%d %H:%M}" if submission.until else ""
        return [f"submission is paused{until} ({submission.reason})"]


def cost_text(rows: int, limit: int) -> str:
    """What a file costs: `50,000 rows cost at most 50,000 entities, two days at 25,000 per day`."""
    is_one = rows == 1
    many = "1 row costs 1 entity" if is_one else f"{rows:,} rows cost at most {rows:,} entities"
    return f"{many}, {_in_words(days_of(rows, limit))} at {limit:,} per day"


def days_of(rows: int, limit: int) -> int:
    """How many days' entities the rows need."""
    return math.ceil(rows / limit)


def _in_words(days: int) -> str:
    return _WORDS[days] if days < len(_WORDS) else f"{days:,} days"
