"""How many rows of files and replays a day imports. Used by feeding, reading and `relay`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from import_relay.domain.connections import Connection
from import_relay.domain.files import MAX_WAIT_DAYS

QUEUED_DAYS = 2
"""At most so many days' entities are queued, far fewer than the 14 days that the queue keeps a
message."""


@dataclass(frozen=True, slots=True)
class BulkDay:
    """A day. `entities`: what the bulk lane may use of it. `own`: connection → its own limit."""

    entities: int
    own: Mapping[str, int] = field(default_factory=dict)

    def of(self, connection: str) -> int:
        """Rows of this connection on one day."""
        return min(self.entities, self.own.get(connection, self.entities))

    def too_long_wait(self, connection: str, rows: int, before: Mapping[str, int]) -> str:
        """Why a file would wait for longer than a row may; empty if it would not.

        `before`: connection → rows of other files that are not queued yet. For its own files the
        connection's limit counts, for all files what the lane may use.
        """
        shares = (
            (self.of(connection), before.get(connection, 0)),
            (self.entities, sum(before.values())),
        )
        for per_day, waiting in shares:
            if waiting + rows > MAX_WAIT_DAYS * per_day:
                what = f"{rows:,} rows, and {waiting:,} of other files before them"
                return f"{what}, at {per_day:,} a day"
        return ""


def bulk_day(entities: int, share_percent: int, connections: Mapping[str, Connection]) -> BulkDay:
    """A day of an account. `entities`: of all lanes; the bulk lane may use `share_percent`."""
    return BulkDay(max(1, entities * share_percent // 100), own_limits(connections))


def own_limits(connections: Mapping[str, Connection]) -> dict[str, int]:
    """Connection → its own entities per day, of those that have such a limit."""
    return {
        name: one.entities_per_day
        for name, one in connections.items()
        if one.entities_per_day is not None
    }
