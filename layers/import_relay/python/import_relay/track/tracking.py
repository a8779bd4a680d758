"""The use case of track_import: one poll of one import, again and again until it has ended.

The state machine calls it, waits for as long as it says, and calls it again:

    no entry   nothing was sent. Once its submitter is certainly gone, a tombstone is written
    intended   being sent. Once its submitter is certainly gone, it counts as unknown
    unknown    sent or not: looked up; adopted when found, posted again when certainly absent
    sent       asked for, in one request with the others that are under way

Nobody else acts on an import whose submitter is gone, so tracking needs no lock. What two
executions could do at once is a conditional write. An import is given up once Mateo has been asked
for `tracking_hours` and still has not finished it: while Mateo cannot be asked, no time passes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from types import MappingProxyType

from import_relay.domain.errors import CredentialsRefused
from import_relay.domain.log_events import Emit
from import_relay.mateo.client import POLL_PAGE, ImportStatus
from import_relay.mateo.waiting import BLOCKERS, MIN_WAIT_S, waiting_for
from import_relay.storage.entries import Entry, State
from import_relay.track.polling import (
    GONE_S,
    TIMED_OUT,
    Poll,
    Tracked,
    TrackingParts,
    TrackingStatus,
    TrackOptions,
    after_answer,
    wait,
)
from import_relay.track.resolving import resolve

__all__ = ["TrackOptions", "Tracked", "Tracking", "TrackingParts", "TrackingStatus"]

UNSEEN_WAIT_S = 15.0
"""Between two lookups of an entry that its submitter has not written yet."""
ROUND_S = 4.0
"""Polls are at least this far apart, however many imports are under way."""
FRESH = 0.8
"""Imports polled within this fraction of their last wait are skipped."""
BELIEVED_AFTER_S = 3_600.0
"""Counts that add up, but not to our number of rows, are final once they stay for so long. Zeros
are not: an import that Mateo has not begun may poll like that.
"""

_CLOSED: Mapping[State, Tracked] = MappingProxyType(
    {
        State.FINISHED: Tracked(TrackingStatus.FINISHED),
        State.TIMED_OUT: TIMED_OUT,
        State.REFUSED: Tracked(TrackingStatus.ABANDONED),
        State.ABANDONED: Tracked(TrackingStatus.ABANDONED),
    }
)


@dataclass(frozen=True, slots=True)
class Tracking:
    """Looks at imports; made once per process. `clock` gives seconds since the epoch."""

    parts: TrackingParts
    options: TrackOptions
    clock: Callable[[], float]
    emit: Emit

    def track(self, reference: str, *, submit_deadline: float, deadline: float) -> Tracked:
        """Poll the import `reference` once, and do what is due.

        Args:
            reference: of the import; the execution has the same name.
            submit_deadline: when its first submitter is certainly gone (s since the epoch).
            deadline: when this process is certainly gone (s since the epoch).
        """
        entry = self.parts.ledger.get(reference)
        if entry is not None:
            return _take(Poll(self.parts, self.options, self.clock, self.emit, entry, deadline))
        left = submit_deadline + GONE_S - self.clock()
        if left > 0:
            return wait(min(left, UNSEEN_WAIT_S))
        if not self.parts.ledger.write_tombstone(reference):
            return wait(MIN_WAIT_S)  # there is an entry after all
        self.emit("import.abandoned", reference=reference, reason="import.abandoned")
        return Tracked(TrackingStatus.ABANDONED)


def _take(poll: Poll) -> Tracked:
    if poll.entry.state in _CLOSED:
        return _CLOSED[poll.entry.state]
    try:
        match poll.entry.state:
            case State.SENT:
                return _follow(poll)
            case State.INTENDED:
                return _take_over(poll)
            case _:
                return resolve(poll)
    except BLOCKERS as blocker:
        return _blocked(poll, blocker)


def _blocked(poll: Poll, blocker: Exception) -> Tracked:
    if isinstance(blocker, CredentialsRefused) and poll.parts.api.renew_token():
        return wait(MIN_WAIT_S)
    waiting = waiting_for(
        blocker,
        age_s=poll.age(),
        now=poll.clock(),
        limits=poll.parts.permits.limits,
        longest_s=poll.longest_wait_s,
    )
    tracked = wait(waiting.wait_s, waiting.reason)
    poll.say("import.waiting", reason=tracked.reason, wait_s=tracked.wait_s)
    return tracked


# intended


def _take_over(poll: Poll) -> Tracked:
    """Go on in place of a submitter that is gone: nobody knows whether it posted."""
    entry = poll.entry
    left = entry.deadline + GONE_S - poll.clock()
    if left > 0:
        return wait(min(left, poll.pace()))
    # If it was posted, then once and before the deadline.
    if not poll.parts.ledger.advance(
        entry.reference,
        expected=[State.INTENDED],
        target=State.UNKNOWN,
        posts=1,
        posted_at=entry.deadline,
    ):
        return wait(MIN_WAIT_S)
    poll.entry = entry._replace(state=State.UNKNOWN, posts=1, posted_at=entry.deadline)
    poll.say("import.unknown")
    return resolve(poll)


# sent


def _follow(poll: Poll) -> Tracked:
    if not _is_done(poll.entry) and not _is_fresh(poll):
        apart_s = max(ROUND_S, poll.round_s) if _takes_long(poll) else ROUND_S
        if poll.parts.ledger.claim_round(not_since=poll.clock() - apart_s):
            _poll(poll)
        elif not _takes_long(poll):
            return wait(MIN_WAIT_S)  # another execution asks for up to 50 of them just now
    if _is_done(poll.entry):
        return Tracked(TrackingStatus.FINISHED)
    if poll.is_over():
        return TIMED_OUT
    if _may_be_done(poll.entry):  # the report waits until the list names all other rows
        return Tracked(TrackingStatus.FINISHED)
    return wait(poll.pace())


def _is_fresh(poll: Poll) -> bool:
    return poll.clock() - poll.entry.polled_at < FRESH * _last_wait(poll)


def _takes_long(poll: Poll) -> bool:
    """Whether the longest wait is reached. All polls for such imports share a part of the day's
    requests; an import whose own poll would exceed it is asked about with the next one.
    """
    return _last_wait(poll) >= poll.longest_wait_s


def _last_wait(poll: Poll) -> float:
    return min(max(poll.age() / 2, MIN_WAIT_S), poll.longest_wait_s)


def _poll(poll: Poll) -> None:
    """Ask for this import and up to 49 others, and write down what Mateo says of each."""
    asked = [poll.entry, *_others(poll)]
    permit = poll.acquire_permit()
    polled_at = poll.clock()
    answers: Mapping[str, ImportStatus] | None = None
    try:
        answers = poll.parts.api.poll(permit, [entry.import_id for entry in asked])
    finally:  # a poll without an answer counts, too: the others need not ask
        now = [_polled(poll, entry, polled_at, answers) for entry in asked]
    poll.entry = now[0]


def _polled(
    poll: Poll, entry: Entry, polled_at: float, answers: Mapping[str, ImportStatus] | None
) -> Entry:
    """What an entry says after a poll; only one that Mateo answered counts as tracking time."""
    longest_s = poll.alone_s
    answered = {} if answers is None else after_answer(entry, polled_at, longest_wait_s=longest_s)
    return poll.parts.ledger.record_poll(
        entry,
        polled_at=polled_at,
        counts=_counts((answers or {}).get(entry.import_id)),
        answered=answered,
    )


def _others(poll: Poll) -> Sequence[Entry]:
    """Of all open imports that were sent, those that were polled longest ago."""
    others = [
        entry
        for entry in poll.parts.ledger.open_imports()
        if entry.state is State.SENT
        and entry.reference != poll.entry.reference
        and not _is_done(entry)
    ]
    return nsmallest(POLL_PAGE - 1, others, key=lambda entry: entry.polled_at)


def _is_done(entry: Entry) -> bool:
    """Whether Mateo has counted every row; any other total may still grow for a while, and a row
    may still be missing where failed rows count more than once.
    """
    if entry.is_counted and entry.total_count == entry.rows:
        return True
    may_be_final = entry.is_counted or entry.is_overcounted
    return may_be_final and bool(entry.total_count) and _stays(entry)


def _may_be_done(entry: Entry) -> bool:
    """Whether every row may be counted by a Mateo that counts no failed rows.

    If it has not begun, its list names no row, and the report waits.
    """
    if entry.failed_count is not None or entry.total_count != entry.rows:
        return False
    imported = entry.success_count
    return imported is not None and imported < entry.rows and _stays(entry)


def _stays(entry: Entry) -> bool:
    return entry.confirmed_at - entry.counted_at >= BELIEVED_AFTER_S


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
