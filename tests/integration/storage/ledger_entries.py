"""Entries of the ledger, what they reserve and how they are closed."""

from typing import Any

from import_relay.storage.entries import Entry, State
from import_relay.storage.ledger import Ledger
from tests.support.aws import LEDGER
from tests.support.builders import NOON, TODAY, TOMORROW
from tests.support.relay import Relay

CLOSING = {TODAY: {"imported": 8, "failed": 1}, TOMORROW: {"unaccounted": 3}}


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


def reserved(relay: Relay, day: str = TODAY) -> int:
    """The entities that are reserved of a day."""
    key = {"pk": {"S": f"day#{day}"}}
    item = relay.aws.dynamodb.get_item(TableName=LEDGER, Key=key).get("Item", {})
    return int(item.get("entities", {"N": "0"})["N"])


def with_client(relay: Relay, client: Any) -> Ledger:
    return Ledger(
        client,
        LEDGER,
        relay.quota,
        relay.outcome_counts,
        clock=relay.clock,
        sleep=relay.clock.sleep,
    )


def in_state(relay: Relay, state: State, reference: str = "r1") -> Entry:
    """An entry in this state that has reserved ten entities."""
    assert relay.ledger.intend(entry(reference))
    if state is not State.INTENDED:
        relay.ledger.advance(reference, expected=[State.INTENDED], target=state)
    return relay.entry(reference)
