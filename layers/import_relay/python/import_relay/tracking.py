"""The use case of track_import: one look at one import, again and again until it has ended.

The state machine calls it, waits for as long as it says, and calls it again:

    no entry   nothing was sent. Once its submitter is certainly gone, a tombstone is written
    intended   being sent. Once its submitter is certainly gone, it counts as unknown
    unknown    sent or not: looked up; adopted when found, posted again when certainly absent
    sent       asked for, in one request with the others that are under way

Nobody else acts on an import whose submitter is gone, so tracking needs no lock. What two
executions could do at once is a conditional write.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from import_relay.errors import CredentialsRefused, LimitReached, SlotTooFar
from import_relay.events import Emit
from import_relay.mateo.client import (
    POLL_PAGE,
    ImportApi,
    ImportStatus,
    MateoUnavailable,
    Posted,
)
from import_relay.mateo.outcomes import Outcome
from import_relay.mateo.waiting import (
    HINDRANCES,
    LONGEST_WAIT_S,
    SHORTEST_WAIT_S,
    pace,
    waiting_for,
)
from import_relay.reconciling import Lookup
from import_relay.state.archive import Archive
from import_relay.state.budget import CLOCK_SKEW_S, Budget, Slot
from import_relay.state.ledger import Entry, Ledger, State

GONE_S = CLOCK_SKEW_S + 2.0
"""This long after its deadline a submitter is certainly gone, whatever its clock says."""
UNSEEN_WAIT_S = 15.0
"""Between two looks for an entry that its submitter has not written yet."""
CALL_S = 8.0
"""A call must leave this long before the deadline: it times out after five seconds."""
LAG_S = 60.0
"""How late a new import may show up in lists; two absences this far apart are believed."""
MOST_POSTS = 6
"""An import is posted again at most five times; then its records go back to the queue."""
LONGEST_PAUSE_S = 3_600.0
ROUND_S = 4.0
"""Polls are at least this far apart, however many imports are under way."""
FRESH = 0.8
"""Who was asked about within this share of its last wait is not asked about again."""
OPEN_LIMIT = 200
"""Of so many open imports, the 50 that were asked about longest ago are in a poll."""
BELIEVED_AFTER_S = 3_600.0
"""Counts that add up, but not to our number of rows, are believed if they stay for so long.

Zeros are not: an import that Mateo has not begun may look like that.
"""


class Status(StrEnum):
    """What the state machine does next."""

    WAIT = "wait"
    FINISHED = "finished"
    """Mateo has counted every row: the report can be written."""
    GAVE_UP = "gave_up"
    """Followed for as long as imports are followed: the report says so."""
    SEND_BACK = "send_back"
    """Nothing was created, and it cannot be posted as it is: its records go back to the queue."""
    ABANDONED = "abandoned"
    """Nothing was sent under this reference, and never will be."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """What a look found. `reason` is a code of `errors.CODES` when something is in the way."""

    status: Status
    wait_s: int = 0
    reason: str = ""


_GAVE_UP = Tracked(Status.GAVE_UP, reason="import.unfinished")
_ENDED: Mapping[State, Tracked] = MappingProxyType(
    {
        State.FINISHED: Tracked(Status.FINISHED),
        State.GAVE_UP: _GAVE_UP,
        State.REFUSED: Tracked(Status.ABANDONED),
        State.ABANDONED: Tracked(Status.ABANDONED),
    }
)


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that tracking acts on."""

    budget: Budget
    ledger: Ledger
    archive: Archive
    api: ImportApi


@dataclass(frozen=True, slots=True)
class TrackOptions:
    """For how long an import is followed, and whether Mateo is sent our reference with it."""

    tracking_hours: float
    send_reference_id: bool


@dataclass(frozen=True, slots=True)
class Tracking:
    """Looks at imports; made once per process. `clock` gives seconds since the epoch."""

    parts: Parts
    options: TrackOptions
    clock: Callable[[], float]
    emit: Emit

    def track(self, reference: str, *, submit_deadline: float, deadline: float) -> Tracked:
        """Look at the import `reference` once, and do what is due.

        Args:
            reference: of the import; the execution has the same name.
            submit_deadline: when its first submitter is certainly gone (s since the epoch).
            deadline: when this process is certainly gone (s since the epoch).
        """
        entry = self.parts.ledger.get(reference)
        if entry is not None:
            return _Look(self, entry, deadline).take()
        left = submit_deadline + GONE_S - self.clock()
        if left > 0:
            return _wait(min(left, UNSEEN_WAIT_S))
        if not self.parts.ledger.bury(reference):
            return _wait(SHORTEST_WAIT_S)  # there is an entry after all
        self.emit("import.abandoned", reference=reference, reason="import.abandoned")
        return Tracked(Status.ABANDONED)


class _Look:
    """One look at an import that has an entry."""

    def __init__(self, tools: Tracking, entry: Entry, deadline: float) -> None:
        self._parts = tools.parts
        self._options = tools.options
        self._clock = tools.clock
        self._emit = tools.emit
        self._entry = entry
        self._deadline = deadline
        self._give_up_at = entry.created_at + tools.options.tracking_hours * 3_600

    def take(self) -> Tracked:
        if self._entry.state in _ENDED:
            return _ENDED[self._entry.state]
        try:
            tracked = self._step()
        except HINDRANCES as hindrance:
            tracked = self._hindered(hindrance)
        if tracked.status is not Status.WAIT:
            return tracked
        left = self._give_up_at - self._clock()
        if left <= 0:
            return _GAVE_UP
        return replace(tracked, wait_s=min(tracked.wait_s, math.ceil(left)))

    def _step(self) -> Tracked:
        match self._entry.state:
            case State.SENT:
                return self._follow()
            case State.INTENDED:
                return self._take_over()
            case _:
                return self._reconcile()

    def _hindered(self, hindrance: Exception) -> Tracked:
        if isinstance(hindrance, CredentialsRefused) and self._parts.api.renew_token():
            return _wait(SHORTEST_WAIT_S)
        waiting = waiting_for(hindrance, age_s=self._age(), now=self._clock())
        tracked = _wait(waiting.wait_s, waiting.reason)
        self._say("import.waiting", reason=tracked.reason, wait_s=tracked.wait_s)
        return tracked

    def _say(self, event: str, **keys: object) -> None:
        entry = self._entry
        self._emit(event, reference=entry.reference, type=entry.type, rows=entry.rows, **keys)

    def _age(self) -> float:
        return self._clock() - max(self._entry.created_at, self._entry.posted_at)

    def _slot(self) -> Slot:
        self._parts.api.make_ready()
        return self._parts.budget.take_slot(deadline=self._deadline - CALL_S, for_tracking=True)

    # intended

    def _take_over(self) -> Tracked:
        """Go on for a submitter that is gone: whether it posted is not known."""
        entry = self._entry
        left = entry.deadline + GONE_S - self._clock()
        if left > 0:
            return _wait(min(left, pace(self._age())))
        # If it was posted, then once and before the deadline.
        if not self._parts.ledger.advance(
            entry.reference,
            source=[State.INTENDED],
            target=State.UNKNOWN,
            posts=1,
            posted_at=entry.deadline,
        ):
            return _wait(SHORTEST_WAIT_S)
        self._entry = entry._replace(state=State.UNKNOWN, posts=1, posted_at=entry.deadline)
        self._say("import.unknown")
        return self._reconcile()

    # sent

    def _follow(self) -> Tracked:
        if not _is_done(self._entry) and not self._is_fresh():
            if not self._parts.ledger.claim_round(not_since=self._clock() - ROUND_S):
                return _wait(SHORTEST_WAIT_S)  # somebody asks for all just now
            self._poll()
        if _is_done(self._entry):
            return Tracked(Status.FINISHED)
        return _wait(pace(self._age()))

    def _is_fresh(self) -> bool:
        last_wait = min(max(self._age() / 2, SHORTEST_WAIT_S), LONGEST_WAIT_S)
        return self._clock() - self._entry.polled_at < FRESH * last_wait

    def _poll(self) -> None:
        """Ask for this import and up to 49 others, and write down what Mateo says of each."""
        asked = [self._entry, *self._others()]
        slot = self._slot()
        polled_at = self._clock()
        answers: Mapping[str, ImportStatus] = {}
        try:
            answers = self._parts.api.poll(slot, [entry.import_id for entry in asked])
        finally:  # a poll without an answer, too, spares the others theirs
            now = [
                self._parts.ledger.record_poll(
                    entry, polled_at=polled_at, counts=_counts(answers.get(entry.import_id))
                )
                for entry in asked
            ]
        self._entry = now[0]

    def _others(self) -> Sequence[Entry]:
        others = [
            entry
            for entry in self._parts.ledger.open_imports(OPEN_LIMIT)
            if entry.state is State.SENT
            and entry.reference != self._entry.reference
            and not _is_done(entry)
        ]
        return sorted(others, key=lambda entry: entry.polled_at)[: POLL_PAGE - 1]

    # unknown

    def _reconcile(self) -> Tracked:
        wait = self._proven_absent_at() - self._clock()
        if self._entry.absent and wait > 0:
            return _wait(wait)
        lookup = Lookup(self._parts.api, self._parts.ledger, self._slot)
        matches = lookup.matches(self._entry, by_reference=self._options.send_reference_id)
        if matches:
            return self._adopt(matches)
        if not self._entry.absent:
            return self._note_absence()
        if self._clock() >= self._give_up_at:
            return Tracked(Status.SEND_BACK)
        if self._entry.posts >= MOST_POSTS:
            return Tracked(Status.SEND_BACK)
        wait = self._entry.posted_at + pause_after(self._entry.posts) - self._clock()
        return _wait(wait) if wait > 0 else self._post_again()

    def _proven_absent_at(self) -> float:
        """When a second lookup in vain proves that the import was not created."""
        entry = self._entry
        visible_at = max(entry.absent_at, entry.posted_at) + LAG_S
        # A process that posts again may still be at it if it has not said what became of it.
        return max(visible_at, entry.deadline + GONE_S) if entry.posts > 1 else visible_at

    def _note_absence(self) -> Tracked:
        now = self._clock()
        self._parts.ledger.advance(
            self._entry.reference,
            source=[State.UNKNOWN],
            target=State.UNKNOWN,
            absent=1,
            absent_at=now,
        )
        self._entry = self._entry._replace(absent=1, absent_at=now)
        return _wait(self._proven_absent_at() - now)

    def _adopt(self, matches: Sequence[ImportStatus]) -> Tracked:
        """Take the oldest match for ours; the report tells if there were several."""
        ledger, reference = self._parts.ledger, self._entry.reference
        for oldest in matches:
            if not ledger.claim_import(oldest.id, reference):
                continue  # it became another entry's just now
            if ledger.advance(
                reference,
                source=[State.UNKNOWN],
                target=State.SENT,
                import_id=oldest.id,
                found=len(matches),
            ):
                self._say("import.found", found=len(matches))
            break
        return _wait(SHORTEST_WAIT_S)

    def _post_again(self) -> Tracked:
        """Post the frozen body once more, under the same reference and today's budget."""
        entry, ledger = self._entry, self._parts.ledger
        frozen = self._parts.archive.thaw(entry.reference)
        if frozen is None:
            return _GAVE_UP
        slot = self._slot()
        try:
            moved = slot.day == entry.day or ledger.move_hold(entry, day=slot.day)
        except LimitReached as error:  # today belongs to others: the queue waits for tomorrow
            return Tracked(Status.SEND_BACK, reason=error.code)
        if not moved:
            return _wait(SHORTEST_WAIT_S)
        if not ledger.begin_post(entry, posted_at=self._clock(), deadline=self._deadline):
            return _wait(SHORTEST_WAIT_S)
        try:
            posted = self._parts.api.create(slot, frozen.body)
        except SlotTooFar:
            self._take_back()
            raise
        self._say("import.posted_again", outcome=posted.outcome.value, status=posted.status)
        return self._settle(posted)

    def _settle(self, posted: Posted) -> Tracked:
        match posted.outcome:
            case Outcome.SENT:
                self._parts.ledger.advance(
                    self._entry.reference,
                    source=[State.UNKNOWN],
                    target=State.SENT,
                    import_id=posted.import_id,
                )
            case Outcome.REFUSED | Outcome.REFUSED_WHOLE:
                return Tracked(Status.SEND_BACK, reason="import.refused_by_mateo")
            case Outcome.CREDENTIALS:
                self._take_back()
                raise CredentialsRefused(f"POST /import answered {posted.status}")
            case Outcome.RATE_LIMITED | Outcome.NOT_SENT:
                self._take_back()
                raise MateoUnavailable(posted.message, retry_after_s=posted.retry_after_s)
        return _wait(SHORTEST_WAIT_S)

    def _take_back(self) -> None:
        """That post certainly created nothing: as if it had not been tried."""
        entry = self._entry
        self._parts.ledger.advance(
            entry.reference,
            source=[State.UNKNOWN],
            target=State.UNKNOWN,
            posts=entry.posts,
            posted_at=entry.posted_at,
            absent=1,
            absent_at=entry.absent_at,
        )


def pause_after(posts: int) -> float:
    """Seconds between the last post of an import and the next one, longer each time."""
    return min(LAG_S * 2.0 ** (posts - 1), LONGEST_PAUSE_S)


def _wait(seconds: float, reason: str = "") -> Tracked:
    return Tracked(Status.WAIT, max(1, math.ceil(seconds)), reason)


def _is_done(entry: Entry) -> bool:
    """Whether Mateo has counted every row; any other total may still grow for a while."""
    if not entry.is_counted:
        return False
    stays = entry.confirmed_at - entry.counted_at >= BELIEVED_AFTER_S
    return entry.total_count == entry.rows or (bool(entry.total_count) and stays)


def _counts(status: ImportStatus | None) -> dict[str, int]:
    """What Mateo has counted so far."""
    if status is None:
        return {}
    counts = {
        "total_count": status.total_count,
        "success_count": status.success_count,
        "failed_count": status.failed_count,
    }
    return {name: count for name, count in counts.items() if count is not None}
