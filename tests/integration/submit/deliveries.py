"""A queue whose consumer may die: what SQS and its event source mapping do with a dead batch."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from import_relay.domain.lanes import Lane
from import_relay.domain.queue_messages import WAKE
from import_relay.storage.queue import Delayed, Queue, ReceivedMessage, SureAnswer
from import_relay.storage.requeueing import Requeueing
from tests.support.following import Killed
from tests.support.relay import Relay

VISIBILITY_S = 720.0
MAX_RECEIVES = 10


class _Requeueing(Requeueing):
    """The relay's side of the queue."""

    def __init__(self, relay: Relay, deliveries: "Deliveries") -> None:
        queue, dead = (
            Queue(relay.aws.sqs, url) for url in (relay.aws.queue_url, relay.aws.dead_letter_url)
        )
        super().__init__(queue, dead, clock=relay.clock, emit=relay.emit)
        self._deliveries = deliveries

    def send(self, messages: Iterable[Delayed]) -> None:
        self._deliveries.put(*(one.body for one in messages))

    def wake(self, wake_s: int = 0) -> None:
        self._deliveries.put(WAKE)

    def delete(self, receipts: Iterable[str]) -> set[str]:
        for receipt in receipts:
            self._deliveries.messages.pop(receipt, None)
        return set()


class HeldQueue(_Requeueing):
    """The holding queue of a lane: a received message is hidden for `VISIBILITY_S`."""

    def __init__(self, relay: Relay, deliveries: "Deliveries") -> None:
        super().__init__(relay, deliveries)
        self.messages: dict[str, str] = {}
        self.received_too_often: list[str] = []
        self._receives: dict[str, int] = {}
        self._hidden_until: dict[str, float] = {}
        self._ids: Any = count(1)

    def send(self, messages: Iterable[Delayed]) -> None:
        self.messages |= {f"h{next(self._ids)}": one.body for one in messages}

    def receive_surely(self, call_count: int) -> SureAnswer:
        """Up to ten visible messages for each call."""
        now = self._clock()
        found: list[ReceivedMessage] = []
        for one, body in list(self.messages.items()):
            if len(found) < 10 * call_count and self._hidden_until.get(one, 0.0) <= now:
                self._hidden_until[one] = now + VISIBILITY_S
                self._receives[one] = self._receives.get(one, 0) + 1
                if self._receives[one] > MAX_RECEIVES:
                    self.received_too_often.append(self.messages.pop(one))
                    continue
                found.append(ReceivedMessage(one, body, one, self._receives[one], now))
        return SureAnswer(found, may_miss=False)

    def delete(self, receipts: Iterable[str]) -> set[str]:
        for receipt in receipts:  # SQS takes a receipt twice
            self.messages.pop(receipt, None)
        return set()


@dataclass
class Deliveries:
    """Delivers messages, all in one batch, until none is left.

    `deaths`: batches whose process died; `batches`: the others. `received_too_often`: bodies that
    SQS itself moved to the dead-letter queue. `replaced`: parts of the relay, as in
    `Relay.submission`. `sent_at`: when all messages were sent; a time long after their receipt
    makes them redriven. `lane`: whose queue it is. `failures`: errors with which a batch may fail;
    they count as deaths.
    """

    relay: Relay
    replaced: dict[str, Any] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    receives: dict[str, int] = field(default_factory=dict)
    received_too_often: list[str] = field(default_factory=list)
    sent_at: float = 0.0
    lane: Lane = Lane.LIVE
    failures: tuple[type[Exception], ...] = ()
    deaths: int = 0
    batches: int = 0
    _ids: Any = field(default_factory=lambda: count(1))

    def put(self, *bodies: str) -> None:
        """Add messages to the queue."""
        for body in bodies:
            self.messages[f"m{next(self._ids)}"] = body

    def drain(self, most: int = 40) -> None:
        """Deliver until the queue is empty; fail if it is not after `most` batches."""
        for _ in range(most):
            if not self.messages:
                return
            self.deliver()
        raise AssertionError(f"{len(self.messages)} messages are left")

    def deliver(self) -> None:
        """Deliver everything once."""
        for one in list(self.messages):
            self.receives[one] = self.receives.get(one, 0) + 1
            if self.receives[one] > MAX_RECEIVES:
                self.received_too_often.append(self.messages.pop(one))
        batch = dict(self.messages)
        name = "queue" if self.lane is Lane.LIVE else "bulk_queue"
        deadly: tuple[type[BaseException], ...] = (Killed, *self.failures)
        own = {name: _Requeueing(self.relay, self)}
        try:
            report = self.relay.submission(**(own | self.replaced)).submit(
                batch,
                invocation=f"inv-{self.batches + self.deaths}",
                deadline=self.relay.clock.now + 120.0,
                redelivered={one for one in batch if self.receives[one] > 1},
                sent_at=dict.fromkeys(batch, self.sent_at),
                receipts={one: one for one in batch},
                lane=self.lane,
            )
        except deadly:
            self.deaths += 1
        else:
            self.batches += 1
            for one in batch.keys() - report.failed_message_ids:
                self.messages.pop(one, None)
        self.relay.clock.now += VISIBILITY_S
