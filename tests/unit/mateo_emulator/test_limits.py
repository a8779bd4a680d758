"""The limits: a strict second, a day in the database, and the headers that tell about them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from mateo_emulator.clock import Clock
from mateo_emulator.limits import (
    LimitStanding,
    RequestWindow,
    count_request,
    reserve_entities,
    used_on,
)

SECOND = 1_000_000


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute(
        "CREATE TABLE usage (day TEXT PRIMARY KEY, requests INTEGER, entities INTEGER)"
    )
    yield connection
    connection.close()


def refusals(*timestamps_s: float, limit: int = 2) -> list[bool]:
    window = RequestWindow()
    return [window.arrive(round(timestamp * SECOND), limit).exceeded for timestamp in timestamps_s]


def test_the_third_arrival_within_a_second_is_refused() -> None:
    assert refusals(0.0, 0.5, 0.9) == [False, False, True]


def test_the_window_slides_instead_of_beginning_anew_each_second() -> None:
    assert refusals(0.9, 0.95, 1.1) == [False, False, True]


def test_an_arrival_exactly_a_second_later_fits() -> None:
    assert refusals(0.0, 0.0, 1.0) == [False, False, False]


def test_refused_arrivals_count_as_well() -> None:
    assert refusals(0.0, 0.4, 0.8, 1.2) == [False, False, True, True]


def test_a_limit_of_zero_refuses_everything() -> None:
    assert refusals(0.0, 5.0, limit=0) == [True, True]


def test_without_a_limit_everything_fits() -> None:
    window = RequestWindow()
    assert not any(window.arrive(0, None).exceeded for _ in range(100))


def test_a_client_that_waits_as_long_as_told_is_admitted() -> None:
    window = RequestWindow()
    window.arrive(0, 2)
    window.arrive(SECOND // 4, 2)
    refused = window.arrive(SECOND // 2, 2)
    again = SECOND // 2 + round(refused.reset_s * SECOND)
    assert not window.arrive(again, 2).exceeded


def test_headers_tell_limit_remaining_and_whole_seconds_until_the_reset() -> None:
    headers = LimitStanding(2, 1, 0.4).headers("all")
    assert headers == {"ratelimit-limit": "2", "ratelimit-remaining": "1", "ratelimit-reset": "1"}


@pytest.mark.parametrize(
    ("style", "present"), [("all", True), ("no_retry_after", False), ("none", False)]
)
def test_retry_after_can_be_switched_off(style: str, present: bool) -> None:
    headers = LimitStanding(2, 0, 7.2, exceeded=True).headers(style)  # type: ignore[arg-type]
    assert ("retry-after" in headers) is present


def test_requests_are_counted_per_day(database: sqlite3.Connection) -> None:
    counts = [count_request(database, day) for day in ("2026-11-21", "2026-11-21", "2026-11-22")]
    assert counts == [1, 2, 1]


def test_entities_are_taken_whole_or_not_at_all(database: sqlite3.Connection) -> None:
    first = reserve_entities(database, "2026-11-21", 7, 10)
    second = reserve_entities(database, "2026-11-21", 4, 10)
    third = reserve_entities(database, "2026-11-21", 3, 10)
    assert [first.exceeded, second.exceeded, third.exceeded] == [False, True, False]
    assert used_on(database, "2026-11-21") == (0, 10)


def clock_at(timestamp: datetime, time_zone: str) -> Clock:
    return Clock(time_zone=time_zone, machine=lambda: round(timestamp.timestamp() * 1_000_000))


def test_the_day_begins_at_midnight_of_the_time_zone() -> None:
    evening = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
    assert clock_at(evening, "UTC").today() == "2026-11-21"
    assert clock_at(evening, "Europe/Berlin").today() == "2026-11-22"


def test_a_day_with_25_hours_is_an_hour_longer() -> None:
    midnight = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)
    assert clock_at(midnight, "Europe/Berlin").seconds_until_tomorrow() == 25 * 3600


def test_moving_the_day_keeps_the_time_of_day() -> None:
    clock = clock_at(datetime(2026, 11, 21, 9, 15, tzinfo=UTC), "UTC")
    clock.offset_us = clock.offset_for_day(date(2026, 11, 23))
    assert clock.local_time() == datetime(2026, 11, 23, 9, 15, tzinfo=UTC)


def test_the_clock_can_be_set_to_a_time() -> None:
    clock = clock_at(datetime(2026, 11, 21, tzinfo=UTC), "UTC")
    target = datetime(2026, 12, 24, 18, 0, tzinfo=UTC)
    clock.offset_us = clock.offset_for_time(target)
    assert abs(clock.local_time() - target) < timedelta(milliseconds=1)
