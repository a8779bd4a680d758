"""A backlog of days in the queue of a lane, and its imports. Called by `pacing`.

It was received while submission was paused. Its messages are those that the receiver makes, as
large as webhooks usually are; Lambda hands over six megabytes of them, with what it adds to each.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from import_relay.connectors.contract import Item
from import_relay.domain.lanes import Lane
from import_relay.domain.queue_messages import MAX_ITEMS_PER_MESSAGE, pack
from import_relay.receive.intake import delivery_id
from tests.benchmarks.batch import padded, record
from tests.benchmarks.days import MIDNIGHT_S, Import, Run, watched
from tests.simulation.aws import MAPPINGS
from tests.simulation.queue import LANES
from tests.simulation.relay import Relay
from tests.simulation.scenario import Account
from tests.simulation.world import START

CONNECTIONS = {1: "erp", 2: "shop", 3: "desk"}
PER_DAY = 25_000
FULL_ROWS = 4_900
"""Rows of an import that counts as full."""
RECEIVED_S = MIDNIGHT_S - 3_600.0
"""When it was received, in s after the start: submission resumes at midnight."""


@dataclass(frozen=True)
class WorkedOff:
    """How a backlog was worked off."""

    run: Run

    @property
    def partial(self) -> Sequence[Import]:
        """Imports that are not full, apart from the last one of a day and type.

        Those of the last day do not count: by then several pollers share what is left.
        """
        last = {(one.day, one.type): one for one in self.run.imports}
        end = max(one.day for one in self.run.imports)
        return [
            one
            for one in self.run.imports
            if one.rows < FULL_ROWS and last[one.day, one.type] is not one and one.day != end
        ]

    @property
    def _of_the_last_day(self) -> Sequence[int]:
        end = max(one.day for one in self.run.imports)
        return [one.rows for one in self.run.imports if one.day == end]

    @property
    def requests(self) -> float:
        """Requests per 25,000 entities, on the day on which they were the most."""
        rows = Counter[str]()
        for one in self.run.imports:
            rows[one.day] += one.rows
        return max(
            requests.total() * PER_DAY / rows[day]
            for day, requests in self.run.requests.items()
            if rows[day] >= PER_DAY / 2
        )

    def __str__(self) -> str:
        sizes = Counter(one.rows for one in self.run.imports)
        full = sum(number for rows, number in sizes.items() if rows >= FULL_ROWS)
        others = ", ".join(
            f"{number} of {rows:,}" for rows, number in sorted(sizes.items()) if rows < FULL_ROWS
        )
        days = len({one.day for one in self.run.imports})
        return (
            f"{sum(one.rows for one in self.run.imports):,} rows on {days} days: {full} imports of "
            f"{FULL_ROWS:,} rows or more ({sizes[5_000]} of 5,000); the others: {others}; those of "
            f"the last day: {', '.join(f'{rows:,}' for rows in self._of_the_last_day)}; "
            f"{self.run}"
        )


@dataclass(frozen=True)
class Backlog:
    """How many contacts (1), deals (2) and appointments (3) wait, mixed evenly.

    `per_message`: records of a message; more than one in the bulk lane. `record_b`: about how many
    bytes a record has; 0: as many as those of most senders.
    """

    records: Mapping[int, int]
    per_message: int = 1
    record_b: int = 0
    pollers: int = 5

    def of(self, records: int) -> "Backlog":
        """A backlog of `records` records, in the same shares."""
        total = sum(self.records.values())
        shares = {type_: records * count // total for type_, count in self.records.items()}
        return replace(self, records=shares)

    def run(self) -> WorkedOff:
        """Work it off."""
        keys = list(self._keys())
        days = len(keys) / PER_DAY + 1
        sent = dict.fromkeys(keys, RECEIVED_S)
        return WorkedOff(watched(sent, self._put, Account(pollers=self.pollers), days=days))

    def _put(self, relay: Relay) -> None:
        lane = Lane.LIVE if self.per_message == 1 else Lane.BULK
        for uuid in MAPPINGS:
            relay.mapping.lambda_.set_enabled(uuid, enabled=False)
        relay.world.at(START + RECEIVED_S, lambda: self._fill(relay, lane))

    def _fill(self, relay: Relay, lane: Lane) -> None:
        assert self.per_message <= MAX_ITEMS_PER_MESSAGE
        for body in self._bodies():
            relay.queue.put(body, 0, LANES[lane])

    def _bodies(self) -> Iterator[str]:
        at = int((START + RECEIVED_S) * 1_000_000)
        keys = list(self._keys())
        for first in range(0, len(keys), self.per_message):
            some = keys[first : first + self.per_message]
            items = [Item(f"e{key}", json.dumps(_record(key, self.record_b))) for key in some]
            connection = CONNECTIONS[int(some[0][0])]
            delivery = delivery_id(at + first, first.to_bytes(5))
            yield from pack(items, at, connection, delivery).messages

    def _keys(self) -> Iterator[str]:
        """The keys of the records, types in their shares."""
        total = sum(self.records.values())
        due = dict.fromkeys(self.records, 0.0)
        for number in range(total):
            for type_, count in self.records.items():
                due[type_] += count / total
            type_ = max(due, key=lambda one: due[one])
            due[type_] -= 1
            yield f"{type_}{number:06}"


def _record(key: str, size_b: int) -> Mapping[str, object]:
    """A record in the shape that the connections map, with properties that they do not map."""
    if key.startswith("1"):
        own: dict[str, object] = {"name": f"Ada Example{key}"}
    else:
        own = {"contact": "1000000", "name": f"Roof {key}", "start": "2026-12-01T09:00:00Z"}
    found = {**record(int(key)), "id": key, **own, "v": "1700000000.0", "email": None}
    return padded(found, size_b) if size_b else found
