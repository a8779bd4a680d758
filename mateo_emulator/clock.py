"""The emulator's clock: the machine's time plus an offset that `admin` can change.

Days, timestamps and link lifetimes follow it. The one-second window and the processing delay do
not: they follow the machine, so that moving the day neither opens nor blocks them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MICROSECONDS = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def machine_time_us() -> int:
    """The machine's time in microseconds since the epoch."""
    return time.time_ns() // 1_000


def iso_timestamp(timestamp_us: int) -> str:
    """A time as PostgREST writes a ``timestamptz``: ``2026-11-21T09:30:00.123456+00:00``."""
    return (_EPOCH + timedelta(microseconds=timestamp_us)).isoformat(timespec="microseconds")


_STEADY_BASE_NS = time.time_ns() - time.monotonic_ns()


def steady_time_us() -> int:
    """Like `machine_time_us`, but never set back or forward while the process runs."""
    return (_STEADY_BASE_NS + time.monotonic_ns()) // 1_000


class Clock:
    """The time of the emulator in one time zone, which decides where a day begins."""

    def __init__(
        self,
        *,
        time_zone: str = "UTC",
        offset_us: int = 0,
        machine: Callable[[], int] = machine_time_us,
    ) -> None:
        self._machine = machine
        self.offset_us = offset_us
        self.zone = ZoneInfo(time_zone)

    def now_us(self) -> int:
        """The emulator's time in microseconds since the epoch."""
        return self._machine() + self.offset_us

    def local_time(self) -> datetime:
        """The emulator's time in its own time zone."""
        return (_EPOCH + timedelta(microseconds=self.now_us())).astimezone(self.zone)

    def today(self) -> str:
        """The day that the daily limits count on, as ``YYYY-MM-DD``."""
        return self.local_time().date().isoformat()

    def seconds_until_tomorrow(self) -> float:
        """Seconds until the daily limits begin again; also right on days with 23 or 25 hours."""
        now = self.local_time()
        midnight = datetime.combine(now.date() + timedelta(days=1), now.min.time(), self.zone)
        return midnight.timestamp() - now.timestamp()

    def offset_for_day(self, day: date) -> int:
        """The offset in microseconds that makes today ``day`` and keeps the time of day."""
        now = self.local_time()
        moved = datetime.combine(day, now.time(), self.zone)
        return self.offset_us + round((moved.timestamp() - now.timestamp()) * MICROSECONDS)

    def offset_for_time(self, timestamp: datetime) -> int:
        """The offset in microseconds that makes it ``time`` (with a zone) now."""
        return round(timestamp.timestamp() * MICROSECONDS) - self._machine()
