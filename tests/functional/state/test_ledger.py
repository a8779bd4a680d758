"""The ledger: which way an import may go, and what happens to the entities that it holds."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from import_relay.errors import LimitReached
from import_relay.state.budget import CLOCK_SKEW_S
from import_relay.state.ledger import ENTRY_DAYS, UNFINISHED, VOID, Entry, Ledger, State
from tests.support.aws import LEDGER
from tests.support.builders import NOON
from tests.support.clients import Atomic, Overruling, Recording, client_error, in_threads
from tests.support.relay import LIMITS, Relay

TODAY, TOMORROW = "2026-11-21", "2026-11-22"


def entry(
    reference: str = "r1",
    state: State = State.INTENDED,
    *,
    rows: int = 10,
    day: str = TODAY,
    created_at: float = NOON,
    **others: Any,
) -> Entry:
    return Entry(
        reference, state, "contact_details", rows, day, created_at, created_at + 120, **others
    )


def held(relay: Relay, day: str = TODAY) -> int:
    """The entities that are held of a day."""
    key = {"pk": {"S": f"day#{day}"}}
    item = relay.aws.dynamodb.get_item(TableName=LEDGER, Key=key).get("Item", {})
    return int(item.get("entities", {"N": "0"})["N"])


def with_client(relay: Relay, client: Any) -> Ledger:
    return Ledger(
        client, LEDGER, relay.budget, relay.tally, clock=relay.clock, sleep=relay.clock.sleep
    )


def in_state(relay: Relay, state: State, reference: str = "r1") -> Entry:
    """An entry that holds ten entities and has come to this state."""
    assert relay.ledger.intend(entry(reference))
    if state is not State.INTENDED:
        relay.ledger.advance(reference, source=[State.INTENDED], target=state)
    return relay.entry(reference)


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


def test_entries_go_by_themselves_after_a_while(relay: Relay) -> None:
    relay.ledger.intend(entry())

    key = {"pk": {"S": "import#r1"}}
    item = relay.aws.dynamodb.get_item(TableName=LEDGER, Key=key)["Item"]
    assert item["expires_at"] == {"N": str(int(NOON) + ENTRY_DAYS * 86_400)}


def test_the_states_of_many_references_are_read_at_once(relay: Relay) -> None:
    for number in range(120):
        relay.ledger.bury(f"r{number}")

    states = relay.ledger.states([f"r{number}" for number in range(130)])

    assert states == {f"r{number}": State.ABANDONED for number in range(120)}
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


# intend


def test_intending_writes_the_entry_and_holds_its_rows(relay: Relay) -> None:
    assert relay.ledger.intend(entry(rows=10))
    assert relay.ledger.intend(entry("r2", rows=5))

    assert held(relay) == 15
    assert relay.entry("r1").state is State.INTENDED


def test_intending_twice_holds_once(relay: Relay) -> None:
    relay.ledger.intend(entry())

    assert relay.ledger.intend(entry(rows=7)) is False
    assert held(relay) == 10
    assert relay.entry("r1").rows == 10


@pytest.mark.parametrize("before", [0, 20_000])
def test_intending_more_than_is_left_leaves_nothing_behind(relay: Relay, before: int) -> None:
    if before:
        relay.ledger.intend(entry("r0", rows=before))

    with pytest.raises(LimitReached) as caught:
        relay.ledger.intend(entry(rows=25_001 - before))

    assert (caught.value.code, caught.value.resets_at) == ("limit.entities", NOON + 12 * 3_600)
    assert relay.ledger.get("r1") is None
    assert held(relay) == before
    assert relay.ledger.intend(entry(rows=25_000 - before))


def test_parallel_imports_never_hold_more_than_a_days_entities(relay: Relay) -> None:
    relay.limits = replace(LIMITS, entities_per_day=45)
    ledger = with_client(relay, Atomic(relay.aws.dynamodb))

    results = in_threads([partial(ledger.intend, entry(f"r{n}", rows=10)) for n in range(8)])

    assert results.count(True) == 4
    assert sum(isinstance(one, LimitReached) for one in results) == 4
    assert held(relay) == 40
    assert len(relay.ledger.open_imports()) == 4


def test_a_reference_that_was_buried_can_never_be_intended(relay: Relay) -> None:
    assert relay.ledger.bury("r1", type_="contact_details")

    assert relay.ledger.intend(entry()) is False
    assert held(relay) == 0
    assert relay.entry("r1").state is State.ABANDONED


def test_a_reference_that_was_intended_cannot_be_buried(relay: Relay) -> None:
    relay.ledger.intend(entry())

    assert relay.ledger.bury("r1") is False
    assert relay.entry("r1").state is State.INTENDED


def test_of_intending_and_burying_at_the_same_time_exactly_one_happens(relay: Relay) -> None:
    ledger = with_client(relay, Atomic(relay.aws.dynamodb))

    for number in range(5):
        reference = f"r{number}"
        intended, buried = in_threads(
            [partial(ledger.intend, entry(reference, rows=1)), partial(ledger.bury, reference)]
        )
        assert {intended, buried} == {True, False}
    assert held(relay) == len(relay.ledger.open_imports())


# from state to state


@pytest.mark.parametrize("target", State)
@pytest.mark.parametrize("state", State)
def test_an_entry_moves_on_only_from_the_states_that_are_named(
    relay: Relay, state: State, target: State
) -> None:
    in_state(relay, state)
    others = [one for one in State if one is not state]

    assert relay.ledger.advance("r1", source=others, target=target, posts=9) is False
    assert (relay.entry("r1").state, relay.entry("r1").posts) == (state, 0)
    assert relay.ledger.advance("r1", source=[state], target=target, posts=9) is True
    assert (relay.entry("r1").state, relay.entry("r1").posts) == (target, 9)


def test_an_entry_that_is_not_there_moves_nowhere(relay: Relay) -> None:
    assert relay.ledger.advance("r1", source=State, target=State.SENT) is False
    assert relay.ledger.get("r1") is None


def test_moving_on_keeps_the_hold(relay: Relay) -> None:
    in_state(relay, State.UNKNOWN)

    assert held(relay) == 10


@pytest.mark.parametrize("state", State)
def test_open_imports_are_those_that_may_still_change_records(relay: Relay, state: State) -> None:
    in_state(relay, state)

    assert [one.reference for one in relay.ledger.open_imports()] == (
        ["r1"] if state in UNFINISHED else []
    )


def test_states_are_unfinished_void_or_ended() -> None:
    assert UNFINISHED.isdisjoint(VOID)
    assert set(State) - UNFINISHED - VOID == {State.FINISHED, State.GAVE_UP}


def test_the_oldest_open_imports_come_first(relay: Relay) -> None:
    for number in (3, 1, 2):
        relay.ledger.intend(entry(f"r{number}", created_at=NOON + number, rows=1))

    assert [one.reference for one in relay.ledger.open_imports(2)] == ["r1", "r2"]


# release


def test_releasing_gives_the_entities_back_exactly_once(relay: Relay) -> None:
    one = in_state(relay, State.INTENDED)

    assert relay.ledger.release(one, source=[State.INTENDED], target=State.ABANDONED) is True
    assert relay.ledger.release(one, source=[State.INTENDED], target=State.ABANDONED) is False

    assert held(relay) == 0
    assert relay.entry("r1").state is State.ABANDONED


def test_parallel_releases_give_back_once(relay: Relay) -> None:
    relay.ledger.intend(entry("r0", rows=100))
    one = in_state(relay, State.UNKNOWN)
    ledger = with_client(relay, Atomic(relay.aws.dynamodb))

    results = in_threads(
        [lambda: ledger.release(one, source=UNFINISHED, target=State.ABANDONED)] * 6
    )

    assert results.count(True) == 1
    assert held(relay) == 100


@pytest.mark.parametrize("state", [State.SENT, State.FINISHED, State.GAVE_UP, State.REFUSED])
def test_an_entry_in_another_state_releases_nothing(relay: Relay, state: State) -> None:
    one = in_state(relay, state)

    assert relay.ledger.release(one, source=[State.INTENDED], target=State.ABANDONED) is False
    assert held(relay) == 10
    assert relay.entry("r1").state is state


# close


CLOSING = {TODAY: {"imported": 8, "failed": 1}, TOMORROW: {"unaccounted": 3}}


def counted(relay: Relay) -> dict[str, dict[str, int]]:
    return relay.tally.days([TODAY, TOMORROW])


@pytest.mark.parametrize("target", [State.FINISHED, State.GAVE_UP])
def test_closing_ends_an_entry_and_counts_its_occurrences_in_one_transaction(
    relay: Relay, target: State
) -> None:
    one = in_state(relay, State.SENT)
    calls: list[tuple[str, dict[str, Any]]] = []
    ledger = with_client(relay, Recording(relay.aws.dynamodb, calls))

    assert ledger.close(one, target=target, ends=CLOSING) is True

    assert relay.entry("r1").state is target
    assert relay.ledger.open_imports() == []
    assert counted(relay) == CLOSING
    assert [name for name, _ in calls] == ["transact_write_items"]


def test_closing_keeps_the_hold(relay: Relay) -> None:
    relay.ledger.close(in_state(relay, State.SENT), target=State.FINISHED, ends=CLOSING)

    assert held(relay) == 10


def test_closing_twice_counts_once(relay: Relay) -> None:
    one = in_state(relay, State.SENT)
    relay.ledger.close(one, target=State.FINISHED, ends=CLOSING)

    assert relay.ledger.close(one, target=State.GAVE_UP, ends=CLOSING) is False

    assert counted(relay) == CLOSING
    assert relay.entry("r1").state is State.FINISHED


def test_parallel_closings_count_once(relay: Relay) -> None:
    one = in_state(relay, State.SENT)
    ledger = with_client(relay, Atomic(relay.aws.dynamodb))

    results = in_threads([lambda: ledger.close(one, target=State.FINISHED, ends=CLOSING)] * 6)

    assert results.count(True) == 1
    assert counted(relay) == CLOSING


@pytest.mark.parametrize("state", sorted(VOID))
def test_an_import_that_never_happened_counts_nothing(relay: Relay, state: State) -> None:
    one = in_state(relay, state)

    assert relay.ledger.close(one, target=State.FINISHED, ends=CLOSING) is False

    assert counted(relay) == {}
    assert relay.entry("r1").state is state


def test_an_entry_that_is_not_there_counts_nothing(relay: Relay) -> None:
    assert relay.ledger.close(entry(), target=State.FINISHED, ends=CLOSING) is False

    assert counted(relay) == {}
    assert relay.ledger.get("r1") is None


def test_an_import_without_occurrences_is_closed_and_counts_nothing(relay: Relay) -> None:
    one = in_state(relay, State.SENT)

    assert relay.ledger.close(one, target=State.FINISHED, ends={TODAY: {"imported": 0}})

    assert counted(relay) == {}


# the hold's day


def test_the_hold_moves_to_the_day_on_which_it_is_sent(relay: Relay) -> None:
    one = in_state(relay, State.INTENDED)

    assert relay.ledger.move_hold(one, day=TOMORROW) is True

    assert (held(relay), held(relay, TOMORROW)) == (0, 10)
    assert relay.entry("r1").day == TOMORROW
    assert relay.entry("r1").state is State.INTENDED


def test_a_hold_moves_once_however_often_it_is_tried(relay: Relay) -> None:
    one = in_state(relay, State.UNKNOWN)
    relay.ledger.move_hold(one, day=TOMORROW)

    assert relay.ledger.move_hold(one, day=TOMORROW) is False
    assert (held(relay), held(relay, TOMORROW)) == (0, 10)


def test_a_hold_of_an_entry_that_moved_on_stays_where_it_is(relay: Relay) -> None:
    one = in_state(relay, State.INTENDED)
    relay.ledger.advance("r1", source=[State.INTENDED], target=State.UNKNOWN)

    assert relay.ledger.move_hold(one, day=TOMORROW) is False
    assert (held(relay), held(relay, TOMORROW)) == (10, 0)


def test_a_hold_that_does_not_fit_into_the_other_day_stays_where_it_is(relay: Relay) -> None:
    one = in_state(relay, State.INTENDED)
    relay.ledger.intend(entry("r2", rows=24_995, day=TOMORROW))

    with pytest.raises(LimitReached):
        relay.ledger.move_hold(one, day=TOMORROW)

    assert (held(relay), held(relay, TOMORROW)) == (10, 24_995)
    assert relay.entry("r1").day == TODAY


def test_a_moved_hold_is_released_from_the_day_it_moved_to(relay: Relay) -> None:
    relay.ledger.move_hold(in_state(relay, State.INTENDED), day=TOMORROW)

    relay.ledger.release(relay.entry("r1"), source=[State.INTENDED], target=State.REFUSED)

    assert (held(relay), held(relay, TOMORROW)) == (0, 0)


# posting again


def test_only_one_of_those_who_want_to_post_again_may(relay: Relay) -> None:
    in_state(relay, State.UNKNOWN)
    one = relay.entry("r1")

    first = relay.ledger.begin_post(one, posted_at=NOON + 5, deadline=NOON + 60)
    second = relay.ledger.begin_post(one, posted_at=NOON + 6, deadline=NOON + 61)

    assert (first, second) == (True, False)
    again = relay.entry("r1")
    assert (again.posts, again.posted_at, again.deadline) == (1, NOON + 5, NOON + 60)


def test_lookups_start_afresh_after_posting_again(relay: Relay) -> None:
    in_state(relay, State.UNKNOWN)
    relay.ledger.advance(
        "r1", source=[State.UNKNOWN], target=State.UNKNOWN, absent=2, absent_at=NOON + 3
    )

    relay.ledger.begin_post(relay.entry("r1"), posted_at=NOON + 5, deadline=NOON + 60)

    assert (relay.entry("r1").absent, relay.entry("r1").absent_at) == (0, 0.0)


@pytest.mark.parametrize("state", [one for one in State if one is not State.UNKNOWN])
def test_only_an_unknown_import_is_posted_again(relay: Relay, state: State) -> None:
    one = in_state(relay, state)

    assert relay.ledger.begin_post(one, posted_at=NOON, deadline=NOON) is False


# whose import it is


def test_an_import_in_mateo_belongs_to_one_entry_for_good(relay: Relay) -> None:
    assert relay.ledger.claim_import("i1", "r1") is True
    assert relay.ledger.claim_import("i1", "r1") is True
    assert relay.ledger.claim_import("i1", "r2") is False

    assert relay.ledger.owners(["i1", "i2", "i1"]) == {"i1": "r1"}


def test_an_entry_that_learns_its_import_owns_it(relay: Relay) -> None:
    in_state(relay, State.INTENDED)

    relay.ledger.advance("r1", source=[State.INTENDED], target=State.SENT, import_id="i1")

    assert relay.ledger.owners(["i1"]) == {"i1": "r1"}


def test_an_import_without_an_id_is_owned_by_nobody(relay: Relay) -> None:
    in_state(relay, State.INTENDED)

    relay.ledger.advance("r1", source=[State.INTENDED], target=State.UNKNOWN, import_id="")

    assert relay.ledger.owners([""]) == {}


# reports


@pytest.mark.parametrize("state", sorted(UNFINISHED))
def test_one_at_a_time_reports_an_import(relay: Relay, state: State) -> None:
    one = in_state(relay, state)

    assert relay.ledger.begin_report(one, until=NOON + 60, retried="0-4,7") is True

    begun = replace(one, reported_until=NOON + 60, retried="0-4,7")
    assert relay.entry("r1") == begun
    for seen in (one, begun):
        assert relay.ledger.begin_report(seen, until=NOON + 60, retried="") is False
    assert relay.entry("r1") == begun


def test_who_died_over_a_report_is_not_waited_for_longer_than_clocks_may_differ(
    relay: Relay,
) -> None:
    one = in_state(relay, State.SENT)
    relay.ledger.begin_report(one, until=NOON + 60, retried="")

    begun = relay.entry("r1")
    relay.clock.now = NOON + 60 + CLOCK_SKEW_S
    assert relay.ledger.begin_report(begun, until=NOON + 120, retried="") is False
    relay.clock.now += 0.01
    assert relay.ledger.begin_report(begun, until=NOON + 120, retried="") is True


def test_who_read_an_entry_before_its_report_began_does_not_know_what_that_brought_again(
    relay: Relay,
) -> None:
    read_before = in_state(relay, State.SENT)
    relay.ledger.begin_report(read_before, until=NOON + 60, retried="0")
    relay.clock.now = NOON + 3_600

    assert relay.ledger.begin_report(read_before, until=NOON + 3_700, retried="") is False


def test_an_import_that_has_gone_on_meanwhile_is_not_reported(relay: Relay) -> None:
    one = in_state(relay, State.UNKNOWN)
    relay.ledger.advance("r1", source=[State.UNKNOWN], target=State.SENT)

    assert relay.ledger.begin_report(one, until=NOON + 60, retried="") is False


@pytest.mark.parametrize("state", sorted(set(State) - UNFINISHED))
def test_an_import_that_has_ended_is_not_reported_again(relay: Relay, state: State) -> None:
    one = in_state(relay, state)

    assert relay.ledger.begin_report(one, until=NOON + 60, retried="") is False


def test_of_parallel_reporters_one_begins(relay: Relay) -> None:
    one = in_state(relay, State.SENT)
    ledger = with_client(relay, Atomic(relay.aws.dynamodb))

    begun = in_threads([partial(ledger.begin_report, one, until=NOON + 60, retried="")] * 4)

    assert sorted(begun) == [False, False, False, True]


def test_a_table_that_does_not_answer_is_an_error_and_not_another_reporter(relay: Relay) -> None:
    one = in_state(relay, State.SENT)

    def denied(real: Any, **arguments: Any) -> Any:
        raise client_error("AccessDeniedException")

    ledger = with_client(relay, Overruling(relay.aws.dynamodb, update_item=denied))
    with pytest.raises(ClientError, match="AccessDenied"):
        ledger.begin_report(one, until=NOON + 60, retried="")


# polls


def test_a_poll_is_written_down_where_the_import_is_sent(relay: Relay) -> None:
    sent = in_state(relay, State.SENT)

    now = relay.ledger.record_poll(
        sent, polled_at=NOON + 9, counts={"total_count": 10, "success_count": None}
    )

    assert now == relay.entry("r1")
    assert (now.polled_at, now.total_count, now.success_count) == (NOON + 9, 10, None)


def test_an_entry_says_since_when_its_counts_are_what_they_are(relay: Relay) -> None:
    one = in_state(relay, State.SENT)
    since = []

    for second, total in enumerate([None, 3, 3, 4, 4]):
        one = relay.ledger.record_poll(one, polled_at=NOON + second, counts={"total_count": total})
        since.append(relay.entry("r1").counted_at)

    assert since == [0.0, NOON + 1, NOON + 1, NOON + 3, NOON + 3]


@pytest.mark.parametrize("state", [State.FINISHED, State.GAVE_UP, State.UNKNOWN])
def test_a_late_poll_changes_nothing(relay: Relay, state: State) -> None:
    before = in_state(relay, state)

    relay.ledger.record_poll(before, polled_at=NOON + 9, counts={"total_count": 10})

    assert relay.entry("r1") == before


def test_one_polls_for_all_and_the_next_round_is_open_to_everybody(relay: Relay) -> None:
    assert relay.ledger.claim_round(not_since=NOON - 5) is True
    assert relay.ledger.claim_round(not_since=NOON - 5) is False

    relay.clock.now += 10
    assert relay.ledger.claim_round(not_since=NOON + 5) is True


def test_of_parallel_pollers_one_gets_the_round(relay: Relay) -> None:
    ledger = with_client(relay, Atomic(relay.aws.dynamodb))

    results = in_threads([lambda: ledger.claim_round(not_since=NOON - 5)] * 6)

    assert sorted(results) == [False] * 5 + [True]


# what DynamoDB may say


def failing(times: int, error: ClientError, name: str) -> tuple[Any, list[int]]:
    """A method that raises so many times before it works, and the count of its calls."""
    calls = [0]

    def method(real: Any, **arguments: Any) -> Any:
        calls[0] += 1
        if calls[0] <= times:
            raise error
        return real(**arguments)

    return {name: method}, calls


def test_a_conflict_with_another_transaction_is_no_reason_to_give_up(relay: Relay) -> None:
    conflict = client_error("TransactionCanceledException", reasons=["None", "TransactionConflict"])
    methods, calls = failing(2, conflict, "transact_write_items")

    assert with_client(relay, Overruling(relay.aws.dynamodb, **methods)).intend(entry())
    assert calls == [3]
    assert held(relay) == 10


@pytest.mark.parametrize("call", ["intend", "release", "move_hold", "close"])
def test_any_other_failure_of_a_transaction_is_raised(relay: Relay, call: str) -> None:
    one = in_state(relay, State.INTENDED)
    methods, _ = failing(99, client_error("InternalServerError"), "transact_write_items")
    ledger = with_client(relay, Overruling(relay.aws.dynamodb, **methods))
    calls = {
        "intend": lambda: ledger.intend(entry("r2")),
        "release": lambda: ledger.release(one, source=[State.INTENDED], target=State.ABANDONED),
        "move_hold": lambda: ledger.move_hold(one, day=TOMORROW),
        "close": lambda: ledger.close(one, target=State.FINISHED, ends=CLOSING),
    }

    with pytest.raises(ClientError, match="InternalServerError"):
        calls[call]()
    assert held(relay) == 10
