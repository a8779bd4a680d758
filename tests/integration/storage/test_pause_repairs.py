"""A queue that is read although its pause lasts is stopped; the pause ends when it would have."""

import pytest

from import_relay.domain.lanes import Lane
from import_relay.storage.pause import SCHEDULE_SKEW_S, PauseState
from import_relay.storage.queue_switch import MAX_DISABLING_S
from tests.integration.storage.test_pause import (
    HOUR,
    SlowLambda,
    number_of_schedules,
    pause,
    schedules,
)
from tests.support.aws import MAPPINGS
from tests.support.builders import NOON
from tests.support.relay import Relay


def test_a_queue_that_is_read_during_its_pause_is_stopped_until_the_end_of_the_pause(
    relay: Relay,
) -> None:
    until = relay.pause.begin(NOON + HOUR, "limit.entities")
    known = schedules()
    relay.lambda_.mappings[MAPPINGS[0]] = True
    relay.clock.now = until - MAX_DISABLING_S

    relay.pause.repair()

    assert not relay.lambda_.enabled
    assert schedules() == known
    assert relay.pause.state() == PauseState(until, "limit.entities")


@pytest.mark.parametrize("left_s", [SCHEDULE_SKEW_S + 1, MAX_DISABLING_S - 1])
def test_a_queue_that_is_stopped_shortly_before_the_end_of_its_pause_is_resumed_after_it(
    relay: Relay, left_s: float
) -> None:
    until = relay.pause.begin(NOON + HOUR, "limit.entities")
    relay.lambda_.enabled = True
    relay.clock.now = until - left_s
    slow = SlowLambda(relay)

    pause(relay, lambda_=slow).repair()

    assert min(schedules().values()) >= until
    for lane, uuid in zip(Lane, MAPPINGS, strict=True):
        assert slow.disabled_at[uuid] < max(schedules(lane).values())


def test_a_queue_that_is_stopped_gets_no_further_schedule(relay: Relay) -> None:
    relay.pause.begin(NOON + 90, "mateo.unreachable")
    known = number_of_schedules()
    relay.clock.now += 30

    relay.pause.repair()

    assert number_of_schedules() == known


@pytest.mark.parametrize("left_s", [SCHEDULE_SKEW_S, 0.0, -HOUR])
def test_a_queue_that_is_read_after_its_pause_stays(relay: Relay, left_s: float) -> None:
    until = relay.pause.begin(NOON + HOUR, "limit.entities")
    relay.lambda_.enabled = True
    relay.clock.now = until - left_s

    relay.pause.repair()

    assert relay.lambda_.enabled


def test_a_pause_that_was_ended_meanwhile_is_not_repaired(relay: Relay) -> None:
    relay.pause.begin(NOON + HOUR, "maintenance")
    relay.pause.clear_failures()
    relay.lambda_.enabled = True

    relay.pause.repair()

    assert relay.lambda_.enabled


def test_the_repair_of_a_pause_of_the_bulk_lane_leaves_the_live_lane(relay: Relay) -> None:
    relay.bulk_pause.begin(NOON + HOUR, "limit.bulk_share")
    relay.lambda_.enabled = True

    relay.bulk_pause.repair()

    assert relay.lambda_.mappings == dict(zip(MAPPINGS, (True, False), strict=True))
