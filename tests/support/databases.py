"""Whether SQLite databases that somebody opened are closed: only Python 3.13 warns if not."""

import sqlite3
from typing import Any

import pytest


class Opened:
    """Every connection that is opened from here on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.connections: list[sqlite3.Connection] = []
        real = sqlite3.connect

        def connect(*args: Any, **kwargs: Any) -> sqlite3.Connection:
            self.connections.append(real(*args, **kwargs))
            return self.connections[-1]

        monkeypatch.setattr(sqlite3, "connect", connect)

    def are_closed(self) -> list[bool]:
        """Whether each of them is."""
        return [_is_closed(one) for one in self.connections]


def _is_closed(connection: sqlite3.Connection) -> bool:
    try:
        connection.total_changes  # noqa: B018 - a closed one refuses it, in any thread
    except sqlite3.ProgrammingError as error:
        return "closed" in str(error)
    return False
