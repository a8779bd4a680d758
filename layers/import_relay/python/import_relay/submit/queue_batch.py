"""The messages of one batch, read, and what is requeued, held or deleted of them.

Lambda handed some of them over; others were received here, to fill an import (`filling`).

Called by `submission` and `acknowledging`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from import_relay.domain.log_events import Emit
from import_relay.domain.models import Occurrence
from import_relay.domain.queue_messages import (
    WAKE,
    QueueMessage,
    items_body,
    parse_message,
    requeue_delay_s,
    requeued_body,
)
from import_relay.domain.reasons import reason_of
from import_relay.storage.queue import Delayed, ReceivedMessage

FULL_EVENT_B = 5_500_000
"""Lambda hands over six megabytes at most: with so much, the next message may not have fitted."""
ENVELOPE_B = 850
"""What Lambda adds to each message, about."""
MAX_PARSED_VALUES = 3_200_000
"""Own limit, for memory, of the values in a batch (`_values`): parsed, one is 180 bytes at most."""


class QueueBatch:
    """The messages of a batch, read.

    `is_full_event`: Lambda could hand over no more. `without_room`: ids of those whose items are
    not kept.
    """

    def __init__(
        self, bodies: Mapping[str, str], redelivered: Collection[str], receipts: Mapping[str, str]
    ) -> None:
        self._bodies = dict(bodies)
        self._redelivered = set(redelivered)
        self._receipts = dict(receipts)
        self._handed_over = frozenset(bodies)
        self.is_full_event = sum(map(_event_b, bodies.values())) >= FULL_EVENT_B
        self._were_held: set[str] = set()
        self.messages: dict[str, QueueMessage] = {}
        self.unreadable: set[str] = set()
        self.wakes: set[str] = set()
        self.item_count = 0
        self.text_bytes = 0
        self.without_room: set[str] = set()
        self._values = 0

    def read(self, sent_at: Mapping[str, float], emit: Emit) -> None:
        """Read all messages; `sent_at` as in `Submission.submit`. Says which cannot be read."""
        for message_id in list(self._bodies):
            self._read(message_id, sent_at.get(message_id, 0.0), emit)

    def add(
        self, received: Iterable[ReceivedMessage], emit: Emit, *, were_held: bool = False
    ) -> list[str]:
        """Read messages that were received here, each once; the ids of those that are new.

        `were_held`: they were in the holding queue.
        """
        new = []
        for one in received:
            self._receipts[one.message_id] = one.receipt  # SQS may want the latest one
            if one.message_id in self._bodies:
                continue
            self._bodies[one.message_id] = one.body
            if were_held:
                self._were_held.add(one.message_id)
            if one.receives > 1:
                self._redelivered.add(one.message_id)
            if self._read(one.message_id, one.sent_at, emit):
                new.append(one.message_id)
        return new

    def _read(self, message_id: str, sent_at: float, emit: Emit) -> bool:
        body = self._bodies[message_id]
        if body == WAKE:
            self.wakes.add(message_id)
            return False
        try:
            message = parse_message(message_id, body, sent_at=sent_at)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            emit("message.unreadable", message_id=message_id, reason=reason_of(error))
            self.unreadable.add(message_id)
            return False
        if message_id in self._redelivered:
            message = replace(message, is_redelivered=True)
        self.messages[message_id] = self._fitting(message_id, message)
        self.item_count += len(message.occurrences)
        self.text_bytes += len(body)
        return True

    def _fitting(self, message_id: str, message: QueueMessage) -> QueueMessage:
        """The message, without its items if the batch has no room for them."""
        values = _values(self._bodies[message_id])
        if self._values + values <= MAX_PARSED_VALUES:
            self._values += values
            return message
        self.without_room.add(message_id)
        return replace(
            message, occurrences=[one._replace(item=None) for one in message.occurrences]
        )

    def item_ids(self, message_ids: Collection[str] | None = None) -> set[str]:
        """Those of these messages, of all if None."""
        return {
            one.item_id
            for message_id in (self.messages if message_ids is None else message_ids)
            for one in self.messages[message_id].occurrences
        }

    def seen_before(self, message_ids: Collection[str] | None = None) -> list[Occurrence]:
        """Those that may have ended before, in a batch whose acknowledgement did not succeed.

        `message_ids`: only in these messages, in all if None.
        """
        return [
            one
            for message_id in (self.messages if message_ids is None else message_ids)
            if self._was_seen(message_id)
            for one in self.messages[message_id].occurrences
        ]

    def _was_seen(self, message_id: str) -> bool:
        message = self.messages[message_id]
        is_back = message.requeues or message.held_since is not None or message.is_redriven
        return bool(is_back) or message.is_redelivered

    def received_before(self) -> set[str]:
        """Item ids of what SQS delivered again, now or before it was requeued; a process may have
        died of them.
        """
        return {
            one.item_id
            for message in self.messages.values()
            if message.is_redelivered
            for one in message.occurrences
        }

    def refused_since(self) -> dict[str, float]:
        """Item ids that Mateo refused alone before, with the time of that (s since the epoch)."""
        return {
            one.item_id: message.refused_since
            for message in self.messages.values()
            if message.refused_since is not None
            for one in message.occurrences
        }

    def requeues(
        self, item_ids: set[str], refused_since: Mapping[str, float] | None = None
    ) -> list[Delayed]:
        """Messages that requeue these occurrences, one for each message that had any.

        Those that were refused travel apart from others. `refused_since`: if None, as they came.
        """
        refused = self.refused_since() if refused_since is None else refused_since
        found = []
        for message_id, wanted in self._parts(item_ids):
            message = self.messages[message_id]
            marked = wanted & refused.keys()
            since = min((refused[one] for one in marked), default=None)
            for part, mark in ((wanted - marked, None), (marked, since)):
                if part:
                    again = replace(message, refused_since=mark, held_since=None)
                    body = requeued_body(again, self._bodies[message_id], part)
                    found.append(Delayed(body, requeue_delay_s(message.requeues)))
        return found

    def holds(self, item_ids: set[str], now: float) -> list[Delayed]:
        """Messages that hold these occurrences for a later import; `now` in s since the epoch."""
        found = []
        for message_id, wanted in self._parts(item_ids):
            message = self.messages[message_id]
            since = now if message.held_since is None else message.held_since
            held = replace(message, held_since=since)
            found.append(Delayed(items_body(held, self._bodies[message_id], wanted), 0))
        return found

    def _parts(self, item_ids: set[str]) -> Iterator[tuple[str, set[str]]]:
        """Which of these occurrences each message has, each occurrence once."""
        remaining = set(item_ids)
        for message_id, message in self.messages.items():
            wanted = remaining.intersection(one.item_id for one in message.occurrences)
            remaining -= wanted
            if wanted:
                yield message_id, wanted

    def held_since(self) -> dict[str, float]:
        """Item ids of what was held before, with since when (s since the epoch)."""
        return {
            one.item_id: message.held_since
            for message in self.messages.values()
            if message.held_since is not None
            for one in message.occurrences
        }

    def held_first(self, item_ids: Collection[str], now: float) -> float:
        """Since when the oldest of these occurrences is held; `now` if none of them was before."""
        since = self.held_since()
        return min((since.get(one, now) for one in item_ids), default=now)

    def single(self, item_id: str) -> str:
        """A message that holds nothing but this occurrence."""
        message_id = min(self.messages_with({item_id}))
        return items_body(self.messages[message_id], self._bodies[message_id], {item_id})

    def receipts_without(self, message_ids: Collection[str], *, were_held: bool) -> list[str]:
        """With what all other messages can be deleted, as far as it is known.

        `were_held`: those of the holding queue, else those of the lane's own.
        """
        return [
            self._receipts[one]
            for one in (*self.messages, *self.wakes)
            if one not in message_ids
            and self._receipts.get(one)
            and were_held == (one in self._were_held)
        ]

    @property
    def handed_over(self) -> frozenset[str]:
        """Ids of messages that Lambda handed over: it deletes these and no others."""
        return self._handed_over

    def messages_with(self, item_ids: set[str]) -> set[str]:
        """Ids of the messages that have any of these occurrences."""
        return {
            message_id
            for message_id, message in self.messages.items()
            if not item_ids.isdisjoint(one.item_id for one in message.occurrences)
        }


def _values(body: str) -> int:
    """How many values a message holds at most: each is the first of a list or an object, or follows
    a comma.
    """
    return body.count(",") + body.count("[") + body.count("{")


def _event_b(body: str) -> int:
    """Bytes of a message in Lambda's event, where its text is escaped once more."""
    return len(body.encode()) + body.count('"') + body.count("\\") + ENVELOPE_B
