"""The fake of the Import API has the emulator's limits: by the second and by the day."""

import random
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from import_relay.mateo.post_results import PostResult
from mateo_emulator.clock import MICROSECONDS, Clock
from mateo_emulator.limits import RequestWindow
from tests.integration.mateo_emulator.conftest import emulator, http, server
from tests.integration.mateo_emulator.emulator import Emulator
from tests.simulation.mateo_limits import Days, Window
from tests.simulation.mateo_sides import (
    CONTACTS,
    PERMIT,
    UNLIMITED,
    Both,
    Emulated,
    Fake,
    body,
    both,
    create,
    do_at_random,
)
from tests.simulation.scenario import Account

__all__ = ["both", "emulator", "http", "server"]  # fixtures


@pytest.mark.parametrize("seed", range(4))
def test_the_limits_of_a_day_end_any_sequence_in_the_same_way(
    emulator: Emulator, seed: int
) -> None:
    limits = {**UNLIMITED, "requests_per_day": 25, "entities_per_day": 12}
    emulator.change("limits", **limits)
    emulator.change("clock", now="2026-11-01T12:00:00+00:00")
    both = Both((Emulated(emulator), Fake(Account(**limits))))

    do_at_random(both, seed, 35)

    assert both.same(create(body(CONTACTS, []))) == (
        PostResult.RATE_LIMITED,
        429,
        False,
        True,
        True,
    )


# limits


@pytest.mark.parametrize("rate", [1, 2, 5])
def test_a_second_admits_the_same_requests_with_the_same_headers(rate: int) -> None:
    chance = random.Random(rate)  # noqa: S311
    emulated, fake = RequestWindow(), Window(rate)
    now = 0.0
    for _ in range(500):
        now += chance.choice((0, 1, 2, 4, 8, 16)) / 16
        standing = emulated.arrive(round(now * MICROSECONDS), rate)
        assert fake.admits(now) is not standing.exceeded
        assert fake.standing(now).headers("no_retry_after") == standing.headers("no_retry_after")
        if standing.exceeded:
            assert fake.standing(now).headers("all") == standing.headers("all")


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"])
def test_days_begin_and_end_at_the_same_time(zone: str) -> None:
    chance = random.Random(zone)  # noqa: S311
    days = Days(ZoneInfo(zone))
    year = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    for _ in range(500):
        now = year + chance.randrange(366 * 86_400)
        clock = Clock(time_zone=zone, machine=lambda now=now: now * MICROSECONDS)  # type: ignore[misc]
        assert days.of(now) == clock.today()
        assert days.left(now) == clock.seconds_until_tomorrow()


def test_too_many_requests_in_a_second_are_refused_with_a_wait(emulator: Emulator) -> None:
    limits: dict[str, Any] = {**UNLIMITED, "requests_per_second": 1}
    emulator.change("limits", **limits)
    fake = Fake(Account(**limits))
    for side in (Emulated(emulator), fake):
        posted = [side.act(lambda: side.api.create(PERMIT, body(CONTACTS, []))) for _ in range(4)]  # noqa: B023
        refused = [one for one in posted if one.outcome is PostResult.RATE_LIMITED]
        assert refused
        assert all(one.retry_after_s is not None and one.retry_after_s >= 1 for one in refused)
    assert [one.why for one in fake.mateo.requests] == ["", "second", "second", "second"]
