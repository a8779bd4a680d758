"""Lets the messages of a batch go, once what became of them is stored. Called by `submission`.

First what ended is written down and counted, then what has to wait is sent again. Whatever AWS
fails of that is *unresolved*: it is delivered again with its message.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from import_relay.domain.errors import StoreUnavailable
from import_relay.domain.models import Occurrence, Settled
from import_relay.domain.reasons import reason_of
from import_relay.storage.requeueing import Requeueing
from import_relay.storage.tally import Tally
from import_relay.submit.posting import PostingParts, Tools
from import_relay.submit.progress import Progress
from import_relay.submit.queue_batch import QueueBatch

AWS_ERRORS = (ClientError, BotoCoreError, StoreUnavailable)
KILLED = "row.killed_process"
"""Why a single record is in the dead-letter queue."""


@dataclass(slots=True)
class Acknowledging:
    """Acknowledges one batch, part by part.

    `unresolved`: origins to be delivered again. `dead_lettered`: those that are dead letters now.
    `refused_since`: origin → since when Mateo refuses it alone (s since the epoch).
    """

    batch: QueueBatch
    progress: Progress
    queue: Requeueing
    tally: Tally
    posting: PostingParts
    tools: Tools
    unresolved: set[str] = field(default_factory=set)
    dead_lettered: set[str] = field(default_factory=set)
    refused_since: Mapping[str, float] = field(default_factory=dict)
    _requeued: set[str] = field(default_factory=set)
    _acknowledged: int = 0

    def acknowledge(self, name: str) -> None:
        """Write down what ended, send again what waits; only then may the messages go.

        `name`: of the files that this part of the batch is written down in.
        """
        progress = self.progress
        settled = progress.settled[self._acknowledged :]
        self._acknowledged = len(progress.settled)
        if settled:
            origins = {one.occurrence.origin for one in settled}
            self._step(origins, lambda: self._record_settled(settled, name))
        progress.deferred -= self.unresolved
        deferred = progress.deferred - self._requeued
        if deferred:
            self._requeued |= deferred
            self._step(
                deferred,
                lambda: self.queue.send(self.batch.deferrals(deferred, self.refused_since)),
            )

    def close_gate(self) -> None:
        """Close the gate if something asked for that; it is no message's matter."""
        if self.progress.closing is not None:
            self.try_step(self._close_gate)

    def try_step(self, step: Callable[[], object]) -> None:
        """Do something that is no message's matter; if AWS fails it, say so."""
        self._step(set(), step)

    def _step(self, origins: set[str], step: Callable[[], object]) -> None:
        """Do a step of acknowledging; if AWS fails it, its occurrences are delivered again."""
        try:
            step()
        except AWS_ERRORS as error:
            self.tools.emit("batch.interrupted", reason=reason_of(error))
            self.unresolved |= origins

    def _record_settled(self, settled: list[Settled], name: str) -> None:
        """Write lines and count, but for those that ended before: the first end is the one.

        What proves a refusal is imported by now. So the ends that follow from it are kept first:
        whoever receives these records again only completes lines and counts.
        """
        tally = self.tally
        ended = tally.settled(one.occurrence for one in settled)
        new = [one for one in settled if one.occurrence.origin not in ended]
        proven = self.progress.proven
        tally.prove([proven[origin] for one in new if (origin := one.occurrence.origin) in proven])
        now = self.tools.clock()
        self.posting.archive.record_settled(
            new, at=now, date=self.posting.budget.limits.day(now), batch=name
        )
        tally.settle(new, batch=name)

    def _close_gate(self) -> None:
        closing = self.progress.closing
        if closing is not None:
            until = self.posting.gate.close(closing.until, closing.reason, strikes=closing.strikes)
            self.tools.emit("gate.closed", reason=closing.reason, until=int(until))

    def move_to_dead_letters(self, one: Occurrence, code: str = KILLED) -> None:
        """Put one record into the dead-letter queue, without what came along with it."""
        try:
            self.queue.move([self.batch.single(one.origin)], code)
        except AWS_ERRORS as error:
            self.tools.emit("batch.interrupted", reason=reason_of(error))
            self.unresolved.add(one.origin)
            return
        self.dead_lettered.add(one.origin)
        self.tools.emit(
            "item.dead_lettered",
            connection=one.connection,
            origin=one.origin,
            code=code,
        )

    def delete_without(self, origins: set[str]) -> None:
        """Delete what is acknowledged now: a death that may follow must not bring it again."""
        kept = self.batch.messages_with(origins | self.unresolved)
        self.try_step(lambda: self.queue.delete(self.batch.receipts_without(kept)))
