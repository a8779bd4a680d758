"""`relay status` counts each connection's items of the last days."""

from pathlib import Path

from relay_ops.stack import Stack
from relay_ops.status.connections import names_in, of_connections
from tests.support.builders import message
from tests.support.following import ADA
from tests.support.relay import Relay


def test_what_ended_lately_is_counted_by_connection(relay: Relay, stack: Stack) -> None:
    relay.submit(message([ADA, {"v": 1, "name": "Nobody"}, {**ADA, "v": 2}]))

    assert of_connections(stack, ["crm", "erp"]) == {"erp": {"rejected": 1, "superseded": 1}}


def test_without_a_file_no_connection_is_named(tmp_path: Path) -> None:
    assert names_in(tmp_path / "connections.toml") == []
