"""What the ledger keeps of an import, which states may follow, and which entry owns it."""

from collections.abc import Callable
from typing import Any

import pytest

from import_relay.storage.entries import ENTRY_DAYS, NEVER_CREATED, UNFINISHED, Standing, State
from tests.integration.storage.ledger_entries import entry, in_state, reserved, with_client
from tests.support.aws import LEDGER
from tests.support.builders import NOON
from tests.support.clients import Overruling
from tests.support.relay import Relay

# entries


def test_an_entry_comes_back_as_it_was_written(relay: Relay) -> None:
    whole = entry(
        digest="abc",
        import_id="i1",
        posts=2,
        posted_at=NOON + 0.125,
        absent=1,
        absent_at=NOON + 1.5,
        polled_at=NOON + 2.25,
        total_count=10,
        success_count=9,
        failed_count=1,
        found=3,
        items=12,
    )

    relay.ledger.intend(whole)

    assert relay.ledger.get("r1") == whole


def test_counts_that_mateo_does_not_have_yet_stay_unknown(relay: Relay) -> None:
    relay.ledger.intend(entry())

    assert relay.entry("r1").total_count is None
    assert relay.ledger.get("nobody") is None


def test_entries_expire(relay: Relay) -> None:
    relay.ledger.intend(entry())

    key = {"pk": {"S": "import#r1"}}
    item = relay.aws.dynamodb.get_item(TableName=LEDGER, Key=key)["Item"]
    assert item["expires_at"] == {"N": str(int(NOON) + ENTRY_DAYS * 86_400)}


def test_the_states_of_many_references_are_read_at_once(relay: Relay) -> None:
    for number in range(120):
        relay.ledger.write_tombstone(f"r{number}")

    states = relay.ledger.states([f"r{number}" for number in range(130)])

    assert states == {f"r{number}": Standing(State.ABANDONED) for number in range(120)}
    assert relay.ledger.states([]) == {}


@pytest.mark.parametrize(
    ("counts", "counted"),
    [
        ((None, None, None), False),
        ((10, None, None), False),
        ((10, 9, None), False),
        ((10, None, 1), False),
        ((10, 9, 0), False),
        ((10, 9, 1), True),
        ((10, 10, 0), True),
        ((0, 0, 0), True),
    ],
)
def test_an_import_is_done_when_the_counts_are_there_and_add_up(
    counts: tuple[int | None, int | None, int | None], counted: bool
) -> None:
    total, success, failed = counts
    one = entry(total_count=total, success_count=success, failed_count=failed)

    assert one.is_counted is counted


# from state to state


@pytest.mark.parametrize("target", State)
@pytest.mark.parametrize("state", State)
def test_an_entry_moves_on_only_from_the_states_that_are_named(
    relay: Relay, state: State, target: State
) -> None:
    in_state(relay, state)
    others = [one for one in State if one is not state]

    assert relay.ledger.advance("r1", expected=others, target=target, posts=9) is False
    assert (relay.entry("r1").state, relay.entry("r1").posts) == (state, 0)
    assert relay.ledger.advance("r1", expected=[state], target=target, posts=9) is True
    assert (relay.entry("r1").state, relay.entry("r1").posts) == (target, 9)


def test_an_entry_that_is_not_there_moves_nowhere(relay: Relay) -> None:
    assert relay.ledger.advance("r1", expected=State, target=State.SENT) is False
    assert relay.ledger.get("r1") is None


def test_moving_on_keeps_the_reservation(relay: Relay) -> None:
    in_state(relay, State.UNKNOWN)

    assert reserved(relay) == 10


@pytest.mark.parametrize("state", State)
def test_open_imports_are_those_that_may_still_change_records(relay: Relay, state: State) -> None:
    in_state(relay, state)

    assert [one.reference for one in relay.ledger.open_imports()] == (
        ["r1"] if state in UNFINISHED else []
    )


def test_states_are_unfinished_never_created_or_closed() -> None:
    assert UNFINISHED.isdisjoint(NEVER_CREATED)
    assert set(State) - UNFINISHED - NEVER_CREATED == {State.FINISHED, State.TIMED_OUT}


def test_the_oldest_open_imports_come_first(relay: Relay) -> None:
    for number in (3, 1, 2):
        relay.ledger.intend(entry(f"r{number}", created_at=NOON + number, rows=1))

    assert [one.reference for one in relay.ledger.open_imports()] == ["r1", "r2", "r3"]


def test_open_imports_are_read_page_by_page(relay: Relay) -> None:
    for number in (1, 2, 3):
        relay.ledger.intend(entry(f"r{number}", created_at=NOON + number, rows=1))

    def one_by_one(real: Callable[..., Any], **query: Any) -> Any:
        return real(**query, Limit=1)

    paged = with_client(relay, Overruling(relay.aws.dynamodb, query=one_by_one))

    assert [one.reference for one in paged.open_imports()] == ["r1", "r2", "r3"]


# whose import it is


def test_an_import_in_mateo_belongs_to_one_entry_for_good(relay: Relay) -> None:
    assert relay.ledger.claim_import("i1", "r1") is True
    assert relay.ledger.claim_import("i1", "r1") is True
    assert relay.ledger.claim_import("i1", "r2") is False

    assert relay.ledger.owners(["i1", "i2", "i1"]) == {"i1": "r1"}


def test_an_entry_that_learns_its_import_owns_it(relay: Relay) -> None:
    in_state(relay, State.INTENDED)

    relay.ledger.advance("r1", expected=[State.INTENDED], target=State.SENT, import_id="i1")

    assert relay.ledger.owners(["i1"]) == {"i1": "r1"}


def test_an_import_without_an_id_is_owned_by_nobody(relay: Relay) -> None:
    in_state(relay, State.INTENDED)

    relay.ledger.advance("r1", expected=[State.INTENDED], target=State.UNKNOWN, import_id="")

    assert relay.ledger.owners([""]) == {}
