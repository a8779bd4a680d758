"""Acknowledges the messages of a batch, once their outcomes are stored. Called by `submission`.

First it records and counts the outcomes, then it requeues what has to wait. Items for which AWS
fails are *unresolved*: they are redelivered with their message.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from import_relay.domain.errors import StoreUnavailable
from import_relay.domain.models import ItemOutcome, Occurrence
from import_relay.domain.reasons import reason_of
from import_relay.storage.outcome_counts import OutcomeCounts
from import_relay.storage.requeueing import Requeueing
from import_relay.submit.holding import Holding
from import_relay.submit.posting import PostingParts, Tools
from import_relay.submit.progress import BatchProgress
from import_relay.submit.queue_batch import QueueBatch

AWS_ERRORS = (ClientError, BotoCoreError, StoreUnavailable)
KILLED = "row.killed_process"
"""Why a single record is in the dead-letter queue."""


@dataclass(slots=True)
class Acknowledging:
    """Acknowledges one batch, part by part.

    `unresolved`: item ids to be delivered again. `dead_lettered`: those that are dead letters now.
    `unresolved_wakes`: ids of messages without items to be delivered again. `refused_since`: item
    id → since when Mateo has refused it alone (s since the epoch).
    """

    batch: QueueBatch
    progress: BatchProgress
    queue: Requeueing
    holding: Holding
    outcome_counts: OutcomeCounts
    posting: PostingParts
    tools: Tools
    unresolved: set[str] = field(default_factory=set)
    dead_lettered: set[str] = field(default_factory=set)
    refused_since: Mapping[str, float] = field(default_factory=dict)
    unresolved_wakes: Collection[str] = ()
    _requeued: set[str] = field(default_factory=set)
    _held: set[str] = field(default_factory=set)
    _acknowledged: int = 0

    def acknowledge(self, name: str) -> None:
        """Record outcomes and requeue waiting items; only then may the messages be deleted.

        `name`: of the files that this part of the batch is written down in.
        """
        progress = self.progress
        outcomes = progress.outcomes[self._acknowledged :]
        self._acknowledged = len(progress.outcomes)
        if outcomes:
            item_ids = {one.occurrence.item_id for one in outcomes}
            self._step(item_ids, lambda: self._record_outcomes(outcomes, name))
        progress.to_requeue -= self.unresolved
        to_requeue = progress.to_requeue - self._requeued
        if to_requeue:
            self._requeued |= to_requeue
            self._step(
                to_requeue,
                lambda: self.queue.send(self.batch.requeues(to_requeue, self.refused_since)),
            )

        to_hold = progress.to_hold - progress.to_requeue - self.unresolved - self._held
        if to_hold:
            self._held |= to_hold
            self._step(to_hold, lambda: self._hold(to_hold))

    def _hold(self, item_ids: set[str]) -> None:
        batch, now = self.batch, self.tools.clock()
        self.holding.hold(batch.holds(item_ids, now), since=batch.held_first(item_ids, now))

    def keep_awake(self) -> None:
        """Send a wake for held records. If AWS fails, redelivered messages cause the next look."""
        try:
            self.holding.keep_awake()
        except AWS_ERRORS as error:
            self.tools.emit("batch.interrupted", reason=reason_of(error))
            self.unresolved_wakes = self.batch.wakes

    def pause_submission(self) -> None:
        """Pause submission if a step asked for it. No message waits for that."""
        if self.progress.pause_request is not None:
            self.try_step(self._pause_submission)

    def try_step(self, step: Callable[[], object]) -> None:
        """Do a step that no message waits for; log it if AWS fails."""
        self._step(set(), step)

    def _step(self, item_ids: set[str], step: Callable[[], object]) -> None:
        """Do a step of acknowledging; if AWS fails, its occurrences are redelivered."""
        try:
            step()
        except AWS_ERRORS as error:
            self.tools.emit("batch.interrupted", reason=reason_of(error))
            self.unresolved |= item_ids

    def _record_outcomes(self, outcomes: list[ItemOutcome], name: str) -> None:
        """Write lines and count outcomes; an item keeps the outcome that it got first.

        What proves a refusal is imported by now, so nothing will prove it again: such outcomes are
        stored first. A redelivery of their records then completes lines and counts.
        """
        outcome_counts = self.outcome_counts
        known = outcome_counts.recorded(one.occurrence for one in outcomes)
        new = [one for one in outcomes if one.occurrence.item_id not in known]
        proven = self.progress.proven
        outcome_counts.prove(
            [proven[item_id] for one in new if (item_id := one.occurrence.item_id) in proven]
        )
        now = self.tools.clock()
        self.posting.archive.record_outcomes(
            new, at=now, date=self.posting.permits.limits.day(now), batch=name
        )
        outcome_counts.record(new, batch=name)

    def _pause_submission(self) -> None:
        pause_request = self.progress.pause_request
        if pause_request is not None:
            bulk_only = pause_request.bulk_only
            pause = self.posting.bulk_pause if bulk_only else self.posting.pause
            until = pause.begin(
                pause_request.until,
                pause_request.reason,
                consecutive_failures=pause_request.consecutive_failures,
            )
            event = "bulk.paused" if bulk_only else "submission.paused"
            self.tools.emit(event, reason=pause_request.reason, until=int(until))

    def move_to_dead_letters(self, one: Occurrence, code: str = KILLED) -> None:
        """Put one record into the dead-letter queue, without the other items of its message."""
        try:
            self.queue.move([self.batch.single(one.item_id)], code)
        except AWS_ERRORS as error:
            self.tools.emit("batch.interrupted", reason=reason_of(error))
            self.unresolved.add(one.item_id)
            return
        self.dead_lettered.add(one.item_id)
        self.tools.emit(
            "item.dead_lettered", connection=one.connection, item_id=one.item_id, code=code
        )

    def delete_held(self) -> None:
        """Delete acknowledged messages of the holding queue, so that they are not redelivered."""
        failed = self.batch.messages_with(self.unresolved)
        self._delete_held_without(failed | self.batch.handed_over)

    def delete_fetched(self) -> None:
        """Delete acknowledged messages that were received here; Lambda deletes its own."""
        failed = self.batch.messages_with(self.unresolved).union(self.unresolved_wakes)
        self._delete_own_without(failed | self.batch.handed_over)

    def delete_without(self, item_ids: set[str]) -> None:
        """Delete acknowledged messages now: if the process dies later, they are not redelivered."""
        kept = self.batch.messages_with(item_ids | self.unresolved)
        self._delete_own_without(kept.union(self.batch.wakes))
        self._delete_held_without(kept)

    def _delete_own_without(self, kept: Collection[str]) -> None:
        own = self.batch.receipts_without(kept, were_held=False)
        self.try_step(lambda: self.queue.delete(own))

    def _delete_held_without(self, kept: Collection[str]) -> None:
        held = self.batch.receipts_without(kept, were_held=True)
        self.try_step(lambda: self.holding.delete(held))
