"""A line of rows.ndjson.gz: how one row of an import ended, and of which items it was made.

`documents` makes the lines; open problems, what closes them, and the daily report read them again.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Self

from import_relay.domain.replays import replay_id_of

ROWS_FILE = "rows.ndjson.gz"


class ReceivedItem(NamedTuple):
    """One item of a row: by which connection it came, and when (µs since the epoch).

    What a person put back was received when the replay began.
    """

    item_id: str
    connection: str
    at: int


class RowLine(NamedTuple):
    """Of the row's data the external id alone; None if it is not known, or erased.

    `connections` and `received_at` (µs since the epoch) are in the order of `item_ids`;
    `connection` is that of the last one. `replays` put items back. `erased`: the line only counts.
    """

    row: int
    outcome: str
    certain: bool
    type: str | None
    external_id: str | None
    key_digest: str | None
    connection: str
    item_ids: Sequence[str]
    connections: Sequence[str]
    received_at: Sequence[int]
    notes: Sequence[Mapping[str, Any]]
    replays: Sequence[Mapping[str, Any]] = ()
    erased: bool = False

    @classmethod
    def read(cls, line: Mapping[str, Any]) -> Self:
        """A line as it is stored; what this version does not know is left out."""
        try:
            return cls(**line)  # fast: a day may have millions
        except TypeError:
            return cls(**{name: line[name] for name in cls._fields if name in line})

    def as_object(self) -> dict[str, object]:
        """The line as it is stored: without what holds of few lines only."""
        line = self._asdict()
        return {name: line[name] for name in line if name not in self._field_defaults or line[name]}

    def received_items(self) -> Iterator[ReceivedItem]:
        """Its items, in their order."""
        put_back = {one["id"]: one["at"] for one in self.replays}
        for item_id, connection, at in zip(
            self.item_ids, self.connections, self.received_at, strict=True
        ):
            yield ReceivedItem(item_id, connection, put_back.get(replay_id_of(item_id), at))

    @property
    def newest_at(self) -> int:
        """When anything of it was received or put back last (µs since the epoch); 0: nothing."""
        return max((*self.received_at, *(one["at"] for one in self.replays)), default=0)
