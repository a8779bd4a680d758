"""The use case of submit_imports: one batch of queue messages becomes imports in Mateo.

The order of the steps is the protocol; after each of them the process may die:

    lease       one submitter at a time, until its own deadline; live batches come first
    plan        map, validate, compare with the watermarks, merge, batch. Nothing is written but
                that changes were repeated. Id-only records are fetched at their CRM; those that it
                does not give wait
    claim       watermarks say which import holds which change; invalid without a ledger entry
    freeze      the exact body and the provenance of each row, in the bucket
    watch       an execution follows the import; without an entry it ends as abandoned
    intend      ledger entry and reservation of today's entities, in one transaction
    post        `POST /import`, the only step that cannot be undone
    record      the entry says what became of it, and releases a reservation that is not needed
    acknowledge outcomes are stored and counted, waiting items requeued, then messages deleted

`batch_run` does what a batch needs once, `posting` takes each import from claim to record.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from import_relay.domain.errors import LeaseHeld
from import_relay.domain.lanes import Lane
from import_relay.domain.reasons import reason_of
from import_relay.storage.batch_state import BatchState
from import_relay.storage.pause import Pause, PauseState
from import_relay.storage.quota import Usage
from import_relay.storage.requeueing import WAKE_S
from import_relay.submit.acknowledging import AWS_ERRORS
from import_relay.submit.batch_report import BatchReport
from import_relay.submit.batch_run import BatchRun, SubmissionParts
from import_relay.submit.holding import MAX_HOLD_S, Holding
from import_relay.submit.merging import collector_paused
from import_relay.submit.partial_imports import MANY
from import_relay.submit.posting import Tools
from import_relay.submit.queue_batch import QueueBatch
from import_relay.submit.refusals import UNPROVEN_S
from import_relay.submit.request_curve import RequestCurve
from import_relay.submit.turn import ReferenceIds, Turn

MIN_PLAN_S = 5.0
"""With less time than that left to plan, a batch of many records is held."""


@dataclass(frozen=True, slots=True)
class Submission:
    """Submits batches; made once per process.

    `unproven_s`: how long a row that was refused alone waits for a proof that it is at fault.
    """

    parts: SubmissionParts
    tools: Tools
    rows_per_import: int
    reference_ids: ReferenceIds = field(default_factory=ReferenceIds)
    unproven_s: float = UNPROVEN_S

    def submit(
        self,
        bodies: Mapping[str, str],
        *,
        invocation: str,
        deadline: float,
        redelivered: Collection[str] = (),
        sent_at: Mapping[str, float] | None = None,
        receipts: Mapping[str, str] | None = None,
        lane: Lane = Lane.LIVE,
    ) -> BatchReport:
        """Submit the messages of one SQS batch.

        Args:
            bodies: message id → body, as received.
            redelivered: ids of those that were received before.
            sent_at: message id → when it was put into the queue (s since the epoch).
            receipts: message id → the receipt handle with which it can be deleted at once.
            lane: whose queue the messages come from, and go back to.
            invocation: unique name of this invocation.
            deadline: when this process is certainly gone (s since the epoch).

        Returns:
            what became of it; every message that is not in `failed_message_ids` may be deleted.
        """
        with collector_paused():  # nothing here holds the batch when the collector comes back
            turn = Turn(
                invocation,
                deadline,
                self.rows_per_import,
                self.reference_ids,
                self.unproven_s,
                lane,
            )
            return self._in_lane(lane).submit_batch(
                self._read(QueueBatch(bodies, redelivered, receipts or {}), sent_at or {}), turn
            )

    def _read(self, batch: QueueBatch, sent_at: Mapping[str, float]) -> QueueBatch:
        batch.read(sent_at, self.tools.emit)
        return batch

    def _in_lane(self, lane: Lane) -> "Submission":
        """The same, with the queue of this lane."""
        if lane is Lane.LIVE:
            return self
        parts = self.parts
        return replace(self, parts=replace(parts, queue=parts.bulk_queue, held=parts.bulk_held))

    def submit_batch(self, batch: QueueBatch, turn: Turn) -> BatchReport:
        """Submit a batch of the lane that `parts.queue` belongs to."""
        posting, is_bulk = self.parts.posting, turn.lane is Lane.BULK
        bulk_pause = posting.bulk_pause.state() if is_bulk else PauseState()
        paused = self._active_pause(posting.pause.state(), bulk_pause)
        if paused:
            return self._requeue_while_paused(*paused, batch)
        try:
            with self.parts.lease.held(
                turn.invocation, until=turn.deadline, wait_until=turn.give_up_at, lane=turn.lane
            ):
                turn = turn.begun(self.tools.clock())
                state = self.parts.states.read(batch.seen_before(), turn.lane)
                bulk_pause = state.bulk_pause if is_bulk else PauseState()
                paused = self._active_pause(state.pause, bulk_pause)
                if paused:  # by who held the lease
                    return self._requeue_while_paused(*paused, batch)
                holding = self._holding(turn, state)
                if self._collects(batch, state):
                    holding.look_in(self._until_it_may_go(state))
                    return self._hold(batch, holding)
                if self._is_too_late(batch, turn):
                    return self._hold(batch, holding)
                turn = replace(turn, first_poll_s=self._first_poll_s(state.usage))
                return BatchRun(self.parts, self.tools, batch, state, turn, holding=holding).run()
        except LeaseHeld as error:
            return self._requeue(batch, error.code)

    def _holding(self, turn: Turn, state: BatchState) -> Holding:
        parts, clock = self.parts, self.tools.clock
        return Holding(parts.queue, parts.held, parts.held_states, turn.lane, state.held, clock)

    def _collects(self, batch: QueueBatch, state: BatchState) -> bool:
        """Whether the batch is held, as the day's requests are ahead of their curve.

        What SQS redelivers is not held: a process may have died of it, which only its receive count
        shows.
        """
        now = self.tools.clock()
        urgent = state.held.is_overdue(now, MAX_HOLD_S) or self._has_many(batch)
        allows = self._curve.allows(state.usage, now, urgent=urgent)
        return not allows and not batch.received_before()

    def _is_too_late(self, batch: QueueBatch, turn: Turn) -> bool:
        """Whether the lease came too late to plan many records: the next batch imports them."""
        is_late = turn.give_up_at - self.tools.clock() < MIN_PLAN_S
        return is_late and self._has_many(batch) and not batch.received_before()

    def _has_many(self, batch: QueueBatch) -> bool:
        return batch.item_count >= MANY * self.rows_per_import

    @property
    def _curve(self) -> RequestCurve:
        return RequestCurve(self.parts.posting.permits.limits)

    def _first_poll_s(self, usage: Usage) -> int:
        """How late imports of the batch are polled first."""
        return self._curve.first_poll_s(usage, self.tools.clock())

    def _until_it_may_go(self, state: BatchState) -> int:
        """How long held records wait, in s: a minute at least, `MAX_HOLD_S` at most."""
        now = self.tools.clock()
        overdue_at = (state.held.since or now) + MAX_HOLD_S
        wait_s = self._curve.wait_s(state.usage, now, MAX_HOLD_S, overdue_at=overdue_at)
        return max(WAKE_S, math.ceil(wait_s))

    def _hold(self, batch: QueueBatch, holding: Holding) -> BatchReport:
        """Keep the whole batch for the next import."""
        item_ids, now = batch.item_ids(), self.tools.clock()
        if item_ids:
            holding.hold(batch.holds(item_ids, now), since=batch.held_first(item_ids, now))
        holding.keep_awake()
        self.tools.emit("batch.held", items=len(item_ids))
        return BatchReport(
            failed_message_ids=set(batch.unreadable), items=len(item_ids), held=len(item_ids)
        )

    def _active_pause(self, both: PauseState, bulk: PauseState) -> tuple[Pause, PauseState] | None:
        """The pause that holds now, of both lanes or of the bulk lane, and what is noted of it."""
        now, posting = self.tools.clock(), self.parts.posting
        if both.is_active(now):
            return posting.pause, both
        return (posting.bulk_pause, bulk) if bulk.is_active(now) else None

    def _requeue_while_paused(
        self, pause: Pause, noted: PauseState, batch: QueueBatch
    ) -> BatchReport:
        """A batch came through although submission is paused: requeue it, stop the queues."""
        report = self._requeue(batch, noted.reason)
        try:
            pause.repair()
        except AWS_ERRORS as error:  # the batch is safe; the next one repairs it
            self.tools.emit("batch.interrupted", reason=reason_of(error))
        return report

    def _requeue(self, batch: QueueBatch, reason: str) -> BatchReport:
        """Requeue the whole batch later, without using up its receive counts."""
        item_ids = batch.item_ids()
        self.parts.queue.send(batch.requeues(item_ids))
        if batch.wakes:
            self.parts.queue.wake()
        self.tools.emit("batch.requeued", reason=reason, items=len(item_ids))
        return BatchReport(
            failed_message_ids=set(batch.unreadable), items=len(item_ids), requeued=len(item_ids)
        )
