"""The budget: no rate and no day's limit is ever exceeded, whatever callers do at the same time."""

import itertools
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from import_relay.errors import LimitReached, SlotTooFar
from import_relay.state.budget import DAY_ITEM_DAYS, Budget, Limits, day_key
from tests.support.aws import LEDGER, Aws
from tests.support.builders import NOON
from tests.support.clients import Atomic, Overruling, in_threads
from tests.support.relay import Clock

FAR = NOON + 1_000_000
BERLIN = ZoneInfo("Europe/Berlin")
MIDNIGHT = NOON + 12 * 3_600


def limits(
    *, rate: float = 2.0, requests: int = 10_000, entities: int = 25_000, zone: str = "UTC"
) -> Limits:
    return Limits(rate, requests, entities, ZoneInfo(zone))


def budget(client: Any, clock: Clock, of: Limits | None = None) -> Budget:
    return Budget(client, LEDGER, of or limits(), clock=clock, sleep=clock.sleep)


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


class Sleepless(Clock):
    """Oversleeps its first sleeps by the given seconds."""

    def __init__(self, *oversleeps: float) -> None:
        super().__init__()
        self._oversleeps = list(oversleeps)

    def sleep(self, seconds: float) -> None:
        self.now += seconds + (self._oversleeps.pop(0) if self._oversleeps else 0.0)


# the pace


@pytest.mark.parametrize("rate", [0.5, 2.0, 50.0])
def test_slots_are_never_closer_than_the_rate(aws: Aws, rate: float) -> None:
    clock = Clock()
    one = budget(aws.dynamodb, clock, limits(rate=rate))

    departures = []
    for _ in range(10):
        one.take_slot(deadline=FAR)
        departures.append(clock.now)

    gaps = [later - earlier for earlier, later in itertools.pairwise(departures)]
    assert min(gaps) >= 1 / rate


def test_the_first_slot_is_now_and_an_idle_time_is_not_saved_up(aws: Aws) -> None:
    clock = Clock()
    one = budget(aws.dynamodb, clock)

    one.take_slot(deadline=FAR)
    assert clock.now == NOON
    clock.now += 3_600
    for _ in range(2):
        one.take_slot(deadline=FAR)

    assert clock.now >= NOON + 3_600.5


def test_parallel_callers_never_leave_closer_than_the_rate(aws: Aws) -> None:
    client = Atomic(aws.dynamodb)
    clocks = [Clock(NOON + number / 100) for number in range(8)]
    departures: list[float] = []

    def call(clock: Clock) -> None:
        one = budget(client, clock)
        for _ in range(4):
            one.take_slot(deadline=FAR)
            departures.append(clock.now)

    failures = in_threads([partial(call, clock) for clock in clocks])

    departures.sort()
    gaps = [later - earlier for earlier, later in itertools.pairwise(departures)]
    assert failures == [None] * 8
    assert len(departures) == 32
    assert min(gaps) >= 0.5


@pytest.mark.parametrize("oversleep", [0.11, 0.4, 0.6, 5.0])
def test_a_slot_that_was_slept_through_is_lost_and_nobody_is_overtaken(
    aws: Aws, oversleep: float
) -> None:
    late, punctual = Sleepless(oversleep), Clock()
    budget(aws.dynamodb, punctual).take_slot(deadline=FAR)

    budget(aws.dynamodb, late).take_slot(deadline=FAR)
    budget(aws.dynamodb, punctual).take_slot(deadline=FAR)

    assert abs(late.now - punctual.now) >= 0.5
    assert budget(aws.dynamodb, punctual).usage().requests == 4


@pytest.mark.parametrize("seconds", [0.2, 0.6, 3.0])
def test_a_slot_is_lost_as_well_when_counting_it_took_too_long(aws: Aws, seconds: float) -> None:
    slow, quick = Clock(), Clock()
    delays = [seconds]

    def slowly(real: Any, **arguments: Any) -> Any:
        if arguments["Key"] == day_key("2026-11-21") and delays:
            slow.now += delays.pop()
        return real(**arguments)

    budget(Overruling(aws.dynamodb, update_item=slowly), slow).take_slot(deadline=FAR)
    budget(aws.dynamodb, quick).take_slot(deadline=FAR)

    assert abs(slow.now - quick.now) >= 0.5


@pytest.mark.parametrize("seconds", [0.08, 0.3, 2.0])
def test_a_slow_table_delays_requests_but_does_not_stop_them(aws: Aws, seconds: float) -> None:
    clock = Clock()

    def slowly(real: Any, **arguments: Any) -> Any:
        clock.now += seconds
        return real(**arguments)

    slow = Overruling(aws.dynamodb, update_item=slowly, get_item=slowly)
    budget(slow, clock).take_slot(deadline=NOON + 60)

    assert budget(aws.dynamodb, clock).usage().requests <= 3


def test_a_slot_behind_the_deadline_is_not_waited_for_and_costs_nothing(aws: Aws) -> None:
    clock = Clock()
    one = budget(aws.dynamodb, clock)
    one.take_slot(deadline=FAR)

    with pytest.raises(SlotTooFar):
        one.take_slot(deadline=NOON + 0.6)

    assert clock.now == NOON
    assert one.usage().requests == 1
    one.take_slot(deadline=FAR)
    assert clock.now < NOON + 1


# a day's requests


def test_a_days_requests_are_never_exceeded_and_the_error_says_when_they_come_back(
    aws: Aws,
) -> None:
    clock = Clock()
    one = budget(aws.dynamodb, clock, limits(requests=3))
    for _ in range(3):
        one.take_slot(deadline=FAR, for_tracking=True)

    with pytest.raises(LimitReached) as caught:
        one.take_slot(deadline=FAR, for_tracking=True)

    assert (caught.value.code, caught.value.resets_at) == ("limit.requests", MIDNIGHT)
    assert one.usage().requests == 3


def test_parallel_callers_never_exceed_a_days_requests(aws: Aws) -> None:
    client = Atomic(aws.dynamodb)

    def call() -> str:
        return (
            budget(client, Clock(), limits(requests=5))
            .take_slot(deadline=FAR, for_tracking=True)
            .day
        )

    results = in_threads([call] * 12)

    assert Counter(type(one) for one in results) == {str: 5, LimitReached: 7}
    assert budget(client, Clock()).usage().requests == 5


def test_a_share_of_the_day_is_kept_for_tracking(aws: Aws) -> None:
    one = budget(aws.dynamodb, Clock(), limits(requests=20))
    for _ in range(19):
        one.take_slot(deadline=FAR)

    with pytest.raises(LimitReached):
        one.take_slot(deadline=FAR)

    one.take_slot(deadline=FAR, for_tracking=True)
    with pytest.raises(LimitReached):
        one.take_slot(deadline=FAR, for_tracking=True)


def test_even_the_smallest_day_allows_one_import(aws: Aws) -> None:
    one = budget(aws.dynamodb, Clock(), limits(requests=1))

    assert one.take_slot(deadline=FAR).day == "2026-11-21"


def test_a_new_day_has_a_budget_of_its_own(aws: Aws) -> None:
    clock = Clock()
    one = budget(aws.dynamodb, clock, limits(requests=1))
    one.take_slot(deadline=FAR)
    clock.now = MIDNIGHT

    assert one.take_slot(deadline=FAR).day == "2026-11-22"
    assert one.usage().requests == 1


def test_a_request_that_waits_over_midnight_counts_for_the_day_on_which_it_leaves(
    aws: Aws,
) -> None:
    clock = Clock(MIDNIGHT - 30.1)
    one = budget(aws.dynamodb, clock)

    days = [one.take_slot(deadline=FAR).day for _ in range(2)]

    assert days == ["2026-11-21", "2026-11-22"]
    assert clock.now >= MIDNIGHT + 30
    assert one.usage().requests == 1


def test_the_counters_of_a_day_are_kept_for_a_while_and_not_for_ever(aws: Aws) -> None:
    budget(aws.dynamodb, Clock()).take_slot(deadline=FAR)

    item = aws.dynamodb.get_item(TableName=LEDGER, Key=day_key("2026-11-21"))["Item"]
    assert item["expires_at"] == {"N": str(int(NOON) + DAY_ITEM_DAYS * 86_400)}


def test_a_day_nobody_used_has_used_nothing(aws: Aws) -> None:
    usage = budget(aws.dynamodb, Clock()).usage()

    assert (usage.day, usage.requests, usage.entities) == ("2026-11-21", 0, 0)


# where a day begins


@pytest.mark.parametrize(
    ("now", "day", "next_day"),
    [
        ("2026-03-28T12:00:00+01:00", "2026-03-28", "2026-03-29T00:00:00+01:00"),
        ("2026-03-29T00:00:00+01:00", "2026-03-29", "2026-03-30T00:00:00+02:00"),  # 23 hours
        ("2026-03-29T01:59:59+01:00", "2026-03-29", "2026-03-30T00:00:00+02:00"),
        ("2026-10-25T00:00:00+02:00", "2026-10-25", "2026-10-26T00:00:00+01:00"),  # 25 hours
        ("2026-10-25T02:30:00+02:00", "2026-10-25", "2026-10-26T00:00:00+01:00"),
        ("2026-10-25T02:30:00+01:00", "2026-10-25", "2026-10-26T00:00:00+01:00"),
        ("2026-10-25T23:59:59+01:00", "2026-10-25", "2026-10-26T00:00:00+01:00"),
        ("2026-12-31T23:59:59+01:00", "2026-12-31", "2027-01-01T00:00:00+01:00"),
    ],
)
def test_a_local_day_ends_at_local_midnight_also_when_the_clocks_change(
    now: str, day: str, next_day: str
) -> None:
    berlin = limits(zone="Europe/Berlin")

    assert berlin.day(at(now)) == day
    assert berlin.next_day(at(now)) == at(next_day)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "America/Sao_Paulo", "Asia/Kathmandu"])
def test_the_next_day_is_always_the_first_moment_of_another_day(zone: str) -> None:
    of_zone = limits(zone=zone)
    for hour in range(0, 366 * 24, 7):
        now = at("2026-01-01T00:30:00+00:00") + hour * 3_600

        turn = of_zone.next_day(now)

        assert of_zone.day(turn) > of_zone.day(now) == of_zone.day(turn - 1)
        assert 0 < turn - now <= 25 * 3_600


def test_the_days_of_utc_and_berlin_differ_in_the_evening() -> None:
    evening = datetime(2026, 11, 21, 23, 30, tzinfo=UTC).timestamp()

    assert limits().day(evening) == "2026-11-21"
    assert limits(zone="Europe/Berlin").day(evening) == "2026-11-22"
