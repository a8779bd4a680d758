"""Replays in the ledger table: what was asked for, how far it got, how much was put back.

One item per replay, which also counts how what it put back ended (`file_counts`), and one that
names the open replays. What is put back is counted before it is sent, in one transaction with how
far the replay has got: a replay that died counts nothing twice when it continues.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from import_relay.domain.errors import ReplayTaken
from import_relay.domain.replays import Replay
from import_relay.storage.attributes import Plain, from_attributes, to_attributes
from import_relay.storage.bulk_reads import read_items
from import_relay.storage.conditions import takes_effect, transact, update
from import_relay.storage.file_counts import ended_of, plain, replay_key
from import_relay.storage.files import ROWS_LOST_AFTER_S
from import_relay.storage.item_writes import IS_NEW, attribute, put_of, update_of
from import_relay.storage.outcome_counts import REPLAYED, OutcomeCounts

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

REPLAY_DAYS = 65
"""As long as claims: longer than what was put back can be delivered again."""
_OPEN: dict[str, Any] = {"pk": {"S": "replays#open"}}


@dataclass(frozen=True, slots=True)
class Selection:
    """Which items to put back.

    `received_from`, `received_to`: s since the epoch, the second one excluded. `connection`: empty
    for all. `outcome`: `rejected`, `failed` (in an import, or it is not known), or `all`.
    """

    received_from: float
    received_to: float
    connection: str = ""
    outcome: str = "all"


@dataclass(frozen=True, slots=True)
class ReplayProgress:
    """A replay as it is noted. `planned`: how many items it was to put back when it was begun.

    `key`: of the object up to which all is put back, with `items` of it, last counted at
    `counted_at` (s since the epoch). `sent`: of the last object whose items are certainly in the
    queue. `total`: items put back, of which `lost` had waited longer than the queues keep them.
    `ended`: outcome → items. `is_finished`: all is put back.
    """

    replay: Replay
    selection: Selection
    planned: int = 0
    key: str = ""
    items: int = 0
    counted_at: float = 0.0
    sent: str = ""
    total: int = 0
    lost: int = 0
    is_finished: bool = False
    ended: Mapping[str, int] = field(default_factory=dict)

    @property
    def ended_in_all(self) -> int:
        """How many of the items that were put back have their outcome."""
        return sum(self.ended.values())

    @property
    def in_bucket(self) -> int:
        """How many of the planned items are not put back yet."""
        return 0 if self.is_finished else max(0, self.planned - self.total)

    def under_way(self, now: float) -> int:
        """Items that were put back, and may still get an outcome. `now`: s since the epoch."""
        if self.counted_at and now - self.counted_at > ROWS_LOST_AFTER_S:
            return 0
        return max(0, self.total - self.lost - self.ended_in_all)


@dataclass(frozen=True, slots=True)
class Replays:
    """The replays. `clock` gives seconds since the epoch."""

    client: "DynamoDBClient"
    table: str
    outcome_counts: OutcomeCounts
    clock: Callable[[], float]
    sleep: Callable[[float], None] = time.sleep

    def begin(self, replay: Replay, selection: Selection, *, planned: int = 0) -> None:
        """Note a new replay; one of this id that was begun before stays as it is."""
        values: dict[str, Plain | None] = {
            "reason": replay.reason,
            "at": replay.at,
            "force": int(replay.force),
            "received_from": selection.received_from,
            "received_to": selection.received_to,
            "connection": selection.connection,
            "outcome": selection.outcome,
            "planned": planned,
            "key": "",
            "items": 0,
            "counted_at": 0.0,
            "sent": "",
            "total": 0,
            "lost": 0,
            "finished": 0,
            "expires_at": int(self.clock()) + REPLAY_DAYS * 86_400,
        }
        item = {**replay_key(replay.id), **to_attributes(values)}
        opened = update_of(self.table, _OPEN, adds={"names": replay.id})
        self.client.update_item(**opened)  # a name without an item is no replay
        takes_effect(lambda: self.client.put_item(**put_of(self.table, item, IS_NEW)))

    def get(self, replay_id: str) -> ReplayProgress | None:
        """A replay as it is noted, read consistently; None if there is none of this id."""
        return next(iter(self._read([replay_id])), None)

    def open(self) -> list[ReplayProgress]:
        """Those that are not finished or whose items have no outcome yet, the oldest first."""
        answer = self.client.get_item(TableName=self.table, Key=_OPEN, ConsistentRead=True)
        names = answer.get("Item", {}).get("names", {}).get("SS", [])
        return sorted(self._read(names), key=lambda one: (one.replay.at, one.replay.id))

    def count(self, progress: ReplayProgress, key: str, items: int) -> ReplayProgress:
        """Count the items of an object as received again, before they are sent.

        If they were counted before, by a replay that died then, they are not counted twice.

        Raises:
            ReplayTaken: another process continues this replay.
            ClientError, BotoCoreError: it is not known whether they were counted.
        """
        more = max(0, items - (progress.items if key == progress.key else 0))
        now = self.clock()
        lost = max(0, progress.total - progress.ended_in_all - progress.under_way(now))
        day = self.outcome_counts.day_of(progress.replay.at)
        counted = replace(
            progress, key=key, items=items, counted_at=now, total=progress.total + more, lost=lost
        )
        operations = [
            {"Update": self._advance(progress, counted)},
            *self.outcome_counts.operations({day: {REPLAYED: more}}),
        ]
        if transact(self.client, operations, sleep=self.sleep):
            raise ReplayTaken(progress.replay.id)
        return counted

    def sent(self, progress: ReplayProgress) -> ReplayProgress:
        """Note that all that was counted is in the queue."""
        self._set(progress.replay.id, {"sent": progress.key})
        return replace(progress, sent=progress.key)

    def skip(self, progress: ReplayProgress, key: str) -> None:
        """Note that nothing up to this object is left to put back: the next run begins with it.

        Raises:
            ReplayTaken: another process continues this replay.
            ClientError, BotoCoreError: it is not known whether this was noted.
        """
        skipped = self._advance(progress, replace(progress, key=key, items=0))
        if not update(self.client, skipped, sleep=self.sleep):
            raise ReplayTaken(progress.replay.id)

    def finish(self, replay_id: str) -> None:
        """Note that everything was put back."""
        self._set(replay_id, {"finished": 1})

    def close(self, replay_id: str) -> None:
        """Note that nothing is left to do for a replay."""
        closed = update_of(self.table, _OPEN, deletes={"names": replay_id})
        self.client.update_item(**closed)

    def _read(self, replay_ids: Sequence[str]) -> list[ReplayProgress]:
        keys = [replay_key(one) for one in sorted(replay_ids)]
        found = []
        for item in read_items(self.client, self.table, keys, sleep=self.sleep):
            values = from_attributes(plain(item))
            if "at" in values:  # else its items ended after it was forgotten
                found.append(_progress(item["pk"]["S"].removeprefix("replay#"), values))
        return found

    def _advance(self, before: ReplayProgress, after: ReplayProgress) -> dict[str, Any]:
        return update_of(
            self.table,
            replay_key(before.replay.id),
            attribute("key").eq(before.key) & attribute("items").eq(before.items),
            sets={
                "key": after.key,
                "items": after.items,
                "counted_at": after.counted_at,
                "lost": after.lost,
            },
            adds={"total": after.total - before.total},
        )

    def _set(self, replay_id: str, values: Mapping[str, Plain]) -> None:
        """Change attributes of a replay that was begun."""
        was_begun = attribute("key").exists()
        changed = update_of(self.table, replay_key(replay_id), was_begun, sets=values)
        update(self.client, changed, sleep=self.sleep)


def _progress(replay_id: str, found: Mapping[str, Any]) -> ReplayProgress:
    return ReplayProgress(
        Replay(replay_id, int(found["at"]), found["reason"], bool(found["force"])),
        Selection(
            float(found["received_from"]),
            float(found["received_to"]),
            found["connection"],
            found["outcome"],
        ),
        int(found["planned"]),
        found["key"],
        int(found["items"]),
        float(found["counted_at"]),
        found["sent"],
        int(found["total"]),
        int(found["lost"]),
        bool(found["finished"]),
        ended_of(found),
    )
