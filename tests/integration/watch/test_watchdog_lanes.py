"""A lane that holds records gets a wake if none is on its way."""

import json

import pytest

from import_relay.domain.lanes import Lane
from import_relay.domain.queue_messages import MAX_REQUEUED_S, WAKE
from tests.integration.submit.requests_used import use
from tests.support.builders import message
from tests.support.following import ADA, BOB
from tests.support.relay import Relay
from tests.support.watching import QUARTER_S, watch

DAY_S = 86_400.0
WOKEN = [("submission.woken", {"lane": "bulk"})]


@pytest.fixture
def relay(relay: Relay) -> Relay:
    """The day's requests are ahead of their curve, so a batch of the bulk lane was held."""
    use(relay, 4_000)
    assert relay.submit(message([ADA, BOB]), lane=Lane.BULK).held == 2
    return relay


def take_wake(relay: Relay) -> None:
    """A version of the relay that does not know wakes deletes it, and leaves what is held."""
    relay.aws.sqs.purge_queue(QueueUrl=relay.aws.bulk_queue_url)


def queued(relay: Relay) -> list[object]:
    return [content for content, _ in relay.aws.queued(relay.aws.bulk_queue_url)]


def woken(relay: Relay) -> list[object]:
    return [one for one in relay.events if one[0] == "submission.woken"]


def test_while_its_wake_is_on_the_way_a_lane_is_left_alone(relay: Relay) -> None:
    watch(relay)

    assert queued(relay) == [json.loads(WAKE)]
    assert woken(relay) == []


def test_what_another_version_left_held_is_imported_once_this_version_is_back(relay: Relay) -> None:
    take_wake(relay)
    relay.clock.now += DAY_S

    watch(relay)

    assert woken(relay) == WOKEN
    assert queued(relay) == [json.loads(WAKE)]
    assert relay.submit(WAKE, lane=Lane.BULK).rows == 2


def test_a_wake_that_waits_is_not_sent_again(relay: Relay) -> None:
    """While submission is paused, a wake stays in the queue."""
    take_wake(relay)
    for _ in range(3):
        watch(relay)
        relay.clock.now += QUARTER_S

    assert woken(relay) == WOKEN
    assert queued(relay) == [json.loads(WAKE)]


def test_a_lane_that_holds_nothing_is_left_alone(relay: Relay) -> None:
    take_wake(relay)
    relay.clock.now += DAY_S
    assert relay.submit(WAKE, lane=Lane.BULK).rows == 2
    relay.clock.now += DAY_S
    relay.submit(WAKE, lane=Lane.BULK)

    watch(relay)

    assert woken(relay) == []


def test_what_was_held_for_longer_than_a_record_may_wait_is_imported_all_the_same(
    relay: Relay,
) -> None:
    """After thirteen days a record may not wait any longer; this one need not."""
    take_wake(relay)
    relay.clock.now += MAX_REQUEUED_S + DAY_S / 2
    watch(relay)

    assert relay.submit(WAKE, lane=Lane.BULK).rows == 2
    assert relay.aws.queued(relay.aws.dead_letter_url) == []


def test_what_was_held_for_that_long_and_has_to_wait_again_stays_held(relay: Relay) -> None:
    take_wake(relay)
    relay.clock.now += MAX_REQUEUED_S + DAY_S / 4
    use(relay, 9_400)

    assert relay.submit(WAKE, lane=Lane.BULK).rows == 0
    assert len(relay.aws.queued(relay.aws.bulk_held_queue_url)) == 1
    use(relay, 0)

    assert relay.submit(WAKE, lane=Lane.BULK).rows == 2
