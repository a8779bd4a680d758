"""Errors of DynamoDB when the progress of a file is noted."""

from typing import Any

from import_relay.storage.files import Files, RowFile
from tests.support import aws as resources
from tests.support.builders import NOON
from tests.support.clients import Overruling, client_error
from tests.support.relay import Relay

FILE = RowFile("inbox/erp/contacts.csv", "etag", "erp", int(NOON * 1_000_000))


def test_a_note_survives_outcomes_that_are_counted_at_the_same_time(relay: Relay) -> None:
    conflicts = [client_error("TransactionConflictException")] * 2

    def update(real: Any, **arguments: Any) -> Any:
        if conflicts:
            raise conflicts.pop()
        return real(**arguments)

    client: Any = Overruling(relay.aws.dynamodb, update_item=update)
    counts, sleep = relay.outcome_counts, relay.clock.sleep
    files = Files(client, resources.LEDGER, counts, clock=relay.clock, sleep=sleep)
    assert files.begin(FILE)

    assert files.advance(FILE, pages=1, rows=1)
    assert conflicts == []
