"""The messages of one SQS batch, read, and what is requeued or deleted of them.

Called by `submission` and `acknowledging`.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from import_relay.domain.log_events import Emit
from import_relay.domain.models import Occurrence
from import_relay.domain.queue_messages import (
    QueueMessage,
    items_body,
    parse_message,
    requeue_delay_s,
    requeued_body,
)
from import_relay.domain.reasons import reason_of
from import_relay.storage.queue import Delayed


class QueueBatch:
    """The messages of a batch, read."""

    def __init__(
        self,
        bodies: Mapping[str, str],
        redelivered: Collection[str],
        receipts: Mapping[str, str],
    ) -> None:
        self._bodies = bodies
        self._redelivered = redelivered
        self._receipts = receipts
        self.messages: dict[str, QueueMessage] = {}
        self.unreadable: set[str] = set()

    def read(self, sent_at: Mapping[str, float], emit: Emit) -> None:
        """Read all messages; `sent_at` as in `Submission.submit`. Says which cannot be read."""
        for message_id, body in self._bodies.items():
            try:
                self.messages[message_id] = parse_message(
                    message_id, body, sent_at=sent_at.get(message_id, 0.0)
                )
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                emit("message.unreadable", message_id=message_id, reason=reason_of(error))
                self.unreadable.add(message_id)

    def item_ids(self, message_ids: Collection[str] | None = None) -> set[str]:
        """Those of these messages, of all if None."""
        return {
            one.item_id
            for message_id in (self.messages if message_ids is None else message_ids)
            for one in self.messages[message_id].occurrences
        }

    def seen_before(self) -> list[Occurrence]:
        """Those that may have ended before, in a batch whose acknowledgement did not succeed."""
        return [
            one
            for message_id, message in self.messages.items()
            if message.requeues or message_id in self._redelivered or message.is_redriven
            for one in message.occurrences
        ]

    def received_before(self) -> set[str]:
        """Item ids of what SQS delivers again; a process may have died of them."""
        return {
            one.item_id
            for message_id, message in self.messages.items()
            if message_id in self._redelivered
            for one in message.occurrences
        }

    def just_redriven(self) -> set[str]:
        """Item ids of what a person redrove from the dead-letter queue and nobody received
        since.
        """
        return {
            one.item_id
            for message_id, message in self.messages.items()
            if message.is_redriven and message_id not in self._redelivered
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
        """Messages that bring these occurrences again; one per message that had any of them.

        Those that were refused travel apart from others. `refused_since`: if None, as they came.
        """
        refused = self.refused_since() if refused_since is None else refused_since
        found = []
        remaining = set(item_ids)
        for message_id, message in self.messages.items():
            wanted = remaining.intersection(one.item_id for one in message.occurrences)
            remaining -= wanted
            marked = wanted & refused.keys()
            since = min((refused[one] for one in marked), default=None)
            for part, mark in ((wanted - marked, None), (marked, since)):
                if part:
                    again = replace(message, refused_since=mark)
                    body = requeued_body(again, self._bodies[message_id], part)
                    found.append(Delayed(body, requeue_delay_s(message.requeues)))
        return found

    def single(self, item_id: str) -> str:
        """A message that holds nothing but this occurrence."""
        message_id = min(self.messages_with({item_id}))
        return items_body(self.messages[message_id], self._bodies[message_id], {item_id})

    def receipts_without(self, message_ids: Collection[str]) -> list[str]:
        """With what all other messages can be deleted, as far as it is known."""
        return [
            self._receipts[one]
            for one in self.messages
            if one not in message_ids and self._receipts.get(one)
        ]

    def messages_with(self, item_ids: set[str]) -> set[str]:
        """Ids of the messages that have any of these occurrences."""
        return {
            message_id
            for message_id, message in self.messages.items()
            if not item_ids.isdisjoint(one.item_id for one in message.occurrences)
        }
