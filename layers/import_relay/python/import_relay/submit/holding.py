"""Keeps records for a fuller import, in the lane's holding queue. Called by all of submission.

The order makes it safe: a wake is sent first, then the state of the queue is written, and only then
messages are put into the queue or received from it. A process that dies in between leaves one wake
too many, never one too few.
"""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from import_relay.domain.lanes import Lane
from import_relay.storage.held import HIDDEN_S, HeldState, HeldStates
from import_relay.storage.queue import Delayed, ReceivedMessage
from import_relay.storage.requeueing import WAKE_S, Requeueing

MAX_HOLD_S = 900.0
"""How long a record is held for a fuller import; then it is sent with the rows that there are."""


@dataclass(slots=True)
class Holding:
    """The holding queue of one lane, during one batch. The lease is held.

    `queue`: of the lane; wakes go there. `state`: as it was read under the lease, kept up to date.
    """

    queue: Requeueing
    held: Requeueing
    states: HeldStates
    lane: Lane
    state: HeldState
    clock: Callable[[], float]
    _written: HeldState = field(init=False)
    _asked_before: float | None = None
    """When the queue had been read last before this batch read it; None: this batch has not."""
    _may_miss: bool = False
    _not_deleted: set[str] = field(default_factory=set)
    """The receipts of messages that this batch received and has not deleted."""
    _wake_s: int = WAKE_S

    def __post_init__(self) -> None:
        self._written = self.state

    def look_in(self, wake_s: int) -> None:
        """Check the held records again after so many seconds: they cannot be sent before."""
        self._wake_s = wake_s

    def hold(self, messages: Sequence[Delayed], *, since: float) -> None:
        """Store messages for a later batch. `since`: when the oldest of them was held first.

        Raises:
            ClientError, BotoCoreError, StoreUnavailable: AWS failed it; the caller keeps them.
        """
        self.state = replace(self.state, since=min(self.state.since or since, since))
        self._wake_in(self._wake_s)
        self._write()
        self.held.send(messages)

    def receive(self, call_count: int) -> Sequence[ReceivedMessage]:
        """Receive what is held, as `Queue.receive` does; makes no call if nothing can be held."""
        now = self.clock()
        if self.state == HeldState():
            return ()
        before, self._may_miss = self._may_miss, True  # a failed call may have hidden messages
        if self._asked_before is None:
            self._asked_before = self.state.received_at
            self.state = replace(self.state, received_at=now)
            self._write()
        answer = self.held.receive_surely(call_count)
        self._may_miss = before or answer.may_miss
        self._not_deleted.update(one.receipt for one in answer.messages)
        return answer.messages

    def delete(self, receipts: Collection[str]) -> None:
        """Delete received messages."""
        failed = self.held.delete(receipts)
        self._not_deleted -= set(receipts) - failed

    def has_taken_all(self) -> None:
        """Nothing is held any more, except for received messages that become visible again."""
        self.state = replace(self.state, since=0.0)

    def keep_awake(self) -> None:
        """Make sure that held messages, and those that may become visible again, are checked later.

        Raises:
            ClientError, BotoCoreError, StoreUnavailable: AWS failed it.
        """
        now = self.clock()
        if self._asked_before is not None and not self._not_deleted and not self._may_miss:
            self.state = replace(self.state, received_at=self._asked_before)
        if self.state.since:
            self._wake_in(self._wake_s)
        elif self.state.may_come_back(now):
            self._wake_in(math.ceil(self.state.received_at + HIDDEN_S - now))
        elif self._asked_before is not None:
            self.state = HeldState()
        elif self.state != HeldState():  # nobody has read since messages may be visible again
            self._wake_in(self._wake_s)
        self._write()

    def _wake_in(self, wake_s: int) -> None:
        """Send a wake, unless one is on its way that is not much later."""
        now, state = self.clock(), self.state
        if not state.is_awake(now) or state.wake_at > now + wake_s + WAKE_S:
            self.queue.wake(wake_s)
            self.state = replace(state, wake_at=now + wake_s)

    def _write(self) -> None:
        if self.state != self._written:
            self.states.write(self.lane, self.state)
            self._written = self.state
