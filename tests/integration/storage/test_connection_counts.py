"""Outcomes and notes are counted by connection, within DynamoDB's limits."""

from dataclasses import replace
from typing import Any

from import_relay.domain.models import ItemOutcome, Outcome
from import_relay.domain.notes import Note
from import_relay.storage.connection_counts import (
    MAX_CONNECTIONS,
    MAX_COUNTERS,
    OTHERS,
    ConnectionCounts,
)
from tests.integration.storage.counted import DAY_S, item, outcome_of
from tests.support.builders import TODAY, TOMORROW
from tests.support.relay import Relay


def noted(number: int = 0, *, delivery: str = "d1", notes: tuple[Note, ...] = ()) -> ItemOutcome:
    one = outcome_of(number, Outcome.REJECTED, delivery=delivery)
    return replace(one, notes=notes)


def test_outcomes_and_notes_are_counted_by_connection_on_the_day_of_the_outcome(
    relay: Relay,
) -> None:
    relay.clock.now += DAY_S
    bad = Note("value.no_valid_phone", "sms", "12")
    relay.outcome_counts.record([noted(0, notes=(bad, bad)), noted(1)])
    relay.outcome_counts.record([noted(2, notes=(bad,)), noted(1)])

    counts = relay.outcome_counts.connections(TOMORROW, ["erp", "absent"])

    assert counts == {
        "erp": ConnectionCounts({"rejected": 3}, {("value.no_valid_phone", "sms"): 3})
    }
    assert relay.outcome_counts.connections(TODAY, ["erp"]) == {}


def test_counts_of_connections_hold_no_value(relay: Relay) -> None:
    relay.outcome_counts.record(
        [noted(notes=(Note("value.no_valid_phone", "sms", "0151 12345678"),))]
    )

    assert "0151" not in str(item(relay, f"connection#{TODAY}#erp"))


def test_more_connections_than_fit_into_a_transaction_are_counted_together(relay: Relay) -> None:
    note = ("value.no_valid_phone", "sms")
    of_connections = {
        f"c{n:03}": ConnectionCounts({"imported": 1}, {note: n}) for n in range(MAX_CONNECTIONS + 9)
    }
    operations: Any = relay.outcome_counts.operations({}, of_connections)
    relay.aws.dynamodb.transact_write_items(TransactItems=operations)

    counts = relay.outcome_counts.connections(TODAY, [*of_connections, OTHERS])

    assert len(operations) == len(counts) == MAX_CONNECTIONS
    assert counts[OTHERS] == ConnectionCounts({"imported": 10}, {note: sum(range(10))})
    assert counts["c068"] == of_connections["c068"]


def test_notes_of_more_columns_than_fit_into_an_expression_are_summed_up(relay: Relay) -> None:
    counts = {("value.no_valid_phone", f"c{n}"): 2 for n in range(MAX_COUNTERS + 5)}
    operations: Any = relay.outcome_counts.operations(
        {}, {"erp": ConnectionCounts({"failed": 1}, counts)}
    )
    relay.aws.dynamodb.transact_write_items(TransactItems=operations)

    notes = relay.outcome_counts.connections(TODAY, ["erp"])["erp"].notes

    assert len(notes) == MAX_COUNTERS + 1
    assert notes["value.no_valid_phone", OTHERS] == 10
