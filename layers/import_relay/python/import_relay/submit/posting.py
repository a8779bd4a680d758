"""One import of a batch, from the claim to what became of it. Called by `submission` for each.

The steps, and why a death after any of them is harmless: see `submission`. What the import changes
for the rest of the batch is in `BatchProgress`.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from import_relay.domain.errors import LimitReached, PermitTooFar
from import_relay.domain.log_events import Emit
from import_relay.domain.models import ItemOutcome, MappedChange, Outcome, Row
from import_relay.domain.payload_digests import payload_digest
from import_relay.mateo.client import ImportApi, Posted
from import_relay.mateo.post_results import PostResult
from import_relay.mateo.waiting import at_most_today
from import_relay.storage.archive import Archive
from import_relay.storage.entries import Entry, State
from import_relay.storage.executions import Executions
from import_relay.storage.ledger import Ledger
from import_relay.storage.pacing import Permits
from import_relay.storage.pause import RESET_MARGIN_S, Pause, PauseState
from import_relay.storage.reservations import Charge, charges_text
from import_relay.storage.watermarks import Watermarks
from import_relay.submit.attempts import Attempt
from import_relay.submit.claims import claimed
from import_relay.submit.merging import request_body
from import_relay.submit.progress import BatchProgress, PauseRequest
from import_relay.submit.refusal_texts import shown_answer
from import_relay.submit.refusals import Refusals
from import_relay.submit.turn import IMPORT_S, Turn
from import_relay.submit.verdicts import Verdict

POST_S = 8.0
"""The POST must leave this long before the deadline: it times out after five seconds."""
SHORT_WAIT_S = 5.0
"""A `retry-after` up to this is waited for within the invocation."""
CREDENTIALS_PAUSE_S = 3_600.0
"""How long refused credentials pause submission, unless a person resumes it."""
PROBE_PAUSE_S = 3_600.0
"""How long a 429 on the first import of a day pauses submission: Mateo's day may begin later."""
REFERENCE_REFUSED = "import.reference_refused"


@dataclass(frozen=True, slots=True)
class PostingParts:
    """What an import acts on."""

    permits: Permits
    ledger: Ledger
    watermarks: Watermarks
    archive: Archive
    executions: Executions
    pause: Pause
    bulk_pause: Pause
    api: ImportApi


@dataclass(frozen=True, slots=True)
class Tools:
    """Clock (s since the epoch), sleep, names and events: what differs between life and test.

    `new_reference` makes a unique name for an import of a type. `send_reference_id` puts that name
    into the request, for accounts that accept it.
    """

    clock: Callable[[], float]
    sleep: Callable[[float], None]
    new_reference: Callable[[str], str]
    emit: Emit
    send_reference_id: bool


@dataclass(frozen=True, slots=True)
class Posting:
    """Sends the imports of one batch, one after the other.

    `charges`: which connections pay for rows of their own limit.
    """

    parts: PostingParts
    tools: Tools
    progress: BatchProgress
    refusals: Refusals
    turn: Turn
    charges: Callable[[Sequence[Row]], Mapping[str, Charge]]
    _pending: deque[Attempt] = field(default_factory=deque)

    def attempts(self, imports: list[Sequence[Row]]) -> Iterator[Attempt]:
        """What to send of these imports, one attempt after the other; none is kept in the list.

        Rows that wait because Mateo refuses them are left out. What follows from the answer to an
        attempt, such as the two parts of a refused one, comes before all others.
        """
        self._follow(self.refusals.arrange(imports, self.tools.clock()))
        imports.clear()  # so that the rows of each are freed once it is sent
        while self._pending:
            yield self._pending.popleft()

    def admitted(self, attempt: Attempt) -> Sequence[Attempt]:
        """The import without the rows that must not be sent now; these are requeued later.

        Among them are rows of a person of whom an earlier import of the batch has a row under
        another key: Mateo might apply that import last.
        """
        again = [row for row in attempt.rows if self.progress.has_person(row)]
        self.progress.requeue(again)
        if again:
            attempt = replace(attempt, rows=[row for row in attempt.rows if row not in again])
            if not attempt.rows:
                return ()
        now, blocked_contacts = self.tools.clock(), self.progress.blocked_contacts
        verdict = self.refusals.admit(attempt, blocked_contacts, now)
        self.progress.requeue(verdict.waiting)
        return verdict.attempts

    def import_rows(self, attempt: Attempt) -> None:
        """Take one import through claim, freeze, watch, intend, post and record.

        Raises:
            ClientError, BotoCoreError, StoreUnavailable: AWS failed a step; the rows stay with
                their messages.
        """
        self.parts.api.make_ready()
        rows = attempt.rows
        type_ = rows[0].options.type
        reference = self.tools.new_reference(type_)
        self.parts.watermarks.write(claimed(rows, reference))
        body = request_body(rows, reference=reference if self._sends_reference else None)
        self.parts.archive.freeze(reference, body, rows)
        turn = self.turn
        self.parts.executions.start(
            reference, deadline=turn.deadline, first_poll_s=turn.first_poll_s
        )
        entry = self._entry(reference, type_, rows)
        try:
            intended = self.parts.ledger.intend(entry)
        except LimitReached as error:
            self.progress.requeue(rows)
            self.pause_for_limit(error.code, entry.day)
            return
        if intended:
            self._post(attempt, entry, body)
        else:
            self.progress.requeue(rows)

    @property
    def _sends_reference(self) -> bool:
        return self.tools.send_reference_id and not self.turn.reference_ids.is_refused

    def pause_for_limit(self, reason: str, day: str) -> None:
        """Pause submission until the next day begins, unless it has begun meanwhile.

        If only the bulk lane's share is used up, pause that lane, until the day's last hour.
        """
        now = self.tools.clock()
        limits = self.parts.permits.limits
        is_of_all = reason != "limit.connection"  # which stops its own records, and no others
        if not is_of_all or limits.day(now) != day or self.progress.pause_request is not None:
            return
        bulk_only = reason == "limit.bulk_share"
        resets_at = limits.bulk_opens_at(now) if bulk_only else limits.next_day(now)
        failures = 0 if bulk_only else self.progress.pause_state.consecutive_failures
        self.progress.pause_request = PauseRequest(
            reason, resets_at + RESET_MARGIN_S, failures, bulk_only
        )

    def _entry(self, reference: str, type_: str, rows: Sequence[Row]) -> Entry:
        now = self.tools.clock()
        return Entry(
            reference=reference,
            state=State.INTENDED,
            type=type_,
            rows=len(rows),
            day=self.parts.permits.limits.day(now),
            created_at=now,
            deadline=self.turn.deadline,
            digest=payload_digest(row.text for row in rows),
            items=sum(len(row.changes) for row in rows),
            lane=self.turn.lane,
            charges=charges_text(self.charges(rows)),
        )

    def _post(self, attempt: Attempt, entry: Entry, body: bytes) -> None:
        """Post on the day whose entities are reserved; if there is no permit in time, all goes
        back.
        """
        try:
            permit = self.parts.permits.acquire(
                deadline=self.turn.deadline - POST_S, lane=self.turn.lane
            )
            if permit.day != entry.day and not self.parts.ledger.move_reservation(
                entry, day=permit.day
            ):
                return  # tracking has taken the import over
            posted = self.parts.api.create(permit, body)
        except (PermitTooFar, LimitReached) as error:
            if isinstance(error, LimitReached):
                now = self.tools.clock()
                self.pause_for_limit(error.code, self.parts.permits.limits.day(now))
            self._abandon(entry, attempt.rows, error.code)
            self.progress.stopped = True
        else:
            self._record(attempt, entry, posted)

    def _record(self, attempt: Attempt, entry: Entry, posted: Posted) -> None:
        rows = attempt.rows
        # The reservation may have moved to another day meanwhile: release what the ledger says.
        entry = self.parts.ledger.get(entry.reference) or entry
        match posted.outcome:
            case PostResult.SENT | PostResult.ACCEPTED:
                self._created(entry, rows, posted)
                self._forget_failures()
                self._follow(self.refusals.accepted(attempt))
            case PostResult.REFUSED | PostResult.REFUSED_WHOLE:
                self._refuse(attempt, entry, posted)
            case PostResult.NOT_SENT:
                self._abandon(entry, rows, "mateo.unreachable")
                self.progress.pause("mateo.unreachable", self.tools.clock())
            case PostResult.CREDENTIALS:
                self._credentials_refused(attempt, entry)
            case PostResult.RATE_LIMITED:
                self._rate_limited(attempt, entry, posted)
            case PostResult.UNKNOWN:
                self._created(entry, rows, posted)
                self.progress.pause("mateo.unanswered", self.tools.clock())

    def _created(self, entry: Entry, rows: Sequence[Row], posted: Posted) -> None:
        """The import exists, or may exist: from here on it is followed, never requeued here."""
        state = State.SENT if posted.outcome is PostResult.SENT else State.UNKNOWN
        now = self.tools.clock()
        self.parts.ledger.advance(
            entry.reference,
            expected=[State.INTENDED],
            target=state,
            import_id=posted.import_id,
            posts=1,
            posted_at=now,
            accepted_at=now if posted.outcome is PostResult.ACCEPTED else 0.0,
        )
        self.progress.outcomes += [item_outcome for row in rows for item_outcome in row.shadowed]
        self.progress.first_of_day = False
        self.progress.imports += 1
        self.progress.rows += len(rows)
        self.progress.remember(rows)
        event = "import.sent" if state is State.SENT else "import.unknown"
        self.tools.emit(event, **_keys(entry), status=posted.status)

    def _forget_failures(self) -> None:
        if self.progress.pause_state.consecutive_failures:
            self.parts.pause.clear_failures(self.progress.pause_state)
            self.progress.pause_state = PauseState()

    def _abandon(self, entry: Entry, rows: Sequence[Row], reason: str) -> None:
        current = self.parts.ledger.get(entry.reference) or entry
        self.parts.ledger.release(current, expected=[State.INTENDED], target=State.ABANDONED)
        self.progress.requeue(rows)
        self.tools.emit("import.abandoned", **_keys(entry), reason=reason)

    def _refuse(self, attempt: Attempt, entry: Entry, posted: Posted) -> None:
        self.parts.ledger.release(entry, expected=[State.INTENDED], target=State.REFUSED)
        self.tools.emit("import.refused", **_keys(entry), status=posted.status)
        if self._sends_reference and posted.names_reference_id:
            self.turn.reference_ids.is_refused = True
            self.tools.emit(REFERENCE_REFUSED, status=posted.status)
            self._pending.appendleft(attempt)
            return
        self._follow(self.refusals.refused(attempt, posted, self.tools.clock()))

    def _follow(self, verdict: Verdict) -> None:
        """Do what an answer to a post means for the others."""
        self._pending.extendleft(reversed(verdict.attempts))
        self._pending.extend(verdict.last)
        self.progress.requeue(verdict.waiting)
        for row, posted in verdict.rejections:
            self._reject(row, posted)

    def _reject(self, row: Row, posted: Posted) -> None:
        code = f" {posted.code}" if posted.code else ""
        detail = f"Mateo answered {posted.status}{code}: {posted.message}"
        shown = shown_answer(posted.status, posted.code, posted.message, [row.text])
        ends = [*row.shadowed, *(_rejected(change, detail) for change in row.changes)]
        self.progress.outcomes += ends
        self.progress.proven |= {
            one.occurrence.item_id: replace(one, detail=shown if one.detail == detail else "")
            for one in ends
        }

    def _credentials_refused(self, attempt: Attempt, entry: Entry) -> None:
        """Perhaps only the cached token is old; else a person has to act."""
        if not attempt.repeated and self.parts.api.renew_token():
            self._repeat(attempt, entry)
            return
        self._abandon(entry, attempt.rows, "mateo.credentials")
        self.progress.stop("mateo.credentials", self.tools.clock() + CREDENTIALS_PAUSE_S)

    def _repeat(self, attempt: Attempt, entry: Entry) -> None:
        """Nothing was created: the same rows once more, as an import of another name."""
        self.parts.ledger.release(entry, expected=[State.INTENDED], target=State.ABANDONED)
        self._pending.appendleft(replace(attempt, repeated=True))

    def _rate_limited(self, attempt: Attempt, entry: Entry, posted: Posted) -> None:
        now = self.tools.clock()
        wait = posted.retry_after_s
        latest = min(now + SHORT_WAIT_S, self.turn.deadline - IMPORT_S)
        is_first = not attempt.repeated and not self.progress.pause_state.consecutive_failures
        if wait is not None and now + wait <= latest and is_first:
            self.tools.sleep(wait)
            self._repeat(attempt, entry)
            return
        self._abandon(entry, attempt.rows, "mateo.rate_limited")
        if wait is None:
            wait = PROBE_PAUSE_S if self.progress.first_of_day else 0.0
        wait = at_most_today(wait, self.parts.permits.limits, now)
        self.progress.pause("mateo.rate_limited", now, at_least_s=wait)


def _rejected(change: MappedChange, detail: str) -> ItemOutcome:
    return ItemOutcome(
        change.occurrence,
        Outcome.REJECTED,
        "row.refused_by_mateo",
        detail=detail,
        notes=change.notes,
        record=change.record,
    )


def _keys(entry: Entry) -> dict[str, object]:
    """What every event says of an import."""
    return {
        "reference": entry.reference,
        "type": entry.type,
        "rows": entry.rows,
        "lane": entry.lane.value,
    }
