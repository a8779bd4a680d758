"""One batch of queue messages, from its items to their outcomes. Called by `submission`.

The steps and their order: see `submission`. `posting` takes each import from claim to record; this
module does what a batch needs once.
"""

from collections.abc import Callable
from dataclasses import dataclass

from import_relay.domain.lanes import Lane
from import_relay.domain.models import Occurrence
from import_relay.domain.reasons import reason_of
from import_relay.storage.batch_state import BatchState, BatchStates
from import_relay.storage.connection_waits import ConnectionWaits
from import_relay.storage.held import HeldStates
from import_relay.storage.lease import Lease
from import_relay.storage.outcome_counts import OutcomeCounts
from import_relay.storage.refusals import RefusedConnections
from import_relay.storage.requeueing import Requeueing
from import_relay.storage.trials import Trials
from import_relay.submit.acknowledging import AWS_ERRORS, Acknowledging
from import_relay.submit.attempts import Attempt
from import_relay.submit.batch_report import BatchReport, report_of
from import_relay.submit.batching import Batches, batch_rows
from import_relay.submit.changes import Mapped, Mapper
from import_relay.submit.claims import read_claims
from import_relay.submit.entity_limits import EntityLimits
from import_relay.submit.erasing import Erasing
from import_relay.submit.fetching import Fetching
from import_relay.submit.filling import Filling
from import_relay.submit.gathering import Gathering
from import_relay.submit.holding import Holding
from import_relay.submit.interpreting import Interpreting
from import_relay.submit.isolation import Isolation
from import_relay.submit.loading import Loading
from import_relay.submit.marked_tests import end_tests
from import_relay.submit.merging import MergeResult, merge_changes
from import_relay.submit.other_names import with_names
from import_relay.submit.partial_imports import PartialImports
from import_relay.submit.posting import Posting, PostingParts, Tools
from import_relay.submit.progress import BatchProgress
from import_relay.submit.queue_batch import QueueBatch
from import_relay.submit.raised_items import RaisedItems
from import_relay.submit.refusals import Refusals
from import_relay.submit.refused_rows import RefusedRows
from import_relay.submit.shared_handles import part_handles
from import_relay.submit.turn import IMPORT_S, Turn
from import_relay.submit.waiting_connections import WaitingConnections

MAX_IMPORT_BISECTIONS = 13
"""5,000 rows become one: a single row may be what Mateo cannot answer."""


@dataclass(frozen=True, slots=True)
class SubmissionParts:
    """Everything that submission acts on; `posting` are the parts that single imports act on.

    `queue` and `held`: of the lane that is submitted, the others: of the bulk lane. What is held
    waits there for a fuller import.
    """

    mapper: Mapper
    fetching: Fetching
    states: BatchStates
    lease: Lease
    queue: Requeueing
    held: Requeueing
    held_states: HeldStates
    bulk_queue: Requeueing
    bulk_held: Requeueing
    outcome_counts: OutcomeCounts
    trials: Trials
    refused: RefusedConnections
    waits: ConnectionWaits
    posting: PostingParts


class BatchRun:
    """Takes one batch through all steps, once the lease is held."""

    def __init__(
        self,
        parts: SubmissionParts,
        tools: Tools,
        batch: QueueBatch,
        state: BatchState,
        turn: Turn,
        *,
        holding: Holding,
    ) -> None:
        self._parts = parts
        self._tools = tools
        self._batch = batch
        self._turn = turn
        self._holding = holding
        self._usage = state.usage
        self._progress = BatchProgress(state.pause, first_of_day=state.usage.entities == 0)
        self._refusals = Refusals(state.refused, batch.refused_since(), turn.unproven_s)
        self._limits = self._made_limits()
        self._posting = self._made_posting()
        self._acknowledging = self._made_acknowledging()
        self._refused = RefusedRows(
            self._refusals, parts.refused, self._acknowledging, self._progress, tools
        )
        self._raised = RaisedItems(self._acknowledging, tools)
        self._erasing = Erasing(state.erased, parts.mapper.countries)
        self._isolation = Isolation(parts.trials, batch.received_before(), state.tried)
        self._loading = Loading(parts.posting.archive.fetch, _before(turn.give_up_at, tools.clock))
        self._interpreting = self._made_interpreting()
        self._filling = self._made_filling()
        self._gathering = self._made_gathering(state)

    def _made_limits(self) -> EntityLimits:
        return EntityLimits(
            self._parts.posting.permits.limits,
            self._usage,
            self._parts.mapper.entities_per_day,
            lane=self._turn.lane,
            progress=self._progress,
            clock=self._tools.clock,
        )

    def _made_posting(self) -> Posting:
        return Posting(
            self._parts.posting,
            self._tools,
            self._progress,
            self._refusals,
            self._turn,
            charges=self._limits.charges,
        )

    def _made_acknowledging(self) -> Acknowledging:
        return Acknowledging(
            self._batch,
            self._progress,
            self._parts.queue,
            self._holding,
            self._parts.outcome_counts,
            self._parts.posting,
            self._tools,
            refused_since=self._refusals.refused_since,
        )

    def _made_interpreting(self) -> Interpreting:
        return Interpreting(
            self._parts.mapper,
            self._parts.fetching,
            self._loading,
            self._isolation,
            self._tools.clock,
            self._turn.give_up_at,
        )

    def _made_filling(self) -> Filling:
        tools, begun_at = self._tools, self._tools.clock()
        return Filling(
            self._parts.queue,
            self._holding,
            max(0, min(self._rows_of_an_import(), self._limits.left())),
            _before(begun_at + (self._turn.give_up_at - begun_at) / 2, tools.clock),
            tools.emit,
        )

    def _made_gathering(self, state: BatchState) -> Gathering:
        return Gathering(
            self._batch,
            self._filling,
            self._interpreting,
            self._isolation,
            self._refusals,
            self._acknowledging,
            self._parts.states,
            self._erasing,
            self._limits,
            state.known.ended,
            self._erasing.outcomes(state.known.proven),
        )

    def run(self) -> BatchReport:
        """Import the items of the batch; suspects come last, after all others are acknowledged."""
        with self._isolation.surviving():
            batches, suspects = self._planned()
            self._hold_partial(batches)
            self._import(batches)
            self._acknowledging.acknowledge(self._turn.invocation)
            if suspects:
                self._acknowledging.delete_without({one.item_id for one in suspects})
                self._try_alone(suspects)
        self._refused.write()
        self._acknowledging.pause_submission()
        self._acknowledging.delete_held()
        self._acknowledging.keep_awake()
        self._acknowledging.delete_fetched()
        self._raised.delete_others()
        self._tell_waiting()
        return self._report()

    def _planned(self) -> tuple[Batches, list[Occurrence]]:
        """The batch's imports, whose rows nothing else refers to, and suspects."""
        mapped, suspects = self._gathering.gather()
        return self._plan(mapped), suspects

    def _try_alone(self, suspects: list[Occurrence]) -> None:
        progress = self._progress
        if progress.stopped or progress.pause_request is not None:
            progress.to_requeue.update(one.item_id for one in suspects)
        else:
            self._import(self._plan(self._interpreting.alone(suspects)))
        self._acknowledging.acknowledge(f"{self._turn.invocation}-alone")

    def _hold_partial(self, batches: Batches) -> None:
        """Hold rows that do not fill an import yet, while more come."""
        partial = PartialImports(
            self._filling, self._batch, self._parts.lease, self._turn.lane, self._tools.clock
        )
        rows_per_import = self._rows_of_an_import()
        self._progress.hold(partial.take(batches, rows_per_import=rows_per_import))

    def _import(self, batches: Batches) -> None:
        """Take these through all their steps."""
        progress = self._progress
        if batches.over_quota:
            progress.requeue(batches.over_quota)
            self._posting.pause_for_limit(self._limits.reason(), self._usage.day)
        for attempt in self._posting.attempts(batches.imports):
            self._give_way()
            if progress.stopped or self._tools.clock() > self._turn.deadline - IMPORT_S:
                progress.requeue(attempt.rows)
            else:
                for admitted in self._posting.admitted(attempt):
                    self._import_rows(admitted)
        self._refused.finish()

    def _plan(self, mapped: Mapped) -> Batches:
        self._erasing.leave_out(mapped)
        self._raised.part(mapped)
        self._fail_unloaded()
        mapped.outcomes += self._loading.take_outcomes()
        mapped.waiting |= self._loading.waiting
        end_tests(mapped)
        merged, handles_known = self._merge(mapped)
        parted = part_handles(merged.rows)
        self._progress.outcomes += mapped.outcomes + merged.outcomes + parted.outcomes
        self._progress.requeue(parted.waiting)
        self._progress.to_requeue.update(change.occurrence.item_id for change in merged.blocked)
        self._progress.to_requeue |= mapped.waiting
        rows, waiting = self._limits.admit(parted.rows)
        self._progress.requeue(waiting)
        return batch_rows(
            with_names(rows, handles_known=handles_known),
            rows_per_import=self._rows_of_an_import(),
            entities_left=self._limits.left(),
        )

    def _tell_waiting(self) -> None:
        parts, interpreting = self._parts, self._interpreting
        WaitingConnections(parts.mapper, parts.waits, self._acknowledging, self._tools).tell(
            interpreting.disabled, self._gathering.missing_since, interpreting.unread
        )
        self._limits.tell(self._tools.emit)

    def _fail_unloaded(self) -> None:
        """Have items that could not be loaded redelivered with their messages."""
        for item_id, reason in self._loading.failed.items():
            if item_id not in self._acknowledging.unresolved:
                self._acknowledging.unresolved.add(item_id)
                for message_id in sorted(self._batch.messages_with({item_id})):
                    self._tools.emit("message.unreadable", message_id=message_id, reason=reason)

    def _rows_of_an_import(self) -> int:
        """Fewer rows while Mateo does not answer posts: large imports may take it too long."""
        pause = self._progress.pause_state
        bisections = (
            min(pause.consecutive_failures, MAX_IMPORT_BISECTIONS)
            if pause.reason == "mateo.unanswered"
            else 0
        )
        return max(1, self._turn.rows_per_import >> bisections)

    def _merge(self, mapped: Mapped) -> tuple[MergeResult, bool]:
        """What is fresh, and whether there are contacts without an id."""
        posting, changes = self._parts.posting, mapped.changes
        claims = read_claims(
            changes,
            {name for names in mapped.fetched_keys.values() for name in names},
            posting.watermarks,
            posting.ledger,
            clock=self._tools.clock,
        )
        mapped.outcomes = claims.without_imported(mapped.outcomes, mapped.fetched_keys)
        reclaimable = claims.reclaimable()
        known = self._parts.outcome_counts.known(
            change.occurrence for change in changes if change.key in reclaimable
        )
        self._progress.outcomes += known.proven
        ended = known.ended.union(one.occurrence.item_id for one in known.proven)
        merged = merge_changes(
            [change for change in changes if change.occurrence.item_id not in ended],
            claims.watermarks,
            is_unfinished=claims.is_unfinished,
            was_never_created=claims.was_never_created,
            of_person=claims.of_person,
        )
        claims.note_repeated(merged.repeated, posting.watermarks)
        return merged, claims.handles_known

    def _give_way(self) -> None:
        """End a bulk batch after its current import if a live batch waits for the lease."""
        progress = self._progress
        if self._turn.lane is Lane.LIVE or not progress.begun or progress.stopped:
            return
        if self._parts.lease.waits(Lane.LIVE):
            self._tools.emit("batch.gave_way", imports=progress.imports)
            progress.stopped = True

    def _import_rows(self, attempt: Attempt) -> None:
        self._progress.begun += 1
        try:
            self._posting.import_rows(attempt)
        except AWS_ERRORS as error:
            reason = reason_of(error)
            self._tools.emit("import.interrupted", reason=reason, rows=len(attempt.rows))
            self._acknowledging.unresolved.update(
                item_id for row in attempt.rows for item_id in row.item_ids
            )
            self._progress.stopped = True

    def _report(self) -> BatchReport:
        report = report_of(self._batch, self._progress, self._acknowledging)
        report.entities_used = self._usage.entities + self._progress.rows
        report.unread_connections = len(self._interpreting.unread)
        missing, unusable = self._gathering.missing_since, self._interpreting.disabled
        report.unusable_connections = len(unusable) + len(missing)
        report.failure = self._raised.failure
        report.refused_connections = len(self._refused.connections)
        report.say(self._tools.emit)
        return report


def _before(until: float, clock: Callable[[], float]) -> Callable[[], bool]:
    """Whether it is earlier than `until`.

    A function of its own: a method would refer to its batch, which refers to it. Only the garbage
    collector frees such a circle, and it is paused while a batch is planned.
    """
    return lambda: clock() < until
