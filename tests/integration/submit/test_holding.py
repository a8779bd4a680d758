"""Pacing: above the curve of the day's requests, records are held for the next import."""

import json
from dataclasses import replace
from typing import Any

import pytest

from import_relay.domain.lanes import Lane
from import_relay.domain.queue_messages import WAKE
from import_relay.storage.held import HIDDEN_S, HeldState, HeldStates, held_key, held_state
from import_relay.storage.queue import Delayed
from import_relay.submit.holding import MAX_HOLD_S
from tests.integration.submit.requests_used import use
from tests.support.aws import LEDGER
from tests.support.builders import message
from tests.support.clients import Overruling, client_error
from tests.support.following import ADA, BOB
from tests.support.relay import Relay


@pytest.fixture
def relay(relay: Relay) -> Relay:
    """It is noon, and the day's requests are ahead of their curve."""
    use(relay, 4_000)
    return relay


def held(relay: Relay, lane: Lane = Lane.LIVE) -> list[dict[str, object]]:
    urls = {Lane.LIVE: relay.aws.held_queue_url, Lane.BULK: relay.aws.bulk_held_queue_url}
    return [content for content, _ in relay.aws.queued(urls[lane])]


def test_a_batch_above_the_curve_is_held_until_an_import_may_go(relay: Relay) -> None:
    report = relay.submit(message([ADA, BOB]))

    assert (report.held, report.imports, report.failed_message_ids) == (2, 0, set())
    assert relay.mateo.requests == []
    assert [one["held_since"] for one in held(relay)] == [relay.clock.now]
    assert relay.aws.queued() == [(json.loads(WAKE), MAX_HOLD_S)]


def test_what_may_go_sooner_is_looked_at_sooner(relay: Relay) -> None:
    use(relay, 2_770)

    relay.submit(message([ADA]))

    ((_, delay),) = relay.aws.queued()
    assert 60 < delay < MAX_HOLD_S
    relay.clock.now += delay
    assert relay.submit(WAKE).rows == 1


def test_one_wake_at_a_time_is_on_its_way(relay: Relay) -> None:
    for number in range(3):
        relay.submit(message([ADA], delivery=f"d{number}"))
        relay.clock.now += 10

    assert len(relay.aws.queued()) == 1
    assert len(held(relay)) == 3


def test_what_was_held_goes_in_one_import_once_the_curve_has_risen(relay: Relay) -> None:
    relay.submit(message([ADA]))
    relay.submit(message([BOB], delivery="d2"))
    use(relay, 1_000)
    relay.clock.now += 60

    report = relay.submit(WAKE)

    assert (report.rows, report.imports) == (2, 1)
    assert not held(relay)


def test_the_wait_does_not_grow(relay: Relay) -> None:
    use(relay, 6_000)
    relay.submit(message([ADA]))
    for _ in range(3):
        relay.clock.now += MAX_HOLD_S
        relay.submit(WAKE)

    assert [delay for _, delay in relay.aws.queued()] == [MAX_HOLD_S] * 4
    assert len(held(relay)) == 1


def test_a_record_is_held_for_a_quarter_of_an_hour(relay: Relay) -> None:
    relay.submit(message([ADA]))
    relay.clock.now += MAX_HOLD_S

    assert relay.submit(WAKE).rows == 1


def test_even_what_was_held_for_long_leaves_requests_for_the_rest_of_the_day(relay: Relay) -> None:
    relay.submit(message([ADA]))
    relay.clock.now += MAX_HOLD_S
    use(relay, 6_000)

    assert relay.submit(WAKE).rows == 0


def test_where_nothing_may_go_for_long_it_is_not_looked_at_every_minute(relay: Relay) -> None:
    use(relay, 6_000)

    relay.submit(message([ADA]))

    assert [delay for _, delay in relay.aws.queued()] == [MAX_HOLD_S]


def test_a_new_day_is_not_slept_through(relay: Relay) -> None:
    relay.clock.now = relay.permits.limits.next_day(relay.clock.now) - 600
    use(relay, 9_990)

    relay.submit(message([ADA]))

    ((_, delay),) = relay.aws.queued()
    assert 600 <= delay <= 601


def test_what_fills_an_import_is_not_held(relay: Relay) -> None:
    relay.rows_per_import = 4

    assert relay.submit(message([ADA, BOB])).rows == 2


def test_what_is_redelivered_is_not_held(relay: Relay) -> None:
    """Its receive count says that a process may have died of it, and a new message has none."""
    assert relay.submit(message([ADA]), again=True).rows == 1


def test_what_sqs_does_not_show_at_first_is_not_forgotten(relay: Relay) -> None:
    """A short poll asks only some of its servers, so it may miss messages."""

    def receive(real: Any, **asked: Any) -> Any:
        nothing = {"ResponseMetadata": {"RetryAttempts": 0}}
        return real(**asked) if asked["WaitTimeSeconds"] else nothing

    relay.submit(message([ADA]))
    sqs: Any = Overruling(relay.aws.sqs, receive_message=receive)
    relay.aws = replace(relay.aws, sqs=sqs)
    use(relay, 1_000)

    assert relay.submit(WAKE).rows == 1


def test_a_look_that_failed_may_have_hidden_what_is_held(relay: Relay) -> None:
    """The answer of SQS was lost: its messages are hidden for a while."""

    def lost(real: Any, **asked: Any) -> Any:
        real(**asked)
        raise client_error("ServiceUnavailable")

    relay.submit(message([ADA]))
    working = relay.aws
    sqs: Any = Overruling(working.sqs, receive_message=lost)
    relay.aws = replace(working, sqs=sqs)
    use(relay, 1_000)
    relay.clock.now += MAX_HOLD_S
    relay.submit(WAKE)
    relay.aws = working

    key = held_key(Lane.LIVE)
    state = held_state(relay.aws.dynamodb.get_item(TableName=LEDGER, Key=key)["Item"])
    assert state.received_at == relay.clock.now
    assert state.is_awake(relay.clock.now)


def test_each_lane_holds_its_own(relay: Relay) -> None:
    relay.submit(message([ADA]), lane=Lane.BULK)

    assert (len(held(relay, Lane.BULK)), len(held(relay))) == (1, 0)
    assert len(relay.aws.queued(relay.aws.bulk_queue_url)) == 1


def test_what_ended_is_not_counted_again_when_it_was_held_twice(relay: Relay) -> None:
    bad = message([{"v": 1}])
    relay.submit(bad)
    relay.submit(bad)
    use(relay, 0)
    relay.clock.now += 60

    assert relay.submit(WAKE).outcomes == {"rejected": 1}


def test_what_comes_back_above_the_curve_is_looked_at_once_an_import_may_go(relay: Relay) -> None:
    """Its receiver died, and the message was hidden for a while."""
    states = HeldStates(relay.aws.dynamodb, LEDGER, clock=relay.clock)
    states.write(Lane.LIVE, HeldState(received_at=relay.clock.now))
    relay.requeueing(relay.aws.held_queue_url).send([Delayed(message([ADA]), 0)])
    relay.clock.now += HIDDEN_S
    use(relay, 6_000)

    assert (relay.submit(WAKE).held, relay.submit(WAKE).rows) == (0, 0)
    use(relay, 4_000)

    assert relay.submit(WAKE).rows == 1
