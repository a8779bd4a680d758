"""Timestamps: the spellings and the special words that PostgreSQL takes."""

from datetime import UTC, datetime, timedelta

import pytest

from mateo_emulator.postgresql.timestamps import INFINITY_US, epoch_us, read_timestamp

NOW = datetime(2026, 11, 21, 14, 30, 15, 500_000, tzinfo=UTC)
MIDNIGHT = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("now", NOW),
        (" NOW ", NOW),
        ("now()", NOW),
        ("today", MIDNIGHT),
        ("Yesterday", MIDNIGHT - DAY),
        ("tomorrow", MIDNIGHT + DAY),
        ("today 08:15", MIDNIGHT + timedelta(hours=8, minutes=15)),
        ("tomorrow 01:00+01:00", MIDNIGHT + DAY),
        ("epoch", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2026-11-21", MIDNIGHT),
        ("20261121", MIDNIGHT),
        ("2026-11-21T14:30:15.5Z", NOW),
        ("2026-11-21t14:30:15.500000z", NOW),
        ("2026-11-21 14:30:15.5", NOW),
        ("20261121T143015.5Z", NOW),
        ("2026-11-21 15:30:15.5+01", NOW),
        ("2026-11-21 15:30:15.5 +0100", NOW),
        ("2026-11-21 11:00:15.5-3:30", NOW),
        ("2026-11-21 14:30:15.5 UTC", NOW),
        ("2026-11-21 15:30:15.5 Europe/Berlin", NOW),
        ("2026-11-21 14:30:15.4999999", NOW),
        ("2026-11-21 24:00", MIDNIGHT + DAY),
        ("2026-11-21 15:30:15.5 europe/berlin", NOW),
        ("2026-11-21 15:30:15.5 EUROPE/BERLIN", NOW),
        ("2026-11-21 15:30:15.5Europe/Berlin", NOW),
        ("2026-11-21 23:30:15.5 Japan", NOW),
        ("2026-11-21 15:30:15.5 cet", NOW),
        ("2026-07-21 15:30:15.5 CET", NOW.replace(month=7)),
        ("2026-11-21 09:30:15.5 EST", NOW),
        ("2026-11-21 14:30:15.5 Zulu", NOW),
        ("2026-11-21 15:30:45.5+01:00:30", NOW),
        ("2026-11-21 14:29:45.5-00:00:30", NOW),
        ("2026-11-21 15:35:15.5+1:5", NOW),
        ("2026/11/21 14:30:15.5", NOW),
        ("2026.11.21 14:30:15.5", NOW),
        ("11/21/2026 14:30:15.5", NOW),
        ("Nov 21, 2026 14:30:15.5", NOW),
        ("november 21 2026 02:30:15.5 PM", NOW),
        ("21 Nov 2026 14:30:15.5 GMT", NOW),
        ("Sat, 21 Nov 2026 14:30:15.5 GMT", NOW),
        ("Saturday November 21 2026 14:30:15.5", NOW),
        ("21-nov-2026 14:30:15.5", NOW),
        ("2026-Nov-21 2:30:15.5pm", NOW),
        ("2026-11-21 12:00 AM", MIDNIGHT),
        ("Sept 5 2026", datetime(2026, 9, 5, tzinfo=UTC)),
        ("2026-1-5 1:05", datetime(2026, 1, 5, 1, 5, tzinfo=UTC)),
    ],
)
def test_a_timestamp_is_read(text: str, time: datetime) -> None:
    assert read_timestamp(text, NOW) == epoch_us(time)


def test_infinity_is_later_than_every_time_and_its_opposite_earlier() -> None:
    last = epoch_us(datetime.max.replace(tzinfo=UTC))
    assert read_timestamp("infinity", NOW) == INFINITY_US > last
    assert read_timestamp("-Infinity", NOW) == -INFINITY_US


@pytest.mark.parametrize(
    "text",
    ["", "soon", "now 10:00", "nowadays", "today today", "2026-02-30", "2026-13-01", "2026-11-21T",
     "2026-11-21 25:00", "2026-11-21 24:01", "2026-11-21 10:60", "2026-11-21 10:00 Nowhere/Else",
     "2026-11-21 10:00+16", "1795271415", "0001-01-01T00:00:00+12:00", "\u0662026-11-21",
     "2026-11-21 10:00 ../etc", "2026-11-21 10:00+01:00:60", "2026-11-21 10:00+010030",
     "2026-11-21 13:00 AM", "2026-11/21", "21/11/2026", "Nov 31 2026", "Foo 21 2026", "11/21"],
)  # fmt: skip
def test_what_is_no_time_is_refused(text: str) -> None:
    assert read_timestamp(text, NOW) is None
