"""The use case of submit_imports: one batch of queue messages becomes imports in Mateo.

The order of the steps is the protocol; after each of them the process may die:

    lease       one submitter at a time, until its own deadline
    plan        map, validate, compare with the watermarks, coalesce, size; nothing is written
    claim       watermarks say which import brings which change; without a ledger entry they are void
    freeze      the exact body and the origin of each row, in the bucket
    watch       an execution follows the import; without an entry it ends as abandoned
    intend      ledger entry and hold of today's entities, in one transaction
    post        `POST /import`, the only step that cannot be undone
    settle      the entry says what became of it; a hold that is not needed goes back with it
    acknowledge what ended is written down, what has to wait is sent again, the messages may go
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from import_relay.errors import LeaseHeld, LimitReached, SlotTooFar, StoreUnavailable
from import_relay.mateo.client import ImportApi, Posted
from import_relay.mateo.outcomes import Outcome as PostOutcome
from import_relay.planning import Mapper, collector_paused, decide, payload_digest, request_body, size
from import_relay.records.messages import (
    QueueMessage,
    deferral_delay_s,
    deferred_body,
    parse_message,
)
from import_relay.records.models import Mark, Outcome, Row, Settled
from import_relay.state.archive import Archive
from import_relay.state.budget import Budget, Slot
from import_relay.state.executions import Executions
from import_relay.state.gate import RESET_MARGIN_S, Gate, GateState
from import_relay.state.lease import Lease
from import_relay.state.ledger import UNFINISHED, VOID, Entry, Ledger, State
from import_relay.state.queue import Delayed, Queue
from import_relay.state.watermarks import Watermarks

IMPORT_S = 20.0
"""An import is begun only if this much of the invocation is left: all its steps fit well into it."""
POST_S = 8.0
"""The POST must leave this long before the deadline: it times out after five seconds."""
REFUSAL_CALLS = 80
"""Calls spent on narrowing one refused import down; one bad row in 5,000 takes about 26."""
SHORT_WAIT_S = 5.0
"""A `retry-after` up to this is waited for within the invocation."""
CREDENTIALS_PAUSE_S = 3_600.0
PROBE_PAUSE_S = 3_600.0
"""How long the first refusal of a day (429) or of the credentials closes the gate."""
LONGEST_PAUSE_S = 3_600.0
AWS_ERRORS = (ClientError, BotoCoreError, StoreUnavailable)


class Emit(Protocol):
    """Where events go: one name per outcome, the same keys everywhere, never a record."""

    def __call__(self, event: str, **keys: object) -> None:
        """Report one event."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that submission acts on."""

    mapper: Mapper
    lease: Lease
    budget: Budget
    ledger: Ledger
    watermarks: Watermarks
    archive: Archive
    queue: Queue
    executions: Executions
    gate: Gate
    api: ImportApi


@dataclass(frozen=True, slots=True)
class SubmitOptions:
    """Sizes and switches of submission."""

    rows_per_import: int
    send_reference_id: bool


@dataclass(slots=True)
class BatchReport:
    """What became of a batch. `give_back`: ids of messages that have to be delivered again."""

    give_back: set[str] = field(default_factory=set)
    items: int = 0
    imports: int = 0
    rows: int = 0
    deferred: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    entities_used: int = 0
    closed: str = ""


@dataclass(slots=True)
class _Attempt:
    """Rows on their way into one import. Halves of a refused import share `calls`."""

    rows: Sequence[Row]
    calls: list[int]
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class _Closing:
    """Why and until when the gate has to be closed at the end of the batch."""

    reason: str
    until: float
    strikes: int = 0


@dataclass(frozen=True, slots=True)
class Submission:
    """Submits batches; made once per process.

    `clock` gives seconds since the epoch; `new_reference` makes a unique name for an import of a
    type.
    """

    parts: Parts
    options: SubmitOptions
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    new_reference: Callable[[str], str]
    emit: Emit

    def submit(
        self, bodies: Mapping[str, str], *, invocation: str, deadline: float
    ) -> BatchReport:
        """Submit the messages of one SQS batch.

        Args:
            bodies: message id → body, as received.
            invocation: unique name of this invocation.
            deadline: when this process is certainly gone (s since the epoch).

        Returns:
            what became of it; every message that is not in `give_back` may be deleted.
        """
        with collector_paused():
            return self._submit(self._read(bodies), invocation, deadline)

    def _submit(self, batch: "_Batch", invocation: str, deadline: float) -> BatchReport:
        gate = self.parts.gate.state()
        if gate.is_closed(self.clock()):
            return self._park(batch, gate)
        try:
            with self.parts.lease.held(
                invocation, until=deadline, wait_until=deadline - 2 * IMPORT_S
            ):
                return _Run(self, batch, gate, invocation, deadline).run()
        except LeaseHeld:
            ids = set(batch.messages) | batch.unreadable
            self.emit("batch.given_back", reason="lease.held", messages=len(ids))
            return BatchReport(give_back=ids)

    def _read(self, bodies: Mapping[str, str]) -> "_Batch":
        batch = _Batch(bodies)
        for message_id, body in bodies.items():
            try:
                batch.messages[message_id] = parse_message(
                    message_id, body, fetch=self.parts.archive.fetch
                )
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                self.emit("message.unreadable", message=message_id, reason=type(error).__name__)
                batch.unreadable.add(message_id)
        return batch

    def _park(self, batch: "_Batch", gate: GateState) -> BatchReport:
        """A batch that was under way when the gate closed: bring it again, and close once more."""
        origins = batch.origins()
        self.parts.queue.send(batch.deferrals(origins))
        self.parts.gate.close(gate.closed_until, gate.reason, strikes=gate.strikes)
        self.emit("batch.parked", reason=gate.reason, items=len(origins))
        return BatchReport(
            give_back=set(batch.unreadable), items=len(origins), deferred=len(origins)
        )


class _Batch:
    """The messages of a batch, read."""

    def __init__(self, bodies: Mapping[str, str]) -> None:
        self._bodies = bodies
        self.messages: dict[str, QueueMessage] = {}
        self.unreadable: set[str] = set()

    def origins(self) -> set[str]:
        return {one.origin for message in self.messages.values() for one in message.occurrences}

    def deferrals(self, origins: set[str]) -> list[Delayed]:
        """Messages that bring these occurrences again; one per message that had any of them."""
        found = []
        remaining = set(origins)
        for message_id, message in self.messages.items():
            wanted = remaining.intersection(one.origin for one in message.occurrences)
            if wanted:
                remaining -= wanted
                body = deferred_body(message, self._bodies[message_id], wanted)
                found.append(Delayed(body, deferral_delay_s(message.deferrals)))
        return found

    def messages_with(self, origins: set[str]) -> set[str]:
        """Ids of the messages that have any of these occurrences."""
        return {
            message_id
            for message_id, message in self.messages.items()
            if not origins.isdisjoint(one.origin for one in message.occurrences)
        }


class _Run:
    """One batch under the lease."""

    def __init__(
        self,
        tools: Submission,
        batch: _Batch,
        gate: GateState,
        invocation: str,
        deadline: float,
    ) -> None:
        self._tools = tools
        self._parts = tools.parts
        self._clock = tools.clock
        self._emit = tools.emit
        self._batch = batch
        self._gate = gate
        self._invocation = invocation
        self._deadline = deadline
        self._settled: list[Settled] = []
        self._deferred: set[str] = set()
        self._unresolved: set[str] = set()
        self._pending: deque[_Attempt] = deque()
        self._closing: _Closing | None = None
        self._stopped = False
        self._report = BatchReport(give_back=set(batch.unreadable))

    def run(self) -> BatchReport:
        self._plan()
        while self._pending:
            attempt = self._pending.popleft()
            if self._stopped or self._clock() > self._deadline - IMPORT_S:
                self._defer(attempt.rows)
            else:
                self._try(attempt)
        self._acknowledge()
        return self._report

    # plan

    def _plan(self) -> None:
        occurrences = [
            one for message in self._batch.messages.values() for one in message.occurrences
        ]
        self._report.items = len(occurrences)
        mapped = self._parts.mapper.map(occurrences)
        marks = self._parts.watermarks.read(change.key for change in mapped.changes)
        states = self._parts.ledger.states(
            {mark.reference for of_key in marks.values() for mark in of_key.values()}
        )
        decided = decide(
            mapped.changes,
            marks,
            is_unfinished=lambda reference: states.get(reference) in UNFINISHED,
            is_void=lambda reference: states.get(reference, State.ABANDONED) in VOID,
        )
        self._settled = mapped.settled + decided.settled
        self._deferred = {change.occurrence.origin for change in decided.busy}
        usage = self._parts.budget.usage()
        limits = self._parts.budget.limits
        sized = size(
            decided.rows,
            rows_per_import=self._tools.options.rows_per_import,
            entities_left=limits.entities_per_day - usage.entities,
        )
        self._first_of_day = usage.entities == 0
        self._report.entities_used = usage.entities
        self._pending.extend(_Attempt(rows, [REFUSAL_CALLS]) for rows in sized.imports)
        if sized.over_budget:
            self._defer(sized.over_budget)
            self._close_for_today("limit.entities", usage.day)

    # one import

    def _try(self, attempt: _Attempt) -> None:
        try:
            self._import(attempt)
        except AWS_ERRORS as error:
            self._emit("import.interrupted", reason=type(error).__name__, rows=len(attempt.rows))
            self._unresolved.update(origin for row in attempt.rows for origin in row.origins)
            self._stopped = True

    def _import(self, attempt: _Attempt) -> None:
        rows = attempt.rows
        type_ = rows[0].options.type
        reference = self._tools.new_reference(type_)
        self._parts.watermarks.write({row.key: _claimed(row, reference) for row in rows})
        body = request_body(rows, reference=self._reference_id(reference))
        self._parts.archive.freeze(reference, body, rows)
        self._parts.executions.start(reference, deadline=self._deadline)
        entry = self._entry(reference, type_, rows, body)
        try:
            if not self._parts.ledger.intend(entry):
                self._defer(rows)
                return
        except LimitReached as error:
            self._defer(rows)
            self._close_for_today(error.code, entry.day)
            return
        slot = self._slot(entry, rows)
        if slot is not None:
            self._settle(attempt, entry, self._parts.api.create(slot, body))

    def _entry(self, reference: str, type_: str, rows: Sequence[Row], body: bytes) -> Entry:
        now = self._clock()
        return Entry(
            reference=reference,
            state=State.INTENDED,
            type=type_,
            rows=len(rows),
            day=self._parts.budget.limits.day(now),
            created_at=now,
            deadline=self._deadline,
            digest=payload_digest(body),
        )

    def _reference_id(self, reference: str) -> str | None:
        return reference if self._tools.options.send_reference_id else None

    def _slot(self, entry: Entry, rows: Sequence[Row]) -> Slot | None:
        """Leave to post, on the day whose entities are held; None when there is none in time."""
        reason = ""
        try:
            slot = self._parts.budget.take_slot(deadline=self._deadline - POST_S)
            if slot.day == entry.day or self._parts.ledger.move_hold(entry, day=slot.day):
                return slot
        except SlotTooFar as error:
            reason = error.code
        except LimitReached as error:
            reason = error.code
            self._close_for_today(error.code, self._parts.budget.limits.day(self._clock()))
        self._abandon(entry, rows, reason)
        self._stopped = True
        return None

    # settle

    def _settle(self, attempt: _Attempt, entry: Entry, posted: Posted) -> None:
        rows = attempt.rows
        # The hold may have moved to another day meanwhile: release what the ledger says.
        entry = self._parts.ledger.get(entry.reference) or entry
        match posted.outcome:
            case PostOutcome.SENT:
                self._created(entry, rows, State.SENT, posted)
                if self._gate.strikes:
                    self._parts.gate.clear_strikes()
                    self._gate = GateState()
            case PostOutcome.REFUSED:
                self._refuse(entry, posted)
                self._narrow_down(attempt, posted)
            case PostOutcome.REFUSED_WHOLE:
                self._refuse(entry, posted)
                self._reject(rows, "import.refused_by_mateo", posted)
            case PostOutcome.NOT_SENT:
                self._abandon(entry, rows, "mateo.unreachable")
                self._pause("mateo.unreachable")
            case PostOutcome.CREDENTIALS:
                self._credentials_refused(attempt, entry)
            case PostOutcome.RATE_LIMITED:
                self._rate_limited(attempt, entry, posted)
            case _:
                self._created(entry, rows, State.UNKNOWN, posted)
                self._pause("mateo.unanswered")

    def _created(self, entry: Entry, rows: Sequence[Row], state: State, posted: Posted) -> None:
        """The import exists, or may exist: from here on it is followed, never sent again here."""
        self._parts.ledger.advance(
            entry.reference,
            source=[State.INTENDED],
            target=state,
            import_id=posted.import_id,
            posts=1,
            posted_at=self._clock(),
        )
        self._settled += [settled for row in rows for settled in row.shadowed]
        self._first_of_day = False
        self._report.imports += 1
        self._report.rows += len(rows)
        self._report.entities_used += len(rows)
        self._emit(
            f"import.{state}",
            reference=entry.reference,
            type=entry.type,
            rows=len(rows),
            status=posted.status,
        )

    def _abandon(self, entry: Entry, rows: Sequence[Row], reason: str) -> None:
        current = self._parts.ledger.get(entry.reference) or entry
        self._parts.ledger.release(current, source=[State.INTENDED], target=State.ABANDONED)
        self._defer(rows)
        self._emit(
            "import.abandoned",
            reference=entry.reference,
            type=entry.type,
            rows=len(rows),
            reason=reason,
        )

    def _refuse(self, entry: Entry, posted: Posted) -> None:
        self._parts.ledger.release(entry, source=[State.INTENDED], target=State.REFUSED)
        self._emit(
            "import.refused",
            reference=entry.reference,
            type=entry.type,
            rows=entry.rows,
            status=posted.status,
        )

    def _narrow_down(self, attempt: _Attempt, posted: Posted) -> None:
        """Halve a refused import, breadth first, until the bad rows are alone."""
        rows, calls = attempt.rows, attempt.calls
        if len(rows) == 1:
            self._reject(rows, "row.refused_by_mateo", posted)
        elif calls[0] < 2:
            self._reject(rows, "import.refused_by_mateo", posted)
        else:
            calls[0] -= 2
            middle = len(rows) // 2
            self._pending.append(_Attempt(rows[:middle], calls))
            self._pending.append(_Attempt(rows[middle:], calls))

    def _reject(self, rows: Sequence[Row], code: str, posted: Posted) -> None:
        for row in rows:
            self._settled += row.shadowed
            self._settled += [
                Settled(
                    change.occurrence,
                    Outcome.REJECTED,
                    code,
                    detail=f"Mateo answered {posted.status}: {posted.message}",
                )
                for change in row.changes
            ]

    def _credentials_refused(self, attempt: _Attempt, entry: Entry) -> None:
        """Perhaps only the cached token is old; else a person has to act."""
        if not attempt.repeated and self._parts.api.renew_token():
            self._repeat(attempt, entry)
            return
        self._abandon(entry, attempt.rows, "mateo.credentials")
        self._stop("mateo.credentials", self._clock() + CREDENTIALS_PAUSE_S)

    def _repeat(self, attempt: _Attempt, entry: Entry) -> None:
        """Nothing was created: the same rows once more, as an import of another name."""
        self._parts.ledger.release(entry, source=[State.INTENDED], target=State.ABANDONED)
        self._pending.appendleft(replace(attempt, repeated=True))

    def _rate_limited(self, attempt: _Attempt, entry: Entry, posted: Posted) -> None:
        wait = posted.retry_after_s
        short = wait is not None and wait <= SHORT_WAIT_S and not attempt.repeated
        if short and wait is not None and self._clock() + wait < self._deadline - IMPORT_S:
            self._tools.sleep(wait)
            self._repeat(attempt, entry)
            return
        self._abandon(entry, attempt.rows, "mateo.rate_limited")
        if wait is not None:
            self._stop("mateo.rate_limited", self._clock() + wait)
        elif self._first_of_day:
            self._stop("mateo.rate_limited", self._clock() + PROBE_PAUSE_S)
        else:
            self._pause("mateo.rate_limited")

    # waiting

    def _defer(self, rows: Iterable[Row]) -> None:
        self._deferred.update(origin for row in rows for origin in row.origins)

    def _pause(self, reason: str) -> None:
        """Stop for a minute at first, twice as long each time it happens again in a row."""
        strikes = self._gate.strikes + 1
        pause = min(60.0 * 2 ** min(strikes - 1, 10), LONGEST_PAUSE_S)
        self._stop(reason, self._clock() + pause, strikes=strikes)

    def _stop(self, reason: str, until: float, *, strikes: int = 0) -> None:
        self._stopped = True
        self._closing = _Closing(reason, until, strikes)

    def _close_for_today(self, reason: str, day: str) -> None:
        now = self._clock()
        limits = self._parts.budget.limits
        if limits.day(now) == day and self._closing is None:
            self._closing = _Closing(reason, limits.next_day(now) + RESET_MARGIN_S)

    # acknowledge

    def _acknowledge(self) -> None:
        """Write down what ended, send again what waits; only then may the messages go."""
        if self._settled:
            date = self._parts.budget.limits.day(self._clock())
            self._attempt(
                {settled.occurrence.origin for settled in self._settled},
                lambda: self._parts.archive.record_settled(
                    self._settled, date=date, batch=self._invocation
                ),
            )
        self._deferred -= self._unresolved
        if self._deferred:
            self._attempt(
                self._deferred,
                lambda: self._parts.queue.send(self._batch.deferrals(self._deferred)),
            )
        if self._closing is not None:
            self._attempt(set(), self._close)
        self._report.give_back |= self._batch.messages_with(self._unresolved)
        self._report.deferred = len(self._deferred - self._unresolved)
        self._report.outcomes.update(settled.outcome.value for settled in self._settled)
        self._emit(
            "batch.submitted",
            items=self._report.items,
            imports=self._report.imports,
            rows=self._report.rows,
            deferred=self._report.deferred,
            given_back=len(self._report.give_back),
            **self._report.outcomes,
        )

    def _attempt(self, origins: set[str], step: Callable[[], object]) -> None:
        """Do a step of acknowledging; if AWS fails it, its occurrences are delivered again."""
        try:
            step()
        except AWS_ERRORS as error:
            self._emit("batch.interrupted", reason=type(error).__name__)
            self._unresolved |= origins

    def _close(self) -> None:
        closing = self._closing
        if closing is None:
            return
        until = self._parts.gate.close(closing.until, closing.reason, strikes=closing.strikes)
        self._report.closed = closing.reason
        self._emit("gate.closed", reason=closing.reason, until=int(until))


def _claimed(row: Row, reference: str) -> Mapping[str, Mark]:
    """The row's watermarks, with the import that brings its changes."""
    return {
        scope: mark if mark.reference else replace(mark, reference=reference)
        for scope, mark in row.marks.items()
    }
