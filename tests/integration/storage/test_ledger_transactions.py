"""Errors of DynamoDB in a transaction of the ledger."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from import_relay.storage.entries import State
from tests.integration.storage.ledger_entries import CLOSING, entry, in_state, reserved, with_client
from tests.support.builders import TOMORROW
from tests.support.clients import Overruling, client_error
from tests.support.relay import Relay


def failing(times: int, error: ClientError, name: str) -> tuple[Any, list[int]]:
    """A method by its name that raises so many times before it works, and its count of calls."""
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
    assert reserved(relay) == 10


@pytest.mark.parametrize("call", ["intend", "release", "move_reservation", "close"])
def test_any_other_failure_of_a_transaction_is_raised(relay: Relay, call: str) -> None:
    one = in_state(relay, State.INTENDED)
    methods, _ = failing(99, client_error("InternalServerError"), "transact_write_items")
    ledger = with_client(relay, Overruling(relay.aws.dynamodb, **methods))
    calls = {
        "intend": lambda: ledger.intend(entry("r2")),
        "release": lambda: ledger.release(one, expected=[State.INTENDED], target=State.ABANDONED),
        "move_reservation": lambda: ledger.move_reservation(one, day=TOMORROW),
        "close": lambda: ledger.close(one, target=State.FINISHED, outcomes=CLOSING),
    }

    with pytest.raises(ClientError, match="InternalServerError"):
        calls[call]()
    assert reserved(relay) == 10
