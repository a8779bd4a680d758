"""Permits and the days that they count for."""

import pytest

from import_relay.domain.errors import LimitReached, PermitTooFar
from tests.integration.storage.permits import FAR, limits, permits, used
from tests.support.aws import Aws
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
