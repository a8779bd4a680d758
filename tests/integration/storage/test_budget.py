"""The budget: no rate and no day's limit is ever exceeded, whatever callers do at the same time."""

import itertools
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from botocore.exceptions import ClientError

from import_relay.domain.errors import LimitReached, PermitTooFar
from import_relay.storage.budget import (
    CLOCK_SKEW_S,
    DAY_ITEM_DAYS,
    DAY_MARGIN_S,
    LATE_S,
    SPACING,
    Budget,
    Limits,
    day_key,
)
from tests.integration.storage.true_time import Distant, Time, Turns, Wrong
from tests.support.aws import LEDGER, Aws
from tests.support.builders import NOON
from tests.support.clients import Atomic, Overruling, client_error, in_threads
from tests.support.relay import Clock

FAR = NOON + 1_000_000
BERLIN = ZoneInfo("Europe/Berlin")
MIDNIGHT = NOON + 12 * 3_600
INTERVAL = SPACING / 2.0
"""Between two permits at the usual rate."""


def limits(
    *, rate: float = 2.0, requests: int = 10_000, entities: int = 25_000, zone: str = "UTC"
) -> Limits:
    return Limits(rate, requests, entities, ZoneInfo(zone))


def budget(client: Any, clock: Clock | Wrong, of: Limits | None = None) -> Budget:
    return Budget(client, LEDGER, of or limits(), clock=clock, sleep=clock.sleep)


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def slowly(time: Time, *seconds: float) -> Any:
    """A method whose first answers are as late as that."""
    left = list(seconds)

    def method(real: Any, **arguments: Any) -> Any:
        answer = real(**arguments)
        time.sleep(left.pop(0) if left else 0.0)
        return answer

    return method


# the pace


@pytest.mark.parametrize("rate", [0.5, 2.0, 50.0])
def test_permits_are_never_closer_than_the_rate(aws: Aws, rate: float) -> None:
    clock = Clock()
    one = budget(aws.dynamodb, clock, limits(rate=rate))

    departures = []
    for _ in range(10):
        one.acquire_permit(deadline=FAR)
        departures.append(clock.now)

    gaps = [later - earlier for earlier, later in itertools.pairwise(departures)]
    assert min(gaps) >= 1 / rate


def test_the_first_permit_is_now_and_an_idle_time_is_not_saved_up(aws: Aws) -> None:
    clock = Clock()
    one = budget(aws.dynamodb, clock)

    one.acquire_permit(deadline=FAR)
    assert clock.now == NOON
    clock.now += 3_600
    for _ in range(2):
        one.acquire_permit(deadline=FAR)

    assert clock.now >= NOON + 3_600.5


class Departures:
    """Requests of several functions at once; a request leaves some time after its permit was given.

    What takes time is the tables, waking up from a sleep, and the way out.
    """

    def __init__(self, aws: Aws, seed: int) -> None:
        self.times: list[float] = []
        self.turns = Turns()
        self._random = Random(seed)  # noqa: S311 - any, but the same each time
        self._client: Any = Distant(aws.dynamodb, self.turns, self._random)

    def of(self, ahead_s: float, number: int) -> None:
        """Make so many requests, as a function whose clock is so far ahead."""
        clock = Wrong(self.turns, ahead_s)
        one = Budget(self._client, LEDGER, limits(), clock=clock, sleep=self._oversleep)
        while number:
            permit = one.acquire_permit(deadline=FAR)
            self.turns.sleep(self._random.uniform(0.0, 0.4))
            if one.is_in_time(permit):
                self.times.append(self.turns.now)
                number -= 1

    def _oversleep(self, seconds: float) -> None:
        self.turns.sleep(seconds + self._random.choice([0.0, 0.01, 0.3, 2.0]))

    @property
    def closest(self) -> float:
        return min(later - earlier for earlier, later in itertools.pairwise(self.times))


HALF = CLOCK_SKEW_S / 2
CLOCKS = {
    "right": [0.0] * 6,
    "a little wrong": [0.0, 0.05, -0.05, 0.3, -0.3, 0.7],
    "as wrong as may be": [HALF, -HALF, HALF, -HALF, 0.0, 1.0],
}


@pytest.mark.parametrize("seed", [1])
@pytest.mark.parametrize("clocks", CLOCKS.values(), ids=CLOCKS)
def test_functions_never_leave_closer_than_the_rate_however_wrong_their_clocks_are(
    aws: Aws, clocks: list[float], seed: int
) -> None:
    departures = Departures(aws, seed)

    departures.turns.run(*(partial(departures.of, ahead_s, 3) for ahead_s in clocks))

    assert len(departures.times) == 3 * len(clocks)
    assert departures.closest >= 0.5


@pytest.mark.parametrize(("first", "second"), [(0.0, 0.0), (HALF, -HALF), (-HALF, HALF)])
def test_a_permit_of_another_function_counts_from_when_it_was_seen(
    aws: Aws, first: float, second: float
) -> None:
    time = Clock()
    budget(aws.dynamodb, Wrong(time, first)).acquire_permit(deadline=FAR)
    time.now += 0.3

    budget(aws.dynamodb, Wrong(time, second)).acquire_permit(deadline=FAR)

    assert time.now == pytest.approx(NOON + 0.3 + INTERVAL)


def test_a_permit_that_is_seen_again_counts_from_when_it_was_seen_first(aws: Aws) -> None:
    time = Clock()
    other = budget(aws.dynamodb, time)
    budget(aws.dynamodb, time).acquire_permit(deadline=FAR)
    with pytest.raises(PermitTooFar):
        other.acquire_permit(deadline=NOON + INTERVAL)
    time.now += 0.3

    other.acquire_permit(deadline=FAR)

    assert time.now == pytest.approx(NOON + INTERVAL)


def test_an_older_permit_counts_from_its_time_and_what_clocks_may_differ_by(aws: Aws) -> None:
    time = Clock()
    budget(aws.dynamodb, time).acquire_permit(deadline=FAR)
    time.now += CLOCK_SKEW_S + 0.3

    budget(aws.dynamodb, time).acquire_permit(deadline=FAR)

    assert time.now == pytest.approx(NOON + CLOCK_SKEW_S + INTERVAL)


@pytest.mark.parametrize("ahead_s", [-HALF, 0.0, HALF])
def test_after_a_long_idle_time_a_permit_of_another_function_is_not_waited_for(
    aws: Aws, ahead_s: float
) -> None:
    time = Clock()
    budget(aws.dynamodb, Wrong(time, -ahead_s)).acquire_permit(deadline=FAR)
    time.now += 2 * CLOCK_SKEW_S + INTERVAL
    began_at = time.now

    budget(aws.dynamodb, Wrong(time, ahead_s)).acquire_permit(deadline=FAR)

    assert time.now == began_at


def test_an_own_permit_counts_from_when_it_was_taken(aws: Aws) -> None:
    clock = Clock()
    one = budget(aws.dynamodb, clock)
    one.acquire_permit(deadline=FAR)
    clock.now += 0.3

    one.acquire_permit(deadline=FAR)

    assert clock.now == pytest.approx(NOON + INTERVAL)


def overtaking(other: Budget) -> Any:
    """A method before whose first call the other caller takes the permit."""
    left = [other]

    def method(real: Any, **arguments: Any) -> Any:
        if left:
            left.pop().acquire_permit(deadline=FAR)
        return real(**arguments)

    return method


def test_who_loses_a_race_for_a_permit_looks_again_and_counts_its_request_once(aws: Aws) -> None:
    time = Clock()
    client = Overruling(aws.dynamodb, put_item=overtaking(budget(aws.dynamodb, time)))

    one = budget(client, time)
    one.acquire_permit(deadline=FAR)

    assert time.now == pytest.approx(NOON + INTERVAL)
    assert one.usage().requests == 2


def test_who_loses_a_race_for_the_last_permit_before_its_deadline_gives_up(aws: Aws) -> None:
    time = Clock()
    client = Overruling(aws.dynamodb, put_item=overtaking(budget(aws.dynamodb, time)))

    with pytest.raises(PermitTooFar):
        budget(client, time).acquire_permit(deadline=NOON + INTERVAL)

    assert time.now == NOON


def test_who_loses_a_race_for_the_last_permit_of_a_day_counts_for_the_next_one(aws: Aws) -> None:
    time = Clock(MIDNIGHT - DAY_MARGIN_S - 0.1)
    client = Overruling(aws.dynamodb, put_item=overtaking(budget(aws.dynamodb, time)))

    one = budget(client, time)
    permit = one.acquire_permit(deadline=FAR)

    assert (permit.day, time.now) == ("2026-11-22", MIDNIGHT + DAY_MARGIN_S)
    assert one.usage().requests == 1


@pytest.mark.parametrize("seconds", [0.11, 0.6, 3.0])
def test_a_permit_whose_answer_came_too_late_is_lost_and_counted_once(
    aws: Aws, seconds: float
) -> None:
    time = Clock()
    one = budget(Overruling(aws.dynamodb, put_item=slowly(time, seconds)), time)

    permit = one.acquire_permit(deadline=FAR)

    assert time.now == pytest.approx(NOON + max(seconds, INTERVAL))
    assert one.is_in_time(permit)
    assert one.usage().requests == 1


def test_a_permit_whose_answer_came_soon_is_used_for_what_is_left_of_it(aws: Aws) -> None:
    time = Clock()
    one = budget(Overruling(aws.dynamodb, put_item=slowly(time, 0.09)), time)

    permit = one.acquire_permit(deadline=FAR)

    assert permit.until == pytest.approx(NOON + LATE_S)
    assert one.is_in_time(permit)
    time.now = NOON + LATE_S + 0.01
    assert not one.is_in_time(permit)


def test_a_permit_whose_answer_was_lost_is_not_used(aws: Aws) -> None:
    """The SDK repeats the call by itself, and the repetition finds the permit taken."""
    time = Clock()
    answers = iter([True])

    def twice(real: Any, **arguments: Any) -> Any:
        if next(answers, False):
            real(**arguments)
        return real(**arguments)

    budget(Overruling(aws.dynamodb, put_item=twice), time).acquire_permit(deadline=FAR)

    assert time.now == pytest.approx(NOON + INTERVAL)


def test_a_table_that_takes_no_permits_is_an_error_and_not_a_lost_race(aws: Aws) -> None:
    def denied(real: Any, **arguments: Any) -> Any:
        raise client_error("AccessDeniedException")

    with pytest.raises(ClientError, match="AccessDenied"):
        budget(Overruling(aws.dynamodb, put_item=denied), Clock()).acquire_permit(deadline=FAR)


def test_a_time_that_an_older_version_kept_for_another_is_waited_for(aws: Aws) -> None:
    aws.dynamodb.put_item(
        TableName=LEDGER, Item={"pk": {"S": "pace"}, "next_at": {"N": str(NOON + 60)}}
    )
    clock = Clock()
    one = budget(aws.dynamodb, clock)

    one.acquire_permit(deadline=FAR)
    assert clock.now == NOON + 60
    one.acquire_permit(deadline=FAR)

    assert clock.now == pytest.approx(NOON + 60 + INTERVAL)


@pytest.mark.parametrize("oversleep", [0.11, 0.4, 0.6, 5.0])
def test_who_oversleeps_takes_a_later_permit_and_is_not_overtaken(
    aws: Aws, oversleep: float
) -> None:
    time = Clock()

    def sleep(seconds: float) -> None:
        time.sleep(seconds + oversleep)

    punctual = budget(aws.dynamodb, time)
    punctual.acquire_permit(deadline=FAR)
    Budget(aws.dynamodb, LEDGER, limits(), clock=time, sleep=sleep).acquire_permit(deadline=FAR)
    left_at = time.now
    punctual.acquire_permit(deadline=FAR)

    assert left_at == pytest.approx(NOON + INTERVAL + oversleep)
    assert time.now == pytest.approx(left_at + INTERVAL)
    assert punctual.usage().requests == 3


@pytest.mark.parametrize("seconds", [0.08, 0.3, 2.0])
def test_a_slow_table_delays_requests_but_does_not_stop_them(aws: Aws, seconds: float) -> None:
    clock = Clock()
    late = slowly(clock, *[seconds] * 100)
    slow = Overruling(aws.dynamodb, update_item=late, get_item=late)

    budget(slow, clock).acquire_permit(deadline=NOON + 60)

    assert clock.now == pytest.approx(NOON + 2 * seconds)
    assert budget(aws.dynamodb, clock).usage().requests == 1


def test_a_permit_behind_the_deadline_is_not_waited_for_and_costs_nothing(aws: Aws) -> None:
    clock = Clock()
    one = budget(aws.dynamodb, clock)
    one.acquire_permit(deadline=FAR)

    with pytest.raises(PermitTooFar):
        one.acquire_permit(deadline=NOON + 0.6)

    assert clock.now == NOON
    assert one.usage().requests == 1
    one.acquire_permit(deadline=FAR)
    assert clock.now < NOON + 1


# a day's requests


def test_a_days_requests_are_never_exceeded_and_the_error_says_when_they_come_back(
    aws: Aws,
) -> None:
    clock = Clock()
    one = budget(aws.dynamodb, clock, limits(requests=3))
    for _ in range(3):
        one.acquire_permit(deadline=FAR, for_tracking=True)

    with pytest.raises(LimitReached) as caught:
        one.acquire_permit(deadline=FAR, for_tracking=True)

    assert (caught.value.code, caught.value.resets_at) == ("limit.requests", MIDNIGHT)
    assert one.usage().requests == 3


def test_parallel_callers_never_exceed_a_days_requests(aws: Aws) -> None:
    client = Atomic(aws.dynamodb)

    def call() -> str:
        return (
            budget(client, Clock(), limits(requests=5))
            .acquire_permit(deadline=FAR, for_tracking=True)
            .day
        )

    results = in_threads([call] * 12)

    assert Counter(type(one) for one in results) == {str: 5, LimitReached: 7}
    assert budget(client, Clock()).usage().requests == 5


def test_a_share_of_the_day_is_kept_for_tracking(aws: Aws) -> None:
    one = budget(aws.dynamodb, Clock(), limits(requests=20))
    for _ in range(19):
        one.acquire_permit(deadline=FAR)

    with pytest.raises(LimitReached):
        one.acquire_permit(deadline=FAR)

    one.acquire_permit(deadline=FAR, for_tracking=True)
    with pytest.raises(LimitReached):
        one.acquire_permit(deadline=FAR, for_tracking=True)


def test_even_the_smallest_day_allows_one_import(aws: Aws) -> None:
    one = budget(aws.dynamodb, Clock(), limits(requests=1))

    assert one.acquire_permit(deadline=FAR).day == "2026-11-21"


def test_a_new_day_has_a_budget_of_its_own(aws: Aws) -> None:
    clock = Clock()
    one = budget(aws.dynamodb, clock, limits(requests=1))
    one.acquire_permit(deadline=FAR)
    clock.now = MIDNIGHT

    assert one.acquire_permit(deadline=FAR).day == "2026-11-22"
    assert one.usage().requests == 1


def test_a_request_that_waits_over_midnight_counts_for_the_day_on_which_it_leaves(
    aws: Aws,
) -> None:
    clock = Clock(MIDNIGHT - 30.1)
    one = budget(aws.dynamodb, clock)

    days = [one.acquire_permit(deadline=FAR).day for _ in range(2)]

    assert days == ["2026-11-21", "2026-11-22"]
    assert clock.now >= MIDNIGHT + 30
    assert one.usage().requests == 1


def test_the_counters_of_a_day_are_kept_for_a_while_and_not_for_ever(aws: Aws) -> None:
    budget(aws.dynamodb, Clock()).acquire_permit(deadline=FAR)

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
def test_the_next_day_is_always_the_first_time_of_another_day(zone: str) -> None:
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
