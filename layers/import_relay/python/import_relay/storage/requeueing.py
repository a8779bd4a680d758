"""Sends records again with a delay, for thirteen days at most; then they are dead letters.

Submission and reporting send records that have to wait or are retried through this, so no record is
requeued for ever (docs/decisions/0020-thirteen-days.md). Its wait counts from its receipt, or from
when a person last redrove it from the dead-letter queue (`since`).
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from import_relay.domain.log_events import Emit
from import_relay.domain.queue_messages import (
    MAX_REQUEUED_S,
    WAKE,
    moved_body,
    redated_body,
    waited_s,
)
from import_relay.storage.queue import Delayed, Queue, ReceivedMessage, SureAnswer

TOO_OLD = "message.too_old"
"""The event that says so; functions count it for an alarm."""
REQUEUED = "message.requeued"
"""The event that says how long the oldest requeued record has waited: SQS takes each for a new one.
"""
WAKE_S = 60
"""The shortest time after which held records are checked again, in s."""
CODE = "requeued.too_long"


class Requeueing:
    """The queue, and the dead-letter queue behind it. `clock` gives seconds since the epoch."""

    def __init__(
        self, queue: Queue, dead_letters: Queue, *, clock: Callable[[], float], emit: Emit
    ) -> None:
        self._queue = queue
        self._dead_letters = dead_letters
        self._clock = clock
        self._emit = emit

    def send(self, messages: Iterable[Delayed]) -> None:
        """Store all messages, those that waited too long in the dead-letter queue.

        Raises:
            StoreUnavailable: some were not taken; the caller keeps what they came from.
        """
        now = self._clock()
        requeued: list[Delayed] = []
        waited: list[float] = []
        too_old: list[Mapping[str, Any]] = []
        for message in messages:
            content = json.loads(message.body)
            age_s = waited_s(content, now)
            if age_s > MAX_REQUEUED_S:
                too_old.append(content)
            else:
                waited.append(age_s)
                requeued.append(Delayed(redated_body(content, now), message.delay_s))
        self._queue.send(requeued)
        if requeued:
            self._emit(REQUEUED, messages=len(requeued), oldest_s=max(0, int(max(waited))))
        self._move_old(too_old, now)

    def move(self, bodies: Iterable[str], code: str) -> None:
        """Store messages in the dead-letter queue, with the reason in their text.

        Raises:
            StoreUnavailable: some were not taken.
        """
        now = self._clock()
        self._dead_letters.send(Delayed(moved_body(body, code, now), 0) for body in bodies)

    def wake(self, wake_s: int = WAKE_S) -> None:
        """Have this lane submitted again after so many seconds, whatever is queued by then.

        Raises:
            StoreUnavailable: the queue did not take the message.
        """
        self._queue.send([Delayed(WAKE, wake_s)])

    def receive(self, call_count: int) -> list[ReceivedMessage]:
        """Receive messages, as `Queue.receive` does."""
        return self._queue.receive(call_count)

    def receive_surely(self, call_count: int) -> SureAnswer:
        """Receive messages, as `Queue.receive_surely` does."""
        return self._queue.receive_surely(call_count)

    def delete(self, receipts: Iterable[str]) -> set[str]:
        """Delete received messages, as `Queue.delete` does."""
        return self._queue.delete(receipts)

    def _move_old(self, contents: Iterable[Mapping[str, Any]], now: float) -> None:
        """Move messages that waited too long to the dead-letter queue, and log it."""
        for content in contents:
            self.move([json.dumps(content)], CODE)
            self._emit(
                TOO_OLD,
                code=CODE,
                connection=content["connection"],
                delivery=content["delivery"],
                items=len(content["items"]),
                waited_s=int(waited_s(content, now)),
            )
