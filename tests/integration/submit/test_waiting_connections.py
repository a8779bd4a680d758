"""Which connection waits, and why, is noted for `relay status`."""

import httpx
import pytest

from import_relay.storage.connection_waits import ConnectionWaits
from tests.integration.submit.test_fetching import CONNECTIONS, changed
from tests.support.builders import ERP, connections, message
from tests.support.relay import Relay


def noted(relay: Relay) -> dict[str, tuple[str, float, str]]:
    return {name: (one.code, one.at, one.where) for name, one in relay.waits.read().items()}


def test_a_missing_connection_is_noted(relay: Relay) -> None:
    relay.submit(message([{"id": 1, "v": 1}], connection="shop"))

    assert noted(relay) == {"shop": ("connection.missing", relay.clock.now, "")}


@pytest.mark.parametrize(
    ("status", "code"), [(401, "fetcher.refused"), (503, "fetcher.unavailable")]
)
def test_a_connection_whose_crm_cannot_be_read_is_noted_with_the_code(
    relay: Relay, status: int, code: str
) -> None:
    relay.connections = connections(CONNECTIONS)
    relay.secrets = {"crm.token": ["id:secret:refresh"]}
    relay.crm = lambda _: httpx.Response(status)

    relay.submit(changed(1))

    assert {name: one[0] for name, one in noted(relay).items()} == {"crm": code}


def test_nothing_is_noted_where_all_goes_on(relay: Relay) -> None:
    relay.connections = connections(ERP)
    relay.submit(message([{"id": 1, "v": 1, "name": "Ada"}]))

    assert noted(relay) == {}


def test_a_note_that_cannot_be_written_keeps_nothing_from_being_requeued(relay: Relay) -> None:
    nowhere = ConnectionWaits(relay.aws.dynamodb, "no-such-table", clock=relay.clock)

    report = relay.submit(message([{"id": 1, "v": 1}], connection="shop"), waits=nowhere)

    assert (report.requeued, report.failed_message_ids) == (1, set())
    assert len(relay.said("batch.interrupted")) == 1
