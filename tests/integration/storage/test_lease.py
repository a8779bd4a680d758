"""The lease: one submitter at a time, and none longer than until its deadline."""

from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from import_relay.domain.errors import LeaseHeld
from import_relay.domain.lanes import Lane
from import_relay.storage.clocks import CLOCK_SKEW_S
from import_relay.storage.lease import WAITS_S, Lease
from tests.support.aws import LEDGER
from tests.support.builders import NOON
from tests.support.clients import Atomic, Overruling, client_error, in_threads
from tests.support.relay import Clock, Relay


def lease(client: Any, clock: Clock) -> Lease:
    return Lease(client, LEDGER, clock=clock, sleep=clock.sleep)


Held = AbstractContextManager[None]


def take(
    of: Lease, holder: str, *, until: float, wait_until: float = NOON, lane: Lane = Lane.LIVE
) -> Held:
    """Take the lease; it is released with the returned object, which a test of a death keeps."""
    held = of.held(holder, until=until, wait_until=wait_until, lane=lane)
    held.__enter__()
    return held


def test_a_second_submitter_waits_and_gives_up_in_time(relay: Relay) -> None:
    with (
        relay.lease.held("a", until=NOON + 100, wait_until=NOON),
        pytest.raises(LeaseHeld),
        relay.lease.held("b", until=NOON + 100, wait_until=NOON + 10),
    ):
        pass

    assert relay.clock.now < NOON + 10


def test_the_lease_is_free_after_the_block(relay: Relay) -> None:
    with relay.lease.held("a", until=NOON + 100, wait_until=NOON):
        pass
    with relay.lease.held("b", until=NOON + 100, wait_until=NOON):
        pass

    assert relay.clock.now == NOON


def test_the_lease_is_free_after_an_error_in_the_block(relay: Relay) -> None:
    with (
        pytest.raises(RuntimeError),
        relay.lease.held("a", until=NOON + 100, wait_until=NOON),
    ):
        raise RuntimeError

    with relay.lease.held("b", until=NOON + 100, wait_until=NOON):
        pass


def test_a_waiting_submitter_gets_the_lease_of_one_that_died(relay: Relay) -> None:
    dead = take(relay.lease, "dead", until=NOON + 30)

    with relay.lease.held("b", until=NOON + 200, wait_until=NOON + 100):
        assert relay.clock.now > NOON + 30 + CLOCK_SKEW_S
    assert dead is not None


def test_a_lease_is_not_taken_before_its_holder_is_certainly_gone(relay: Relay) -> None:
    dead = take(relay.lease, "a", until=NOON + 30)
    relay.clock.now = NOON + 30 + CLOCK_SKEW_S

    with pytest.raises(LeaseHeld):
        take(relay.lease, "b", until=NOON + 200, wait_until=relay.clock.now)
    assert dead is not None


def test_a_holder_may_take_its_lease_again(relay: Relay) -> None:
    first = take(relay.lease, "a", until=NOON + 30)
    again = take(relay.lease, "a", until=NOON + 90)

    assert first is not again


def test_a_holder_that_outlived_its_lease_does_not_release_its_successors(
    relay: Relay,
) -> None:
    slow = take(relay.lease, "slow", until=NOON + 30)
    relay.clock.now = NOON + 60
    successor = take(relay.lease, "next", until=NOON + 120)

    slow.__exit__(None, None, None)

    with pytest.raises(LeaseHeld):
        take(relay.lease, "third", until=NOON + 200)
    assert successor is not None


def test_of_parallel_submitters_one_holds_it(relay: Relay) -> None:
    client = Atomic(relay.aws.dynamodb)

    def call(holder: str) -> Held:
        return take(lease(client, Clock()), holder, until=NOON + 100)

    results = in_threads([partial(call, f"h{n}") for n in range(8)])

    (held,) = [one for one in results if not isinstance(one, LeaseHeld)]
    held.__exit__(None, None, None)


def test_a_lease_that_cannot_be_released_runs_out_by_itself(relay: Relay) -> None:
    def denied(real: Any, **arguments: Any) -> Any:
        if "REMOVE holder" in arguments["UpdateExpression"]:
            raise client_error("InternalServerError")
        return real(**arguments)

    failing = lease(Overruling(relay.aws.dynamodb, update_item=denied), relay.clock)

    with failing.held("a", until=NOON + 1, wait_until=NOON):
        pass


def test_any_other_error_of_the_table_is_raised(relay: Relay) -> None:
    def denied(real: Any, **arguments: Any) -> Any:
        raise client_error("AccessDeniedException")

    failing = lease(Overruling(relay.aws.dynamodb, update_item=denied), relay.clock)

    with (
        pytest.raises(ClientError, match="AccessDenied"),
        failing.held("a", until=NOON + 1, wait_until=NOON),
    ):
        pass


# live changes first


def live_waited(relay: Relay) -> None:
    """A live batch waited for the lease and gave up; then the holder released it."""
    bulk = take(relay.lease, "bulk", until=NOON + 100, lane=Lane.BULK)
    with pytest.raises(LeaseHeld):
        take(relay.lease, "live", until=NOON + 100, wait_until=NOON + 3)
    bulk.__exit__(None, None, None)


def test_a_bulk_batch_learns_that_a_live_one_waits(relay: Relay) -> None:
    assert not relay.lease.waits(Lane.LIVE)

    live_waited(relay)

    assert relay.lease.waits(Lane.LIVE)


@pytest.mark.parametrize("lane", Lane)
def test_a_batch_learns_which_lane_waits_until_that_lane_has_the_lease(
    relay: Relay, lane: Lane
) -> None:
    first = take(relay.lease, "first", until=NOON + 100)
    with pytest.raises(LeaseHeld):
        take(relay.lease, "second", until=NOON + 100, wait_until=NOON + 3, lane=lane)
    assert [one for one in Lane if relay.lease.waits(one)] == [lane]
    first.__exit__(None, None, None)

    second = take(relay.lease, "second", until=NOON + 100, lane=lane)

    assert second is not None
    assert not any(relay.lease.waits(one) for one in Lane)


def test_a_bulk_batch_that_waits_holds_no_live_batch_up(relay: Relay) -> None:
    first = take(relay.lease, "first", until=NOON + 100)
    with pytest.raises(LeaseHeld):
        take(relay.lease, "bulk", until=NOON + 100, wait_until=NOON + 3, lane=Lane.BULK)
    first.__exit__(None, None, None)
    began_at = relay.clock.now

    with relay.lease.held("live", until=NOON + 100, wait_until=NOON + 10):
        assert relay.clock.now == began_at


def test_a_free_lease_is_kept_for_the_live_batch_that_waits(relay: Relay) -> None:
    live_waited(relay)

    with pytest.raises(LeaseHeld):
        take(relay.lease, "bulk", until=NOON + 100, lane=Lane.BULK)
    live = take(relay.lease, "live", until=NOON + 100)
    live.__exit__(None, None, None)

    bulk = take(relay.lease, "bulk", until=NOON + 100, lane=Lane.BULK)
    assert bulk is not None


def test_a_live_batch_that_died_holds_the_bulk_lane_up_for_seconds_only(relay: Relay) -> None:
    live_waited(relay)
    gone_at = relay.clock.now + WAITS_S + 2

    bulk = take(relay.lease, "bulk", until=NOON + 100, wait_until=gone_at, lane=Lane.BULK)

    assert bulk is not None
    assert relay.clock.now < gone_at


def test_bulk_batches_go_one_after_the_other(relay: Relay) -> None:
    with relay.lease.held("b1", until=NOON + 100, wait_until=NOON, lane=Lane.BULK):
        pass
    with relay.lease.held("b2", until=NOON + 100, wait_until=NOON, lane=Lane.BULK):
        pass

    assert relay.clock.now == NOON


@pytest.mark.parametrize("method", ["get_item", "update_item"])
def test_an_error_with_the_note_of_who_waits_stops_no_batch(relay: Relay, method: str) -> None:
    def denied(real: Any, **arguments: Any) -> Any:
        if "ConditionExpression" not in arguments:  # to take and release the lease has one
            raise client_error("InternalServerError")
        return real(**arguments)

    failing = lease(Overruling(relay.aws.dynamodb, **{method: denied}), relay.clock)
    bulk = take(failing, "bulk", until=NOON + 10, lane=Lane.BULK)

    live = take(failing, "live", until=NOON + 100, wait_until=NOON + 60)

    assert None not in (bulk, live)
    assert not failing.waits(Lane.LIVE)
