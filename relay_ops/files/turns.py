"""On which day the last row of a file is imported, by the limits and turns of the bulk lane. Pure.

Queued webhooks come first, then records of replays and rows that are queued already, then files in
turns: the next page comes from the file of which least was sent, as in `bulk.feeding`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from import_relay.bulk.bulk_day import BulkDay
from import_relay.bulk.reading import PAGE_ROWS

MAX_DAYS_AHEAD = 1_000
"""A file that takes longer is refused anyhow."""


@dataclass(frozen=True, slots=True)
class FileAhead:
    """An unfinished file. `rows` wait in the bucket, `sent` were queued, `under_way` still are."""

    connection: str
    rows: int
    sent: int = 0
    under_way: int = 0


@dataclass(frozen=True, slots=True)
class Ahead:
    """Records that wait already. `live`: records of the live lane; `put_back`: those of replays."""

    live: int = 0
    put_back: int = 0
    files: Sequence[FileAhead] = ()

    @property
    def total(self) -> int:
        """Records that wait, as far as can be told."""
        return self.live + self.put_back + sum(one.rows + one.under_way for one in self.files)


@dataclass(frozen=True, slots=True)
class DayLimits:
    """A day's entities: of all, and what files may use.

    The bulk lane may use its share, and in the last hour all that is left: of that, files use what
    is queued when the hour begins, which is a share once more.
    """

    entities: int
    bulk: BulkDay

    @property
    def of_lane(self) -> int:
        """Of all files together."""
        return min(self.entities, 2 * self.bulk.entities)

    def of(self, connection: str) -> int:
        """Of one connection's files."""
        return min(self.of_lane, self.bulk.own.get(connection, self.of_lane))


@dataclass(frozen=True, slots=True)
class LeftToday:
    """What is left of the first day, and what connections with a limit of their own used of it."""

    entities: int
    of_lane: int
    used: Mapping[str, int] = field(default_factory=dict)


def days_until_done(
    ahead: Ahead, mine: FileAhead, limits: DayLimits, first: LeftToday
) -> int | None:
    """Days after the first on which the last row of `mine` is imported; None: too many to tell."""
    state = _Waiting(ahead, mine)
    for day in range(MAX_DAYS_AHEAD):
        is_first = day == 0
        room = first.entities if is_first else limits.entities
        of_lane = first.of_lane if is_first else limits.of_lane
        state.import_day(room, of_lane, limits, first.used if is_first else {})
        if state.is_done:
            return day
    return None


class _Waiting:
    """Records that wait, day by day."""

    def __init__(self, ahead: Ahead, mine: FileAhead) -> None:
        self._live, self._put_back = ahead.live, ahead.put_back
        self._under_way: Counter[str] = Counter()
        for one in ahead.files:
            self._under_way[one.connection] += one.under_way
        files = [*ahead.files, mine]
        self._connections = [one.connection for one in files]
        self._rows = [one.rows for one in files]
        self._sent = [one.sent for one in files]

    @property
    def is_done(self) -> bool:
        """Whether nothing is left of the file that was asked about."""
        return not self._rows[-1]

    def import_day(
        self, room: int, of_lane: int, limits: DayLimits, used: Mapping[str, int]
    ) -> None:
        """Import what a day has room for."""
        live = min(self._live, room)
        self._live -= live
        room = min(room - live, of_lane)
        put_back = min(self._put_back, room)
        self._put_back -= put_back
        room -= put_back
        left = {
            name: max(0, limits.of(name) - used.get(name, 0)) for name in set(self._connections)
        }
        for name, most in left.items():
            queued = min(self._under_way[name], room, most)
            self._under_way[name] -= queued
            left[name] = most - queued
            room -= queued
        self._take_turns(room, left)

    def _take_turns(self, room: int, left: dict[str, int]) -> None:
        turns = [(self._sent[n], n) for n, rows in enumerate(self._rows) if rows]
        heapify(turns)
        while turns and room:
            _, n = heappop(turns)
            name = self._connections[n]
            page = min(PAGE_ROWS, self._rows[n], left[name], room)
            self._rows[n] -= page
            self._sent[n] += page
            left[name] -= page
            room -= page
            if self._rows[n] and left[name]:
                heappush(turns, (self._sent[n], n))
