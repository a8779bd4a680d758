"""Permits and the days that they count for."""

from typing import Any

import pytest

from import_relay.domain.errors import LimitReached, PermitTooFar
from import_relay.storage.pacing import DAY_MARGIN_S
from import_relay.storage.quota import day_key, usage_of
from tests.integration.storage.permits import FAR, limits, permits, used
from tests.support.aws import LEDGER, Aws
from tests.support.builders import MIDNIGHT, NOON
from tests.support.relay import Clock


def test_a_permit_behind_the_deadline_is_not_waited_for_and_costs_nothing(aws: Aws) -> None:
    clock = Clock()
    one = permits(aws.dynamodb, clock)
    one.acquire(deadline=FAR)

    with pytest.raises(PermitTooFar):
        one.acquire(deadline=NOON + 0.6)

    assert clock.now == NOON
    assert used(aws, clock).requests == 1
    one.acquire(deadline=FAR)
    assert clock.now < NOON + 1


def test_a_days_requests_are_never_exceeded_and_the_error_says_when_they_come_back(
    aws: Aws,
) -> None:
    clock = Clock()
    one = permits(aws.dynamodb, clock, limits(requests=3))
    for _ in range(3):
        one.acquire(deadline=FAR, for_tracking=True)

    with pytest.raises(LimitReached) as caught:
        one.acquire(deadline=FAR, for_tracking=True)

    assert (caught.value.code, caught.value.resets_at) == ("limit.requests", MIDNIGHT)
    assert used(aws, clock).requests == 3


def test_a_share_of_the_day_is_kept_for_tracking(aws: Aws) -> None:
    one = permits(aws.dynamodb, Clock(), limits(requests=20))
    for _ in range(19):
        one.acquire(deadline=FAR)

    with pytest.raises(LimitReached):
        one.acquire(deadline=FAR)

    one.acquire(deadline=FAR, for_tracking=True)
    with pytest.raises(LimitReached):
        one.acquire(deadline=FAR, for_tracking=True)


def test_a_request_that_waits_over_midnight_counts_for_the_day_on_which_it_leaves(
    aws: Aws,
) -> None:
    clock = Clock(MIDNIGHT - 30.1)
    one = permits(aws.dynamodb, clock)

    days = [one.acquire(deadline=FAR).day for _ in range(2)]

    assert days == ["2026-11-21", "2026-11-22"]
    assert clock.now >= MIDNIGHT + 30
    assert used(aws, clock).requests == 1


class SlowlyCounted:
    """A client of the table; the next calls that count a request take so many seconds each."""

    def __init__(self, aws: Aws, clock: Clock, *seconds: float) -> None:
        self._aws, self._clock, self._seconds = aws, clock, list(seconds)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._aws.dynamodb, name)

    def update_item(self, **changes: Any) -> Any:
        self._clock.now += self._seconds.pop(0) if self._seconds else 0.0
        return self._aws.dynamodb.update_item(**changes)


def counted(aws: Aws, day: str) -> int:
    item = aws.dynamodb.get_item(TableName=LEDGER, Key=day_key(day)).get("Item", {})
    return usage_of(day, item).requests


@pytest.mark.parametrize("slow_s", [0.6, 29.0, 31.5, 60.0, 60.6])
def test_a_request_counts_for_the_day_on_which_it_leaves_however_long_counting_takes(
    aws: Aws, slow_s: float
) -> None:
    clock = Clock(MIDNIGHT - 30.5)
    one = permits(SlowlyCounted(aws, clock, slow_s), clock)

    permit = one.acquire(deadline=FAR)

    assert permit.day == "2026-11-22"
    assert clock.now >= MIDNIGHT + DAY_MARGIN_S
    assert one.is_in_time(permit)
    assert counted(aws, "2026-11-22") == 1


def test_a_request_that_is_counted_slowly_by_day_is_counted_once(aws: Aws) -> None:
    clock = Clock()
    one = permits(SlowlyCounted(aws, clock, 50.0), clock)

    assert one.acquire(deadline=FAR).day == "2026-11-21"
    assert counted(aws, "2026-11-21") == 1


def test_a_caller_whose_deadline_passes_while_it_is_counted_gets_no_permit(aws: Aws) -> None:
    clock = Clock(MIDNIGHT - 30.5)
    one = permits(SlowlyCounted(aws, clock, 31.5), clock)

    with pytest.raises(PermitTooFar):
        one.acquire(deadline=MIDNIGHT + 10)


def test_that_yesterdays_requests_are_spent_does_not_stop_todays(aws: Aws) -> None:
    clock = Clock(MIDNIGHT - 40.0)
    of = limits(requests=1)
    permits(aws.dynamodb, clock, of).acquire(deadline=FAR)
    clock.now = MIDNIGHT - 30.5

    permit = permits(SlowlyCounted(aws, clock, 31.5), clock, of).acquire(deadline=FAR)

    assert permit.day == "2026-11-22"
