"""Replays in the ledger table: what was asked for, how far it got, how much was put back.

Written by `replaying`. What is put back is counted before it is sent, in one transaction with how
far the replay has got: a replay that died counts nothing twice when it continues.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from import_relay.domain.errors import ReplayTaken
from import_relay.domain.replays import Replay
from import_relay.storage.attributes import Plain, from_attributes, to_attributes
from import_relay.storage.conditions import takes_effect, transact
from import_relay.storage.item_writes import (
    IS_KNOWN,
    IS_NEW,
    attribute,
    put_of,
    update_of,
)
from import_relay.storage.outcome_counts import REPLAYED, OutcomeCounts

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

REPLAY_DAYS = 65
"""As long as claims: longer than what was put back can be delivered again."""


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
    """A replay as it is noted. `key`: of the object that was last counted, with `items` of it."""

    replay: Replay
    selection: Selection
    key: str = ""
    items: int = 0
    total: int = 0
    is_finished: bool = False


@dataclass(frozen=True, slots=True)
class Replays:
    """The replays. `clock` gives seconds since the epoch."""

    client: "DynamoDBClient"
    table: str
    outcome_counts: OutcomeCounts
    clock: Callable[[], float]
    sleep: Callable[[float], None] = time.sleep

    def begin(self, replay: Replay, selection: Selection) -> None:
        """Note a new replay; one of this id that was begun before stays as it is."""
        values: dict[str, Plain | None] = {
            "reason": replay.reason,
            "at": replay.at,
            "force": int(replay.force),
            "received_from": selection.received_from,
            "received_to": selection.received_to,
            "connection": selection.connection,
            "outcome": selection.outcome,
            "key": "",
            "items": 0,
            "total": 0,
            "finished": 0,
            "expires_at": int(self.clock()) + REPLAY_DAYS * 86_400,
        }
        item = {**_key(replay.id), **to_attributes(values)}
        takes_effect(lambda: self.client.put_item(**put_of(self.table, item, IS_NEW)))

    def get(self, replay_id: str) -> ReplayProgress | None:
        """A replay as it is noted, read consistently; None if there is none of this id."""
        answer = self.client.get_item(
            TableName=self.table, Key=_key(replay_id), ConsistentRead=True
        )
        item = answer.get("Item")
        if item is None:
            return None
        found: Any = from_attributes(item)
        return ReplayProgress(
            Replay(replay_id, int(found["at"]), found["reason"], bool(found["force"])),
            Selection(
                float(found["received_from"]),
                float(found["received_to"]),
                found["connection"],
                found["outcome"],
            ),
            found["key"],
            int(found["items"]),
            int(found["total"]),
            bool(found["finished"]),
        )

    def count(self, progress: ReplayProgress, key: str, items: int) -> ReplayProgress:
        """Count the items of an object as received again, before they are sent.

        If they were counted before, by a replay that died then, they are not counted twice.

        Raises:
            ReplayTaken: another process continues this replay.
            ClientError, BotoCoreError: it is not known whether they were counted.
        """
        more = max(0, items - (progress.items if key == progress.key else 0))
        day = self.outcome_counts.day_of(progress.replay.at)
        operations = [
            {"Update": self._advance(progress, key, items, more)},
            *self.outcome_counts.operations({day: {REPLAYED: more}}),
        ]
        if transact(self.client, operations, sleep=self.sleep):
            raise ReplayTaken(progress.replay.id)
        return ReplayProgress(
            progress.replay, progress.selection, key, items, progress.total + more
        )

    def finish(self, replay_id: str) -> None:
        """Note that everything was put back."""
        self.client.update_item(
            **update_of(self.table, _key(replay_id), IS_KNOWN, sets={"finished": 1})
        )

    def _advance(self, progress: ReplayProgress, key: str, items: int, more: int) -> dict[str, Any]:
        return update_of(
            self.table,
            _key(progress.replay.id),
            attribute("key").eq(progress.key) & attribute("items").eq(progress.items),
            sets={"key": key, "items": items},
            adds={"total": more},
        )


def _key(replay_id: str) -> dict[str, Any]:
    return {"pk": {"S": f"replay#{replay_id}"}}
