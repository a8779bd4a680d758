"""Closing ends an entry and counts its occurrences, once."""

from typing import Any

import pytest

from import_relay.storage.entries import NEVER_CREATED, State
from tests.integration.storage.ledger_entries import CLOSING, entry, in_state, reserved, with_client
from tests.support.builders import TODAY, TOMORROW
from tests.support.clients import Atomic, Recording, in_threads
from tests.support.relay import Relay


def counted(relay: Relay) -> dict[str, dict[str, int]]:
    return relay.outcome_counts.days([TODAY, TOMORROW])


@pytest.mark.parametrize("target", [State.FINISHED, State.TIMED_OUT])
def test_closing_ends_an_entry_and_counts_its_occurrences_in_one_transaction(
    relay: Relay, target: State
) -> None:
    one = in_state(relay, State.SENT)
    calls: list[tuple[str, dict[str, Any]]] = []
    ledger = with_client(relay, Recording(relay.aws.dynamodb, calls))

    assert ledger.close(one, target=target, outcomes=CLOSING) is True

    assert relay.entry("r1").state is target
    assert relay.ledger.open_imports() == []
    assert counted(relay) == CLOSING
    assert [name for name, _ in calls] == ["transact_write_items"]


def test_closing_keeps_the_reservation(relay: Relay) -> None:
    relay.ledger.close(in_state(relay, State.SENT), target=State.FINISHED, outcomes=CLOSING)

    assert reserved(relay) == 10


def test_closing_twice_counts_once(relay: Relay) -> None:
    one = in_state(relay, State.SENT)
    relay.ledger.close(one, target=State.FINISHED, outcomes=CLOSING)

    assert relay.ledger.close(one, target=State.TIMED_OUT, outcomes=CLOSING) is False

    assert counted(relay) == CLOSING
    assert relay.entry("r1").state is State.FINISHED


def test_parallel_closings_count_once(relay: Relay) -> None:
    one = in_state(relay, State.SENT)
    ledger = with_client(relay, Atomic(relay.aws.dynamodb))

    results = in_threads([lambda: ledger.close(one, target=State.FINISHED, outcomes=CLOSING)] * 6)

    assert results.count(True) == 1
    assert counted(relay) == CLOSING


@pytest.mark.parametrize("state", sorted(NEVER_CREATED))
def test_an_import_that_was_never_created_counts_nothing(relay: Relay, state: State) -> None:
    one = in_state(relay, state)

    assert relay.ledger.close(one, target=State.FINISHED, outcomes=CLOSING) is False

    assert counted(relay) == {}
    assert relay.entry("r1").state is state


def test_an_entry_that_is_not_there_counts_nothing(relay: Relay) -> None:
    assert relay.ledger.close(entry(), target=State.FINISHED, outcomes=CLOSING) is False

    assert counted(relay) == {}
    assert relay.ledger.get("r1") is None


def test_an_import_without_occurrences_is_closed_and_counts_nothing(relay: Relay) -> None:
    one = in_state(relay, State.SENT)

    assert relay.ledger.close(one, target=State.FINISHED, outcomes={TODAY: {"imported": 0}})

    assert counted(relay) == {}
