"""The simulation's queue for hundreds of thousands of messages: it delivers them in their order.

The simulation's own queue shuffles all visible messages at each call, which suits tens of them.
"""

from collections import defaultdict
from heapq import heappop, heappush
from typing import Any

from tests.simulation.queue import (
    MAX_RECEIVES,
    RETENTION_S,
    URL,
    VISIBILITY_S,
    Message,
    Queue,
    Received,
    event_b,
)


class DeepQueue(Queue):
    """The same, at a cost that does not grow with what is queued."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._visible: dict[str, dict[str, Message]] = defaultdict(dict)
        self._hidden: dict[str, list[tuple[float, int, Message]]] = defaultdict(list)
        self._order = 0

    def put(self, body: str, delay_s: float, url: str = URL) -> None:
        """Store a message."""
        self._count += 1
        now = self._world.now
        message = Message(f"m{self._count}", body, now, now + delay_s, lineage=self.lineage())
        message.url = url
        self.messages[message.id] = message
        self._hide(message)
        if url in self.changed:
            self.changed[url](message.visible_at)

    def receive(self, most: int, room_b: int, url: str = URL) -> list[Received]:
        """Take visible messages, the oldest first."""
        now, visible, found = self._world.now, self._show(url), list[Received]()
        while visible and len(found) < most:
            message = next(iter(visible.values()))
            room_b -= event_b(message.body)
            if room_b < 0:
                break
            del visible[message.id]
            if now - message.sent_at > RETENTION_S:
                self.expired.append(self.messages.pop(message.id))
            elif message.receives >= MAX_RECEIVES:
                self.dead.append(self.messages.pop(message.id))
            else:
                found.append(self._taken(message))
        return found

    def delete(self, message_id: str) -> None:
        """Delete a message."""
        message = self.messages.pop(message_id, None)
        if message is not None:
            self._visible[message.url].pop(message_id, None)

    def next_visible(self, url: str = URL) -> float | None:
        """When the next message of a queue becomes visible, if there is any."""
        if self._show(url):
            return self._world.now
        hidden = self._hidden[url]
        return hidden[0][0] if hidden else None

    def _taken(self, message: Message) -> Received:
        message.receives += 1
        message.visible_at = self._world.now + VISIBILITY_S
        self._hide(message)
        return Received(
            message.id, message.body, message.receives, message.sent_at, message.lineage
        )

    def _hide(self, message: Message) -> None:
        self._order += 1
        heappush(self._hidden[message.url], (message.visible_at, self._order, message))

    def _show(self, url: str) -> dict[str, Message]:
        """The visible messages of a queue, with those that have become visible by now."""
        hidden, visible = self._hidden[url], self._visible[url]
        while hidden:
            at, _, message = hidden[0]
            is_stored = message.id in self.messages
            if is_stored and at > self._world.now:
                break
            heappop(hidden)
            if is_stored:
                visible[message.id] = message
        return visible
