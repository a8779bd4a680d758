"""Open imports are listed from an index that lags, and read again before the watchdog acts."""

from import_relay.storage.entries import State
from import_relay.storage.open_imports import OpenImports
from tests.integration.storage.ledger_entries import entry, in_state
from tests.support.aws import LEDGER
from tests.support.builders import NOON
from tests.support.relay import Relay


def imports(relay: Relay) -> OpenImports:
    return OpenImports(relay.aws.dynamodb, LEDGER, sleep=relay.clock.sleep)


def test_those_that_were_begun_before_a_time_are_listed_oldest_first(relay: Relay) -> None:
    for reference, created_at in (("r1", NOON), ("r2", NOON - 60), ("r3", NOON + 60)):
        assert relay.ledger.intend(entry(reference, created_at=created_at))

    assert imports(relay).begun_before(NOON + 60) == ["r2", "r1"]


def test_an_import_that_ended_is_not_open(relay: Relay) -> None:
    in_state(relay, State.SENT, "r1")
    in_state(relay, State.ABANDONED, "r2")

    assert imports(relay).begun_before(NOON + 1) == ["r1"]
    assert imports(relay).still_open(["r1", "r2", "r3"]) == {"r1": NOON + 120}


def test_nothing_to_ask_about_is_no_request(relay: Relay) -> None:
    assert imports(relay).still_open([]) == {}
