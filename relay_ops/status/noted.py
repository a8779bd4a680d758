"""What the relay wrote down of whatever waits: refusals, single connections, what is held."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from import_relay.domain.lanes import Lane
from import_relay.storage.connection_waits import ConnectionWait, ConnectionWaits
from import_relay.storage.held import held_key, held_state
from import_relay.storage.refusals import RefusalPause, RefusedConnections, RefusedKind

RECENT_S = 1_800
"""Waiting records are tried again every quarter of an hour at least: a wait shows in this time."""


@dataclass(frozen=True, slots=True)
class HeldMessages:
    """What a lane holds for a fuller import. `since`: of the oldest (s since the epoch); or 0."""

    messages: int
    since: float


@dataclass(frozen=True, slots=True)
class Noted:
    """Records that wait now. `waits` are of connections, `held` of lanes."""

    refused: Mapping[RefusedKind, RefusalPause] = field(default_factory=dict)
    waits: Mapping[str, ConnectionWait] = field(default_factory=dict)
    held: Mapping[str, HeldMessages] = field(default_factory=dict)

    def in_words(self) -> list[str]:
        """Waits without a known end."""
        return [
            *(
                f"{kind.connection}: {kind.type} refused, {wait.status} {wait.code}".rstrip()
                for kind, wait in self.refused.items()
            ),
            *(f"{name}: {wait.code}" for name, wait in self.waits.items()),
        ]


def read_noted(
    dynamodb: Any, table: str, held: Mapping[Lane, int], *, clock: Callable[[], float]
) -> Noted:
    """Read it; `held`: how many messages each lane holds. A single record stops nobody."""
    now = clock()
    refused = RefusedConnections(dynamodb, table, clock=clock).read()
    waits = ConnectionWaits(dynamodb, table, clock=clock).read()
    return Noted(
        {
            kind: wait
            for kind, wait in sorted(refused.items())
            if wait.until > max(now - RECENT_S, wait.since)
        },
        {name: wait for name, wait in sorted(waits.items()) if wait.at > now - RECENT_S},
        {
            lane.value: HeldMessages(messages, _held_since(dynamodb, table, lane))
            for lane, messages in held.items()
            if messages
        },
    )


def _held_since(dynamodb: Any, table: str, lane: Lane) -> float:
    answer = dynamodb.get_item(TableName=table, Key=held_key(lane))
    return held_state(answer.get("Item", {})).since
