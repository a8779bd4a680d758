"""The stack's clock moves forward, to the next day of the limits' time zone if wished."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine

from local.clock import StackClock


@pytest.mark.parametrize(
    ("now", "zone", "expected"),
    [
        ("2026-11-21T10:00:00+00:00", "UTC", "2026-11-22T00:01:01+00:00"),
        ("2026-11-21T23:30:00+00:00", "Europe/Berlin", "2026-11-23T00:01:01+01:00"),
        ("2026-10-24T10:00:00+00:00", "Europe/Berlin", "2026-10-25T00:01:01+02:00"),
    ],
)
def test_the_next_day_begins_past_the_daily_schedule(now: str, zone: str, expected: str) -> None:
    with time_machine.travel(datetime.fromisoformat(now), tick=False):
        clock = StackClock()
        clock.offset_s = clock.moved(clock.seconds_to_next_day(zone))

        assert clock.now() == datetime.fromisoformat(expected)
        assert clock.now().astimezone(ZoneInfo(zone)).isoformat() == expected


def test_the_clock_never_moves_back() -> None:
    with pytest.raises(ValueError, match="forward"):
        StackClock().moved(-1)
