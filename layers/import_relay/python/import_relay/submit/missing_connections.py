"""Queued messages of a connection that is not in connections.toml. Called by `submission`.

During a deployment or its rollback, the receiver may know a connection that submission does not
know: its messages wait for a day, then their items are rejected.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from import_relay.domain.queue_messages import QueueMessage

WAITING_S = 86_400.0
"""Own limit: longer than any deployment and its rollback, and a person has read the alarm."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A batch's messages, those of missing connections marked with the time since which they wait.

    `waiting`: ids of messages whose day is not over. `since`: missing connection → since when.
    """

    messages: Mapping[str, QueueMessage]
    waiting: set[str] = field(default_factory=set)
    since: dict[str, float] = field(default_factory=dict)


def missing_connections(
    messages: Mapping[str, QueueMessage], known: Collection[str], now: float
) -> Missing:
    """Find the messages whose connection is not among the known ones; `now` in s of the epoch."""
    marked: dict[str, QueueMessage] = {}
    missing = Missing(marked)
    for message_id, message in messages.items():
        since = None
        if message.connection not in known:
            since = now if message.missing_since is None else message.missing_since
            first = missing.since.get(message.connection, since)
            missing.since[message.connection] = min(first, since)
            if now - since < WAITING_S:
                missing.waiting.add(message_id)
        is_marked = message.missing_since == since
        marked[message_id] = message if is_marked else replace(message, missing_since=since)
    return missing
