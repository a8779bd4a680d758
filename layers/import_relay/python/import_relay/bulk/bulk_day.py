"""How many rows of files may be imported on a day. Feeding and reading go by it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from import_relay.domain.connections import Connection


@dataclass(frozen=True, slots=True)
class BulkDay:
    """A day. `entities`: what the bulk lane may use of it. `own`: connection → its own limit."""

    entities: int
    own: Mapping[str, int] = field(default_factory=dict)

    def of(self, connection: str) -> int:
        """Rows of this connection on one day."""
        return min(self.entities, self.own.get(connection, self.entities))


def bulk_day(entities: int, share_percent: int, connections: Mapping[str, Connection]) -> BulkDay:
    """A day of an account. `entities`: of all lanes; the bulk lane may use `share_percent`."""
    own = {
        name: one.entities_per_day
        for name, one in connections.items()
        if one.entities_per_day is not None
    }
    return BulkDay(max(1, entities * share_percent // 100), own)
