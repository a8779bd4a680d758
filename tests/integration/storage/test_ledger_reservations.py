"""The entities that an entry reserves of a day: taken, released, moved."""

from dataclasses import replace
from functools import partial

import pytest

from import_relay.domain.errors import LimitReached
from import_relay.domain.lanes import Lane
from import_relay.storage.entries import UNFINISHED, State
from tests.integration.storage.ledger_entries import entry, in_state, reserved, with_client
from tests.support.builders import NOON, TODAY, TOMORROW
from tests.support.clients import Atomic, in_threads
from tests.support.relay import LIMITS, Relay

# intend


def test_intending_writes_the_entry_and_reserves_its_rows(relay: Relay) -> None:
    assert relay.ledger.intend(entry(rows=10))
    assert relay.ledger.intend(entry("r2", rows=5))

    assert reserved(relay) == 15
    assert relay.entry("r1").state is State.INTENDED


def test_intending_twice_reserves_once(relay: Relay) -> None:
    relay.ledger.intend(entry())

    assert relay.ledger.intend(entry(rows=7)) is False
    assert reserved(relay) == 10
    assert relay.entry("r1").rows == 10


@pytest.mark.parametrize("before", [0, 20_000])
def test_intending_more_than_is_left_leaves_nothing_behind(relay: Relay, before: int) -> None:
    if before:
        relay.ledger.intend(entry("r0", rows=before))

    with pytest.raises(LimitReached) as caught:
        relay.ledger.intend(entry(rows=25_001 - before))

    assert (caught.value.code, caught.value.resets_at) == ("limit.entities", NOON + 12 * 3_600)
    assert relay.ledger.get("r1") is None
    assert reserved(relay) == before
    assert relay.ledger.intend(entry(rows=25_000 - before))


def test_parallel_imports_never_reserve_more_than_a_days_entities(relay: Relay) -> None:
    relay.limits = replace(LIMITS, entities_per_day=45)
    ledger = with_client(relay, Atomic(relay.aws.dynamodb))

    results = in_threads([partial(ledger.intend, entry(f"r{n}", rows=10)) for n in range(8)])

    assert results.count(True) == 4
    assert sum(isinstance(one, LimitReached) for one in results) == 4
    assert reserved(relay) == 40
    assert len(relay.ledger.open_imports()) == 4


def test_a_reference_with_a_tombstone_can_never_be_intended(relay: Relay) -> None:
    assert relay.ledger.write_tombstone("r1", type_="contact_details")

    assert relay.ledger.intend(entry()) is False
    assert reserved(relay) == 0
    assert relay.entry("r1").state is State.ABANDONED


def test_a_reference_that_was_intended_cannot_get_a_tombstone(relay: Relay) -> None:
    relay.ledger.intend(entry())

    assert relay.ledger.write_tombstone("r1") is False
    assert relay.entry("r1").state is State.INTENDED


def test_of_intending_and_a_tombstone_at_the_same_time_exactly_one_happens(relay: Relay) -> None:
    ledger = with_client(relay, Atomic(relay.aws.dynamodb))

    for number in range(5):
        reference = f"r{number}"
        intended, given_a_tombstone = in_threads(
            [
                partial(ledger.intend, entry(reference, rows=1)),
                partial(ledger.write_tombstone, reference),
            ]
        )
        assert {intended, given_a_tombstone} == {True, False}
    assert reserved(relay) == len(relay.ledger.open_imports())


# release


def test_a_reservation_is_released_exactly_once(relay: Relay) -> None:
    one = in_state(relay, State.INTENDED)

    assert relay.ledger.release(one, expected=[State.INTENDED], target=State.ABANDONED) is True
    assert relay.ledger.release(one, expected=[State.INTENDED], target=State.ABANDONED) is False

    assert reserved(relay) == 0
    assert relay.entry("r1").state is State.ABANDONED


def test_parallel_releases_count_once(relay: Relay) -> None:
    relay.ledger.intend(entry("r0", rows=100))
    one = in_state(relay, State.UNKNOWN)
    ledger = with_client(relay, Atomic(relay.aws.dynamodb))

    results = in_threads(
        [lambda: ledger.release(one, expected=UNFINISHED, target=State.ABANDONED)] * 6
    )

    assert results.count(True) == 1
    assert reserved(relay) == 100


@pytest.mark.parametrize("state", [State.SENT, State.FINISHED, State.TIMED_OUT, State.REFUSED])
def test_an_entry_in_another_state_releases_nothing(relay: Relay, state: State) -> None:
    one = in_state(relay, state)

    assert relay.ledger.release(one, expected=[State.INTENDED], target=State.ABANDONED) is False
    assert reserved(relay) == 10
    assert relay.entry("r1").state is state


# the reservation's day


def test_the_reservation_moves_to_the_day_on_which_it_is_sent(relay: Relay) -> None:
    one = in_state(relay, State.INTENDED)

    assert relay.ledger.move_reservation(one, day=TOMORROW) is True

    assert (reserved(relay), reserved(relay, TOMORROW)) == (0, 10)
    assert relay.entry("r1").day == TOMORROW
    assert relay.entry("r1").state is State.INTENDED


def test_a_reservation_moves_once_however_often_it_is_tried(relay: Relay) -> None:
    one = in_state(relay, State.UNKNOWN)
    relay.ledger.move_reservation(one, day=TOMORROW)

    assert relay.ledger.move_reservation(one, day=TOMORROW) is False
    assert (reserved(relay), reserved(relay, TOMORROW)) == (0, 10)


def test_a_reservation_of_an_entry_that_moved_on_stays_where_it_is(relay: Relay) -> None:
    one = in_state(relay, State.INTENDED)
    relay.ledger.advance("r1", expected=[State.INTENDED], target=State.UNKNOWN)

    assert relay.ledger.move_reservation(one, day=TOMORROW) is False
    assert (reserved(relay), reserved(relay, TOMORROW)) == (10, 0)


def test_a_reservation_that_does_not_fit_into_the_other_day_stays_where_it_is(relay: Relay) -> None:
    one = in_state(relay, State.INTENDED)
    relay.ledger.intend(entry("r2", rows=24_995, day=TOMORROW))

    with pytest.raises(LimitReached):
        relay.ledger.move_reservation(one, day=TOMORROW)

    assert (reserved(relay), reserved(relay, TOMORROW)) == (10, 24_995)
    assert relay.entry("r1").day == TODAY


def test_a_moved_reservation_is_released_from_the_day_it_moved_to(relay: Relay) -> None:
    relay.ledger.move_reservation(in_state(relay, State.INTENDED), day=TOMORROW)

    relay.ledger.release(relay.entry("r1"), expected=[State.INTENDED], target=State.REFUSED)

    assert (reserved(relay), reserved(relay, TOMORROW)) == (0, 0)


# the bulk lane's share


def bulk_reserved(relay: Relay) -> int:
    return relay.quota.usage().bulk_entities


def test_an_import_of_the_bulk_lane_reserves_and_releases_its_share(relay: Relay) -> None:
    one = entry(rows=20_000, lane=Lane.BULK)
    relay.ledger.intend(one)
    assert (reserved(relay), bulk_reserved(relay)) == (20_000, 20_000)

    with pytest.raises(LimitReached) as caught:
        relay.ledger.intend(entry("r2", rows=1, lane=Lane.BULK))
    relay.ledger.release(one, expected=[State.INTENDED], target=State.ABANDONED)

    assert (caught.value.code, caught.value.resets_at) == ("limit.bulk_share", NOON + 11 * 3_600)
    assert relay.ledger.get("r2") is None
    assert (reserved(relay), bulk_reserved(relay)) == (0, 0)


def test_a_reservation_that_moves_keeps_its_lane(relay: Relay) -> None:
    one = entry(rows=20_000, lane=Lane.BULK)
    relay.ledger.intend(one)
    relay.ledger.intend(entry("r2", rows=1, day=TOMORROW, lane=Lane.BULK))

    with pytest.raises(LimitReached, match=r"limit\.bulk_share"):
        relay.ledger.move_reservation(one, day=TOMORROW)
    assert bulk_reserved(relay) == 20_000

    small = entry("r3", rows=9, lane=Lane.BULK)
    relay.ledger.release(one, expected=[State.INTENDED], target=State.ABANDONED)
    relay.ledger.intend(small)
    assert relay.ledger.move_reservation(small, day=TOMORROW)
    assert bulk_reserved(relay) == 0
    relay.clock.now += 86_400
    assert bulk_reserved(relay) == 10
