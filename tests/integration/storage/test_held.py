"""The state of a holding queue: whether it may hold messages, and whether a wake is on its way."""

from import_relay.domain.lanes import Lane
from import_relay.storage.clocks import CLOCK_SKEW_S
from import_relay.storage.held import HIDDEN_S, HeldState, HeldStates
from tests.support.aws import LEDGER
from tests.support.relay import Relay

NOW = 1_000_000.0


def test_each_lane_has_a_state_of_its_own(relay: Relay) -> None:
    state = HeldState(since=NOW, received_at=NOW + 1, wake_at=NOW + 60.5)
    HeldStates(relay.aws.dynamodb, LEDGER, clock=relay.clock).write(Lane.BULK, state)

    assert relay.states.read([], Lane.BULK).held == state
    assert relay.states.read([], Lane.LIVE).held == HeldState()


def test_what_was_received_may_come_back_until_its_receiver_is_certainly_dead() -> None:
    state = HeldState(received_at=NOW)

    assert state.may_come_back(NOW + HIDDEN_S - 1)
    assert not state.may_come_back(NOW + HIDDEN_S)


def test_a_wake_that_has_come_by_another_clock_is_not_relied_on() -> None:
    state = HeldState(since=NOW, wake_at=NOW + 60)

    assert state.is_awake(NOW + 60 - CLOCK_SKEW_S - 1)
    assert not state.is_awake(NOW + 60 - CLOCK_SKEW_S)
