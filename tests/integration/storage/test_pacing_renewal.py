"""A permit that expired while its request got ready is renewed: counted once, and as far apart."""

import pytest

from import_relay.domain.errors import PermitTooFar
from import_relay.storage.pacing import DAY_MARGIN_S, LATE_S, MAX_RENEWAL_S, SPACING
from tests.integration.storage.permits import FAR, limits, permits, used
from tests.support.aws import Aws
from tests.support.builders import MIDNIGHT, NOON
from tests.support.relay import Clock

INTERVAL = SPACING / 2.0


@pytest.mark.parametrize("connecting_s", [0.3, 0.6, 3.0])
def test_a_renewed_permit_is_an_interval_behind_the_one_that_expired_and_costs_nothing(
    aws: Aws, connecting_s: float
) -> None:
    clock = Clock()
    one = permits(aws.dynamodb, clock)
    permit = one.acquire(deadline=FAR)
    clock.now += connecting_s

    renewed = one.renew(permit)

    assert not one.is_in_time(permit)
    assert one.is_in_time(renewed)
    assert clock.now == pytest.approx(NOON + max(connecting_s, INTERVAL))
    assert renewed.day == permit.day
    assert renewed.until == pytest.approx(clock.now + LATE_S)
    assert used(aws, clock).requests == 1


def test_a_renewed_permit_is_an_interval_behind_that_of_another_function(aws: Aws) -> None:
    clock = Clock()
    one, other = permits(aws.dynamodb, clock), permits(aws.dynamodb, clock)
    permit = one.acquire(deadline=FAR)
    other.acquire(deadline=FAR)
    taken_at = clock.now

    one.renew(permit)

    assert clock.now >= taken_at + INTERVAL


def test_a_permit_is_not_renewed_behind_the_deadline(aws: Aws) -> None:
    clock = Clock()
    one = permits(aws.dynamodb, clock)
    permit = one.acquire(deadline=NOON + 0.5)
    clock.now += 0.3

    with pytest.raises(PermitTooFar):
        one.renew(permit)


def test_a_connection_is_not_kept_open_for_long(aws: Aws) -> None:
    clock = Clock()
    one = permits(aws.dynamodb, clock, limits(rate=SPACING / (MAX_RENEWAL_S + 1)))
    permit = one.acquire(deadline=FAR)
    clock.now += 0.3

    with pytest.raises(PermitTooFar):
        one.renew(permit)


def test_a_permit_is_not_renewed_for_another_day(aws: Aws) -> None:
    clock = Clock(MIDNIGHT - DAY_MARGIN_S - 0.5)
    one = permits(aws.dynamodb, clock)
    permit = one.acquire(deadline=FAR)
    clock.now = MIDNIGHT + DAY_MARGIN_S

    with pytest.raises(PermitTooFar):
        one.renew(permit)
