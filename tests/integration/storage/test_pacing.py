"""Permits: requests are never closer than the rate, whatever callers do at the same time."""

import itertools
from functools import partial
from random import Random
from typing import Any

import pytest
from botocore.exceptions import ClientError

from import_relay.domain.errors import PermitTooFar
from import_relay.storage.clocks import CLOCK_SKEW_S
from import_relay.storage.pacing import DAY_MARGIN_S, LATE_S, SPACING, Permits
from tests.integration.storage.permits import FAR, limits, permits, used
from tests.integration.storage.true_time import Distant, Time, Turns, Wrong
from tests.support.aws import Aws
from tests.support.builders import MIDNIGHT, NOON
from tests.support.clients import Overruling, client_error
from tests.support.relay import Clock

INTERVAL = SPACING / 2.0
"""Between two permits at the usual rate."""


def slowly(time: Time, *seconds: float) -> Any:
    """A method whose first answers come so many seconds late."""
    left = list(seconds)

    def method(real: Any, **arguments: Any) -> Any:
        answer = real(**arguments)
        time.sleep(left.pop(0) if left else 0.0)
        return answer

    return method


@pytest.mark.parametrize("rate", [0.5, 2.0, 50.0])
def test_permits_are_never_closer_than_the_rate(aws: Aws, rate: float) -> None:
    clock = Clock()
    one = permits(aws.dynamodb, clock, limits(rate=rate))

    departures = []
    for _ in range(10):
        one.acquire(deadline=FAR)
        departures.append(clock.now)

    gaps = [later - earlier for earlier, later in itertools.pairwise(departures)]
    assert min(gaps) >= 1 / rate


def test_the_first_permit_is_now_and_an_idle_time_is_not_saved_up(aws: Aws) -> None:
    clock = Clock()
    one = permits(aws.dynamodb, clock)

    one.acquire(deadline=FAR)
    assert clock.now == NOON
    clock.now += 3_600
    for _ in range(2):
        one.acquire(deadline=FAR)

    assert clock.now >= NOON + 3_600.5


class Departures:
    """When requests of several functions leave that run at once.

    Calls of the table, sleeps, and the way from a permit to its request take longer at random.
    """

    def __init__(self, aws: Aws, seed: int) -> None:
        self.times: list[float] = []
        self.turns = Turns()
        self._random = Random(seed)  # noqa: S311 - any, but the same each time
        self._client: Any = Distant(aws.dynamodb, self.turns, self._random)

    def of(self, ahead_s: float, number: int) -> None:
        """Make so many requests as a function whose clock is so far ahead."""
        clock = Wrong(self.turns, ahead_s)
        one = permits(self._client, clock, sleep=self._oversleep)
        while number:
            permit = one.acquire(deadline=FAR)
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
    permits(aws.dynamodb, Wrong(time, first)).acquire(deadline=FAR)
    time.now += 0.3

    permits(aws.dynamodb, Wrong(time, second)).acquire(deadline=FAR)

    assert time.now == pytest.approx(NOON + 0.3 + INTERVAL)


def test_a_permit_that_is_seen_again_counts_from_when_it_was_seen_first(aws: Aws) -> None:
    time = Clock()
    other = permits(aws.dynamodb, time)
    permits(aws.dynamodb, time).acquire(deadline=FAR)
    with pytest.raises(PermitTooFar):
        other.acquire(deadline=NOON + INTERVAL)
    time.now += 0.3

    other.acquire(deadline=FAR)

    assert time.now == pytest.approx(NOON + INTERVAL)


def test_an_older_permit_counts_from_its_time_and_what_clocks_may_differ_by(aws: Aws) -> None:
    time = Clock()
    permits(aws.dynamodb, time).acquire(deadline=FAR)
    time.now += CLOCK_SKEW_S + 0.3

    permits(aws.dynamodb, time).acquire(deadline=FAR)

    assert time.now == pytest.approx(NOON + CLOCK_SKEW_S + INTERVAL)


@pytest.mark.parametrize("ahead_s", [-HALF, 0.0, HALF])
def test_after_a_long_idle_time_a_permit_of_another_function_is_not_waited_for(
    aws: Aws, ahead_s: float
) -> None:
    time = Clock()
    permits(aws.dynamodb, Wrong(time, -ahead_s)).acquire(deadline=FAR)
    time.now += 2 * CLOCK_SKEW_S + INTERVAL
    began_at = time.now

    permits(aws.dynamodb, Wrong(time, ahead_s)).acquire(deadline=FAR)

    assert time.now == began_at


def test_an_own_permit_counts_from_when_it_was_taken(aws: Aws) -> None:
    clock = Clock()
    one = permits(aws.dynamodb, clock)
    one.acquire(deadline=FAR)
    clock.now += 0.3

    one.acquire(deadline=FAR)

    assert clock.now == pytest.approx(NOON + INTERVAL)


def overtaking(other: Permits) -> Any:
    """A method: before its first call takes effect, the other caller takes the permit."""
    left = [other]

    def method(real: Any, **arguments: Any) -> Any:
        if left:
            left.pop().acquire(deadline=FAR)
        return real(**arguments)

    return method


def test_a_caller_that_loses_a_race_for_a_permit_takes_the_next_and_is_counted_once(
    aws: Aws,
) -> None:
    time = Clock()
    client = Overruling(aws.dynamodb, put_item=overtaking(permits(aws.dynamodb, time)))

    one = permits(client, time)
    one.acquire(deadline=FAR)

    assert time.now == pytest.approx(NOON + INTERVAL)
    assert used(aws, time).requests == 2


def test_a_caller_that_loses_a_race_for_the_last_permit_before_its_deadline_gives_up(
    aws: Aws,
) -> None:
    time = Clock()
    client = Overruling(aws.dynamodb, put_item=overtaking(permits(aws.dynamodb, time)))

    with pytest.raises(PermitTooFar):
        permits(client, time).acquire(deadline=NOON + INTERVAL)

    assert time.now == NOON


def test_a_caller_that_loses_a_race_for_the_last_permit_of_a_day_counts_for_the_next(
    aws: Aws,
) -> None:
    time = Clock(MIDNIGHT - DAY_MARGIN_S - 0.1)
    client = Overruling(aws.dynamodb, put_item=overtaking(permits(aws.dynamodb, time)))

    one = permits(client, time)
    permit = one.acquire(deadline=FAR)

    assert (permit.day, time.now) == ("2026-11-22", MIDNIGHT + DAY_MARGIN_S)
    assert used(aws, time).requests == 1


@pytest.mark.parametrize("seconds", [0.11, 0.6, 3.0])
def test_a_permit_whose_answer_came_too_late_is_lost_and_counted_once(
    aws: Aws, seconds: float
) -> None:
    time = Clock()
    one = permits(Overruling(aws.dynamodb, put_item=slowly(time, seconds)), time)

    permit = one.acquire(deadline=FAR)

    assert time.now == pytest.approx(NOON + max(seconds, INTERVAL))
    assert one.is_in_time(permit)
    assert used(aws, time).requests == 1


def test_a_permit_whose_answer_came_soon_is_used_for_what_is_left_of_it(aws: Aws) -> None:
    time = Clock()
    one = permits(Overruling(aws.dynamodb, put_item=slowly(time, 0.09)), time)

    permit = one.acquire(deadline=FAR)

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

    permits(Overruling(aws.dynamodb, put_item=twice), time).acquire(deadline=FAR)

    assert time.now == pytest.approx(NOON + INTERVAL)


def test_a_table_that_takes_no_permits_is_an_error_and_not_a_lost_race(aws: Aws) -> None:
    def denied(real: Any, **arguments: Any) -> Any:
        raise client_error("AccessDeniedException")

    with pytest.raises(ClientError, match="AccessDenied"):
        permits(Overruling(aws.dynamodb, put_item=denied), Clock()).acquire(deadline=FAR)


@pytest.mark.parametrize("oversleep", [0.11, 0.4, 0.6, 5.0])
def test_a_caller_that_oversleeps_takes_a_later_permit_and_delays_the_next_one(
    aws: Aws, oversleep: float
) -> None:
    time = Clock()

    def sleep(seconds: float) -> None:
        time.sleep(seconds + oversleep)

    punctual = permits(aws.dynamodb, time)
    punctual.acquire(deadline=FAR)
    permits(aws.dynamodb, time, sleep=sleep).acquire(deadline=FAR)
    left_at = time.now
    punctual.acquire(deadline=FAR)

    assert left_at == pytest.approx(NOON + INTERVAL + oversleep)
    assert time.now == pytest.approx(left_at + INTERVAL)
    assert used(aws, time).requests == 3


@pytest.mark.parametrize("seconds", [0.08, 0.3, 2.0])
def test_a_slow_table_delays_requests_but_does_not_stop_them(aws: Aws, seconds: float) -> None:
    clock = Clock()
    late = slowly(clock, *[seconds] * 100)
    slow = Overruling(aws.dynamodb, update_item=late, get_item=late)

    permits(slow, clock).acquire(deadline=NOON + 60)

    assert clock.now == pytest.approx(NOON + 2 * seconds)
    assert used(aws, clock).requests == 1
