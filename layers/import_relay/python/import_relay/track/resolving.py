"""Finds out what became of an import whose answer was lost. Called by `tracking`, poll by poll.

    found          adopted: it is followed like any other
    uncertain      nothing is posted and a person is asked; given up once its tracking time is over
                   (if Mateo accepted it, the person is asked an hour later)
    absent once    looked for again, late enough to be sure
    absent         posted again, or its records go back to the queue

Only what Mateo answers counts: while it cannot be asked, nothing is posted and nothing given up.
Once the import is found or was posted again, its tracking time begins anew.
"""

from collections.abc import Sequence
from enum import Enum, auto
from typing import Any

from import_relay.domain.errors import CredentialsRefused, LimitReached, PermitTooFar
from import_relay.mateo.client import MateoUnavailable, Posted
from import_relay.mateo.post_results import PostResult
from import_relay.mateo.waiting import MIN_WAIT_S, pace
from import_relay.storage.entries import State
from import_relay.track.accepted_imports import LAG_S
from import_relay.track.polling import (
    GONE_S,
    TIMED_OUT,
    Poll,
    Tracked,
    TrackingStatus,
    after_answer,
    wait,
)
from import_relay.track.reconciling import FoundImports, ImportLookup

MAX_POSTS = 6
"""An import is posted again at most five times; then its records go back to the queue."""
MAX_REPOST_PAUSE_S = 3_600.0
ASKS_AFTER_S = 3_600.0
"""Within this time an accepted import is listed, and can mostly be told from others."""
LOOKUP_WAIT_S = 3_600.0
"""Between two lookups of an import that stays uncertain for longer: each reads every import of
Mateo that may be it, one request each.
"""


class SearchState(Enum):
    """What the lookups so far say; the table above says what follows from it."""

    FOUND = auto()
    UNCERTAIN = auto()
    ABSENT_ONCE = auto()
    ABSENT = auto()


def resolve(poll: Poll) -> Tracked:
    """Look an unknown import up, and do what follows from that.

    Raises:
        MateoUnavailable, CredentialsRefused, PermitTooFar, LimitReached: Mateo cannot be asked.
    """
    early_s = _proven_absent_at(poll) - poll.clock()
    if poll.entry.absent and early_s > 0:
        return wait(early_s)
    lookup = ImportLookup(
        poll.parts.api, poll.parts.ledger, poll.parts.archive, poll.acquire_permit
    )
    found = lookup.poll(poll.entry, by_reference=poll.options.send_reference_id, now=poll.clock())
    state = search_state(found, was_absent=bool(poll.entry.absent))
    if state is not SearchState.FOUND:
        _note(poll, found.suspects)
    match state:
        case SearchState.FOUND:
            return _adopt(poll, found)
        case SearchState.UNCERTAIN:
            return TIMED_OUT if poll.is_over() else _uncertain(poll)
        case SearchState.ABSENT_ONCE:
            return wait(_proven_absent_at(poll) - poll.clock())
        case SearchState.ABSENT:
            return _send_again(poll)


def search_state(found: FoundImports, *, was_absent: bool) -> SearchState:
    """How far the search is; `was_absent`: the lookup before this one found nothing either."""
    if found.matches:
        return SearchState.FOUND
    if found.suspects:
        return SearchState.UNCERTAIN
    return SearchState.ABSENT if was_absent else SearchState.ABSENT_ONCE


def _send_again(poll: Poll) -> Tracked:
    """Post the import again once its pause is over; in the end its records go back to the queue."""
    if poll.is_over() or poll.entry.posts >= MAX_POSTS:
        return Tracked(TrackingStatus.REQUEUE)
    pause_s = poll.entry.posted_at + pause_after(poll.entry.posts) - poll.clock()
    return wait(pause_s) if pause_s > 0 else _repost(poll)


def pause_after(posts: int) -> float:
    """Seconds between the last post of an import and the next one, longer each time."""
    return min(LAG_S * 2.0 ** (posts - 1), MAX_REPOST_PAUSE_S)


def _proven_absent_at(poll: Poll) -> float:
    """When a second failed lookup, `LAG_S` after the first, proves that it was not created."""
    entry = poll.entry
    visible_at = max(entry.absent_at, entry.posted_at) + LAG_S
    # A process that posts it again may still be doing so if it has not written down the result.
    return max(visible_at, entry.deadline + GONE_S) if entry.posts > 1 else visible_at


def _note(poll: Poll, suspects: Sequence[str]) -> None:
    """Write down what a poll has shown: that Mateo answered, and which imports may be this one.

    Where one may be, the import is not absent: only two absences in a row prove that it is not
    there.
    """
    now = poll.clock()
    changes: dict[str, Any] = {
        **after_answer(poll.entry, now, longest_wait_s=_at_least(poll, poll.alone_s)),
        "suspects": " ".join(suspects),
    }
    if suspects:
        changes |= {"absent": 0, "absent_at": 0.0}
    elif not poll.entry.absent:
        changes |= {"absent": 1, "absent_at": now}
    poll.parts.ledger.advance(
        poll.entry.reference, expected=[State.UNKNOWN], target=State.UNKNOWN, **changes
    )
    poll.entry = poll.entry._replace(**changes)


def _at_least(poll: Poll, wait_s: float) -> float:
    """This wait, or that between two lookups of an import that is uncertain, if it is longer."""
    is_old = poll.age() >= ASKS_AFTER_S
    return max(wait_s, LOOKUP_WAIT_S if is_old else 0.0)


def _uncertain(poll: Poll) -> Tracked:
    """Log that imports in Mateo may be this one. While that is open, it is not posted again."""
    if poll.clock() < poll.entry.accepted_at + ASKS_AFTER_S:
        return wait(poll.pace())
    tracked = wait(pace(poll.age(), _at_least(poll, poll.longest_wait_s)), "import.ambiguous")
    poll.say(
        "import.waiting",
        reason=tracked.reason,
        wait_s=tracked.wait_s,
        suspects=poll.entry.suspects.split(),
    )
    return tracked


def _adopt(poll: Poll, found: FoundImports) -> Tracked:
    """Take the oldest match for ours; the report tells if there were several."""
    ledger, reference = poll.parts.ledger, poll.entry.reference
    for oldest in found.matches:
        if not ledger.claim_import(oldest.id, reference):
            continue  # it became another entry's just now
        if ledger.advance(
            reference,
            expected=[State.UNKNOWN],
            target=State.SENT,
            answered_s=0.0,
            import_id=oldest.id,
            found=len(found.matches),
            inferred=int(found.is_inferred),
            suspects=None,
        ):
            poll.say("import.found", found=len(found.matches), inferred=found.is_inferred)
        break
    return wait(MIN_WAIT_S)


def _repost(poll: Poll) -> Tracked:
    """Post the frozen body once more, under the same reference and today's quota."""
    entry, ledger = poll.entry, poll.parts.ledger
    frozen = poll.parts.archive.load(entry.reference)
    if frozen is None:
        return TIMED_OUT
    permit = poll.acquire_permit()
    try:
        moved = permit.day == entry.day or ledger.move_reservation(entry, day=permit.day)
    except LimitReached as error:  # today belongs to others: the queue waits for tomorrow
        return Tracked(TrackingStatus.REQUEUE, reason=error.code)
    if not moved:
        return wait(MIN_WAIT_S)
    if not ledger.begin_post(entry, posted_at=poll.clock(), deadline=poll.deadline):
        return wait(MIN_WAIT_S)
    try:
        posted = poll.parts.api.create(permit, frozen.body)
    except PermitTooFar:
        _take_back(poll)
        raise
    poll.say("import.reposted", outcome=posted.outcome.value, status=posted.status)
    return _decide(poll, posted)


def _decide(poll: Poll, posted: Posted) -> Tracked:
    match posted.outcome:
        case PostResult.SENT:
            poll.parts.ledger.advance(
                poll.entry.reference,
                expected=[State.UNKNOWN],
                target=State.SENT,
                answered_s=0.0,
                import_id=posted.import_id,
            )
        case PostResult.ACCEPTED:
            poll.parts.ledger.advance(
                poll.entry.reference,
                expected=[State.UNKNOWN],
                target=State.UNKNOWN,
                answered_s=0.0,
                accepted_at=poll.clock(),
            )
        case PostResult.REFUSED | PostResult.REFUSED_WHOLE:
            return Tracked(TrackingStatus.REQUEUE, reason="import.refused_by_mateo")
        case PostResult.CREDENTIALS:
            _take_back(poll)
            raise CredentialsRefused(f"POST /import answered {posted.status}")
        case PostResult.RATE_LIMITED | PostResult.NOT_SENT:
            _take_back(poll)
            raise MateoUnavailable(posted.message, retry_after_s=posted.retry_after_s)
    return wait(MIN_WAIT_S)


def _take_back(poll: Poll) -> None:
    """That post certainly created nothing: count it as if it had not been made."""
    entry = poll.entry
    poll.parts.ledger.advance(
        entry.reference,
        expected=[State.UNKNOWN],
        target=State.UNKNOWN,
        posts=entry.posts,
        posted_at=entry.posted_at,
        absent=1,
        absent_at=entry.absent_at,
    )
