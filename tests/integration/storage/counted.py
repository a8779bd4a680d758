"""Outcomes that are counted."""

from typing import Any

from import_relay.domain.models import ItemOutcome, Outcome
from tests.support.aws import LEDGER
from tests.support.builders import NOON, occurrence
from tests.support.relay import Relay

DAY_S = 86_400
RECEIVED = int(NOON * 1_000_000)


def outcome_of(
    number: int = 0,
    outcome: Outcome = Outcome.SUPERSEDED,
    *,
    delivery: str = "d1",
    attempt: int = 0,
    received_at: int = RECEIVED,
    connection: str = "erp",
) -> ItemOutcome:
    one = occurrence(
        number,
        delivery=delivery,
        attempt=attempt,
        received_at=received_at,
        connection=connection,
    )
    return ItemOutcome(one, outcome)


def item(relay: Relay, key: str) -> dict[str, Any]:
    found: dict[str, Any] = relay.aws.dynamodb.get_item(TableName=LEDGER, Key={"pk": {"S": key}})[
        "Item"
    ]
    return found
