"""The clock of the stack: the machine's time plus an offset that only grows; `stack` moves it.

Everything that looks at the time of day follows the same offset: moto, the function processes, the
schedules, and Mateo. What measures durations (timeouts, rates) uses the monotonic clock, which
nothing moves.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def seconds_until(today: str) -> float:
    """How far away a date and time are, e.g. 2028-02-29 or 2030-12-31T23:58 (UTC).

    Raises:
        ValueError: the text is no date.
    """
    wanted = datetime.fromisoformat(today)
    return (wanted if wanted.tzinfo else wanted.replace(tzinfo=UTC)).timestamp() - time.time()


class StackClock:
    """The stack's time of day."""

    def __init__(self, offset_s: float = 0.0) -> None:
        self.offset_s = offset_s

    def time(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self.offset_s

    def now(self) -> datetime:
        """The same as a date and time in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def moved(self, seconds: float) -> float:
        """The offset after moving forward by `seconds`.

        Raises:
            ValueError: for less than nothing: messages and quotas of the future would come back.
        """
        if seconds < 0:
            raise ValueError("the clock only moves forward")
        return self.offset_s + seconds

    def seconds_to_next_day(self, time_zone: str) -> float:
        """How long until one minute and a second past midnight there, when the daily schedule is
        due.
        """
        now = self.now().astimezone(ZoneInfo(time_zone))
        tomorrow = (now + timedelta(days=1)).date()
        start = datetime(
            tomorrow.year, tomorrow.month, tomorrow.day, 0, 1, 1, tzinfo=ZoneInfo(time_zone)
        )
        return start.timestamp() - self.time()
