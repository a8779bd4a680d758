"""The outcome counts: how occurrences ended, by day of receipt, and each end counted once."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from import_relay.domain.errors import StoreUnavailable
from import_relay.domain.models import ItemOutcome, Outcome
from import_relay.domain.retrying import COUNT_OUTCOMES
from import_relay.storage.outcome_counts import (
    COUNTS_DAYS,
    OUTCOME_DAYS,
    OUTCOMES_PER_TRANSACTION,
    OutcomeCounts,
    OutcomesByDay,
)
from tests.integration.storage.counted import DAY_S, RECEIVED, item, outcome_of
from tests.support.aws import LEDGER
from tests.support.builders import NOON, TODAY, TOMORROW
from tests.support.clients import Atomic, Overruling, Recording, client_error, in_threads
from tests.support.relay import Relay

LONG_AGO = int((NOON - 9 * DAY_S) * 1_000_000)

Calls = list[tuple[str, dict[str, Any]]]


def deliveries(number: int) -> list[ItemOutcome]:
    """One end in each of so many deliveries."""
    return [outcome_of(delivery=f"d{n}") for n in range(number)]


def with_client(relay: Relay, client: Any) -> OutcomeCounts:
    return OutcomeCounts(
        client, LEDGER, relay.limits.day, clock=relay.clock, sleep=relay.clock.sleep
    )


def overruled(relay: Relay, **methods: Any) -> OutcomeCounts:
    return with_client(relay, Overruling(relay.aws.dynamodb, **methods))


def known(relay: Relay, *ends: ItemOutcome) -> set[str]:
    return relay.outcome_counts.recorded(one.occurrence for one in ends)


def counted(relay: Relay, *days: str) -> dict[str, dict[str, int]]:
    return relay.outcome_counts.days(days or [TODAY])


def count(relay: Relay, ends: OutcomesByDay) -> None:
    """Count ends as a part of some transaction."""
    operations: Any = relay.outcome_counts.operations(ends)
    relay.aws.dynamodb.transact_write_items(TransactItems=operations)


# counts


def test_counts_of_a_day_add_up_by_outcome(relay: Relay) -> None:
    count(relay, {TODAY: {"imported": 5, "failed": 1}, TOMORROW: {"imported": 2}})
    count(relay, {TODAY: {"imported": 3, "unaccounted": 4}})

    assert counted(relay, TODAY, TOMORROW) == {
        TODAY: {"imported": 8, "failed": 1, "unaccounted": 4},
        TOMORROW: {"imported": 2},
    }


def test_days_without_counts_are_absent(relay: Relay) -> None:
    count(relay, {TODAY: {"imported": 1}})

    assert counted(relay, TODAY, TOMORROW, TODAY) == {TODAY: {"imported": 1}}
    assert relay.outcome_counts.days([]) == {}


def test_only_counts_above_zero_become_a_part_of_the_transaction(relay: Relay) -> None:
    operations = relay.outcome_counts.operations(
        {TODAY: {"imported": 2, "failed": 0}, TOMORROW: {"imported": 0}}
    )
    none = relay.outcome_counts.operations({})

    (one,) = operations
    assert one["Update"]["Key"] == {"pk": {"S": f"counts#{TODAY}"}}
    names = one["Update"]["ExpressionAttributeNames"]
    assert {*names.values()} == {"expires_at", "imported"}
    assert none == []


def test_counts_expire(relay: Relay) -> None:
    count(relay, {TODAY: {"imported": 1}})
    relay.clock.now += DAY_S
    count(relay, {TODAY: {"imported": 1}})

    expires = int(NOON) + (COUNTS_DAYS + 1) * DAY_S
    assert item(relay, f"counts#{TODAY}")["expires_at"] == {"N": str(expires)}


# outcome records


def test_each_end_is_counted_under_its_outcome_on_the_day_of_receipt(relay: Relay) -> None:
    relay.outcome_counts.record(
        [
            outcome_of(0, Outcome.REJECTED),
            outcome_of(1, Outcome.SUPERSEDED),
            outcome_of(2, Outcome.SUPERSEDED),
            outcome_of(3, Outcome.DUPLICATE, delivery="d0", received_at=LONG_AGO),
            outcome_of(4, Outcome.IGNORED, delivery="d0", received_at=LONG_AGO),
        ]
    )

    assert counted(relay, TODAY, "2026-11-12") == {
        TODAY: {"rejected": 1, "superseded": 2},
        "2026-11-12": {"duplicate": 1, "ignored": 1},
    }


def test_an_end_is_counted_once_however_often_it_is_recorded(relay: Relay) -> None:
    for _ in range(3):
        relay.outcome_counts.record([outcome_of(0), outcome_of(1)])

    assert counted(relay) == {TODAY: {"superseded": 2}}


def test_the_first_end_is_the_one_that_counts(relay: Relay) -> None:
    relay.outcome_counts.record([outcome_of(0, Outcome.REJECTED)])
    relay.outcome_counts.record([outcome_of(0, Outcome.DUPLICATE)])

    assert counted(relay) == {TODAY: {"rejected": 1}}


def test_an_occurrence_that_stands_twice_in_a_batch_counts_once(relay: Relay) -> None:
    relay.outcome_counts.record([outcome_of(0), outcome_of(0, Outcome.DUPLICATE)])

    assert counted(relay) == {TODAY: {"superseded": 1}}


def test_of_a_batch_that_is_partly_known_the_rest_is_counted(relay: Relay) -> None:
    relay.outcome_counts.record([outcome_of(0), outcome_of(0, delivery="d2")])

    relay.outcome_counts.record(
        [outcome_of(0), outcome_of(1), outcome_of(0, delivery="d2"), outcome_of(delivery="d3")]
    )

    assert counted(relay) == {TODAY: {"superseded": 4}}


def test_a_batch_that_is_wholly_known_writes_nothing(relay: Relay) -> None:
    relay.outcome_counts.record(deliveries(3))
    calls: Calls = []

    with_client(relay, Recording(relay.aws.dynamodb, calls)).record(deliveries(3))

    assert [name for name, _ in calls] == ["transact_write_items", "batch_get_item"]
    assert counted(relay) == {TODAY: {"superseded": 3}}


def test_nothing_to_record_is_no_request(relay: Relay) -> None:
    calls: Calls = []
    outcome_counts = with_client(relay, Recording(relay.aws.dynamodb, calls))

    outcome_counts.record([])

    assert outcome_counts.recorded([]) == set()
    assert calls == []


def test_another_attempt_of_an_item_shares_its_end(relay: Relay) -> None:
    relay.outcome_counts.record([outcome_of(0, attempt=1)])
    relay.outcome_counts.record([outcome_of(0), outcome_of(0, attempt=2)])

    assert counted(relay) == {TODAY: {"superseded": 1}}
    assert known(relay, outcome_of(0), outcome_of(0, attempt=3)) == {"d1/0", "d1/0~3"}


def test_two_attempts_of_an_item_in_one_batch_are_one_end(relay: Relay) -> None:
    relay.outcome_counts.record([outcome_of(0), outcome_of(0, attempt=1)])

    assert counted(relay) == {TODAY: {"superseded": 1}}


def test_occurrences_of_a_delivery_share_items_by_the_hundred(relay: Relay) -> None:
    ends = [outcome_of(number) for number in range(250)]
    calls: Calls = []

    with_client(relay, Recording(relay.aws.dynamodb, calls)).record(ends)

    ((_, arguments),) = calls
    assert len(arguments["TransactItems"]) == 3 + 2
    assert counted(relay) == {TODAY: {"superseded": 250}}
    assert known(relay, *ends, outcome_of(250)) == {f"d1/{number}" for number in range(250)}


def test_the_numbers_of_two_deliveries_are_not_mistaken_for_each_other(relay: Relay) -> None:
    relay.outcome_counts.record([outcome_of(7, delivery="d1")])

    assert known(relay, outcome_of(7, delivery="d1"), outcome_of(7, delivery="d2")) == {"d1/7"}


def test_more_ends_than_a_transaction_takes_are_counted_in_several(relay: Relay) -> None:
    ends = deliveries(2 * OUTCOMES_PER_TRANSACTION + 1)
    calls: Calls = []

    with_client(relay, Recording(relay.aws.dynamodb, calls)).record(ends)

    assert len(calls) == 3
    assert counted(relay) == {TODAY: {"superseded": len(ends)}}


def test_no_transaction_is_larger_than_dynamodb_allows_even_if_each_end_is_of_another_day_and_file(
    relay: Relay,
) -> None:
    ends = [
        outcome_of(
            delivery=f"d-file-{n}",
            received_at=RECEIVED - n * DAY_S * 1_000_000,
            connection=f"c{n}",
        )
        for n in range(60)
    ]
    calls: Calls = []

    with_client(relay, Recording(relay.aws.dynamodb, calls)).record(ends)

    sizes = [len(arguments["TransactItems"]) for _, arguments in calls]
    assert sum(sizes) == 4 * 60
    assert max(sizes) <= 100


def test_a_death_between_two_transactions_counts_each_end_once(relay: Relay) -> None:
    ends = deliveries(OUTCOMES_PER_TRANSACTION + 10)
    calls = []

    def second_fails(real: Any, **arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise client_error("InternalServerError")
        return real(**arguments)

    with pytest.raises(ClientError, match="InternalServerError"):
        overruled(relay, transact_write_items=second_fails).record(ends)
    assert counted(relay) == {TODAY: {"superseded": OUTCOMES_PER_TRANSACTION}}

    relay.outcome_counts.record(ends)

    assert counted(relay) == {TODAY: {"superseded": len(ends)}}


@pytest.mark.parametrize("numbers", [range(100), range(9_900, 10_000), range(99_900, 100_000)])
def test_the_expressions_of_a_full_item_are_within_dynamodbs_limits(
    relay: Relay, numbers: Iterable[int]
) -> None:
    calls: Calls = []

    with_client(relay, Recording(relay.aws.dynamodb, calls)).record(map(outcome_of, numbers))

    update = calls[0][1]["TransactItems"][0]["Update"]
    condition, change = update["ConditionExpression"], update["UpdateExpression"]
    assert max(len(condition), len(change)) <= 4_096
    assert condition.count(" AND ") + condition.count("(") <= 300
    assert change.count(" = ") <= 300


def test_outcome_records_expire(relay: Relay) -> None:
    relay.outcome_counts.record([outcome_of(0)])

    expires = int(NOON) + OUTCOME_DAYS * DAY_S
    assert item(relay, "outcome#d1#0")["expires_at"] == {"N": str(expires)}


def test_an_item_says_how_each_occurrence_ended(relay: Relay) -> None:
    relay.outcome_counts.record([outcome_of(3, Outcome.REJECTED), outcome_of(5, Outcome.IGNORED)])

    found = item(relay, "outcome#d1#0")
    assert (found["n3"], found["n5"]) == ({"S": "rejected"}, {"S": "ignored"})


# several at once, and errors of DynamoDB


def test_parallel_outcome_records_of_overlapping_batches_count_each_end_once(relay: Relay) -> None:
    outcome_counts = with_client(relay, Atomic(relay.aws.dynamodb))
    batches = [[outcome_of(n) for n in range(start, start + 10)] for start in range(0, 20, 5)]

    results = in_threads([partial(outcome_counts.record, batch) for batch in batches])

    assert results == [None] * 4
    assert counted(relay) == {TODAY: {"superseded": 25}}


def failing(times: int, error: ClientError) -> Callable[..., Any]:
    """A method that raises so many times before it works."""
    calls = []

    def method(real: Any, **arguments: Any) -> Any:
        calls.append(1)
        if len(calls) <= times:
            raise error
        return real(**arguments)

    return method


def test_a_conflict_with_another_transaction_is_no_reason_to_give_up(relay: Relay) -> None:
    conflict = client_error("TransactionCanceledException", reasons=["None", "TransactionConflict"])

    overruled(relay, transact_write_items=failing(2, conflict)).record([outcome_of(0)])

    assert counted(relay) == {TODAY: {"superseded": 1}}


def test_ends_that_a_conflict_keeps_from_being_written_are_an_error_and_stay_uncounted(
    relay: Relay,
) -> None:
    refused = client_error("TransactionCanceledException", reasons=["ConditionalCheckFailed"])

    with pytest.raises(StoreUnavailable):
        overruled(relay, transact_write_items=failing(COUNT_OUTCOMES.tries, refused)).record(
            [outcome_of(0)]
        )

    assert counted(relay) == {}
    assert known(relay, outcome_of(0)) == set()


def test_any_other_failure_is_raised(relay: Relay) -> None:
    denied = failing(1, client_error("AccessDeniedException"))

    with pytest.raises(ClientError, match="AccessDenied"):
        overruled(relay, transact_write_items=denied).record([outcome_of(0)])
