"""What a file costs, in entities and days. Pure; the command shows it before it uploads."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from relay_ops.files.turns import Ahead, DayLimits, FileAhead, LeftToday, days_until_done
from relay_ops.status.forecast import Forecast, SubmissionView

ENTITIES_PER_DAY = 25_000
"""Mateo's limit (docs: Limits), where no stack says another one."""
OWN_LIMIT, LANES_SHARE = ", the connection's own limit", ", what the bulk lane may use"
_WORDS = ("no day", "one day", "two days", "three days", "four days", "five days", "six days")


@dataclass(frozen=True, slots=True)
class Plan:
    """The cost of a file: its rows, the limits that hold for it, and the records before it."""

    rows: int
    connection: str
    forecast: Forecast
    limits: DayLimits
    ahead: Ahead

    @property
    def per_day(self) -> int:
        """How many rows of this connection a day has room for at most."""
        return self.limits.of(self.connection)

    @property
    def done_on(self) -> date | None:
        """The day on which its last row is imported, if no more comes before it; None: unknown."""
        if self.forecast.in_the_way:
            return None
        mine = FileAhead(self.connection, self.rows)
        days = days_until_done(self.ahead, mine, self.limits, self._first_day())
        return None if days is None else self.forecast.opens_on + timedelta(days=days)

    @property
    def refusal(self) -> str:
        """Why the relay would refuse the file, since its rows would wait too long; or nothing."""
        before: dict[str, int] = {}
        for one in self.ahead.files:
            before[one.connection] = before.get(one.connection, 0) + one.rows
        return self.limits.bulk.too_long_wait(self.connection, self.rows, before)

    def lines(self) -> list[str]:
        """The same for a person."""
        done_on = self.done_on
        cost = cost_text(self.rows, self.per_day, whose_limit(self.limits, self.connection))
        if self.ahead.total:
            cost += f"; {self.ahead.total:,} records wait already"
        return [
            f"{cost}: done on {done_on:%Y-%m-%d}." if done_on else f"{cost}.",
            *(f"It has to wait: {one}." for one in self._in_the_way()),
        ]

    def as_json(self) -> dict[str, object]:
        """The same for programs."""
        return {
            "rows": self.rows,
            "waiting_before": self.ahead.total,
            "entities_per_day": self.per_day,
            "days": days_of(self.rows, self.per_day),
            "done_on": self.done_on.isoformat() if self.done_on else None,
            "in_the_way": list(self._in_the_way()),
        }

    def _first_day(self) -> LeftToday:
        """What is left of the day on which imports are sent next."""
        forecast = self.forecast
        if forecast.opens_on != forecast.now.date():
            return LeftToday(self.limits.entities, self.limits.of_lane)
        used: Mapping[str, int] = {name: one.used for name, one in forecast.connections.items()}
        if forecast.requests.used >= forecast.requests_for_imports:
            return LeftToday(0, 0, used)
        of_lane = max(0, self.limits.of_lane - forecast.bulk.entities.used)
        return LeftToday(forecast.entities.left, of_lane, used)

    def _in_the_way(self) -> Sequence[str]:
        if self.forecast.in_the_way:
            return self.forecast.in_the_way
        lanes = (("submission", self.forecast.submission), ("bulk lane", self.forecast.bulk))
        for name, lane in lanes:
            view = lane if isinstance(lane, SubmissionView) else lane.submission
            if not view.is_running:
                until = f" until {view.until:%Y-%m-%d %H:%M}" if view.until else ""
                paused = "submission is paused" if name == "submission" else f"the {name} is paused"
                return [f"{paused}{until} ({view.reason})"]
        return ()


def whose_limit(limits: DayLimits, connection: str) -> str:
    """Which limit is the least, to be said after it; nothing of Mateo's own."""
    if limits.of(connection) < limits.of_lane:
        return OWN_LIMIT
    return LANES_SHARE if limits.of_lane < limits.entities else ""


def cost_text(rows: int, limit: int, whose: str = "") -> str:
    """What a file costs: `50,000 rows cost at most 50,000 entities, two days at 25,000 per day`."""
    is_one = rows == 1
    many = "1 row costs 1 entity" if is_one else f"{rows:,} rows cost at most {rows:,} entities"
    return f"{many}, {_in_words(days_of(rows, limit))} at {limit:,} per day{whose}"


def days_of(rows: int, limit: int) -> int:
    """How many days' entities the rows need."""
    return math.ceil(rows / limit)


def _in_words(days: int) -> str:
    return _WORDS[days] if days < len(_WORDS) else f"{days:,} days"
