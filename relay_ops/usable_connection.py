"""The connection that a command maps with, out of a connections.toml on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from import_relay.connectors.usable_connections import mistakes_of
from import_relay.domain.connections import Connection, parse_connections
from import_relay.domain.spelling import did_you_mean
from import_relay.domain.toml_tables import read_text
from relay_ops.exits import UsageMistake


def usable_connection(path: Path, name: str, option: str) -> Mapping[str, Connection]:
    """All connections of a file, of which the one of this name has no mistake.

    `option` names the file otherwise.

    Raises:
        UsageMistake: no such file or connection, or the connection has a mistake.
    """
    if not path.is_file():
        raise UsageMistake(f"{path} is no file. Run this in the clone, or say {option}.")
    connections = parse_connections(read_text(path))
    if name not in connections:
        hint = did_you_mean(name, connections)
        raise UsageMistake(f"connections.toml has no connection {name!r}{hint or '.'}")
    wrong = mistakes_of(connections)[name]
    if wrong:
        raise UsageMistake(f"Connection {name!r} has a mistake, {wrong[0]}. Run `relay check`.")
    return connections
