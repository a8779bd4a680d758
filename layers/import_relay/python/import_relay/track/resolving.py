"""Finds out what became of an import whose answer was lost. Called by `tracking`, look by look.

    found        adopted: it is followed like any other
    may be it    nothing is posted and a person is asked; given up once its tracking time is over
    absent       twice, far enough apart: posted again, or its records go back to the queue

Only what Mateo answers counts: while it cannot be asked, nothing is posted and nothing given up.
"""

from collections.abc import Sequence
from typing import Any

from import_relay.domain.errors import CredentialsRefused, LimitReached, SlotTooFar
from import_relay.mateo.client import ImportStatus, MateoUnavailable, Posted
from import_relay.mateo.outcomes import Outcome
from import_relay.mateo.waiting import SHORTEST_WAIT_S, pace
from import_relay.storage.ledger import State
from import_relay.track.looking import GAVE_UP, GONE_S, Look, Status, Tracked, after_answer, wait
from import_relay.track.reconciling import Lookup

LAG_S = 60.0
"""How late a new import may show up in lists; two absences this far apart are believed."""
MOST_POSTS = 6
"""An import is posted again at most five times; then its records go back to the queue."""
LONGEST_PAUSE_S = 3_600.0


def resolve(look: Look) -> Tracked:
    """Look an unknown import up, and do what follows from that.

    Raises:
        MateoUnavailable, CredentialsRefused, SlotTooFar, LimitReached: Mateo cannot be asked.
    """
    early_s = _proven_absent_at(look) - look.clock()
    if look.entry.absent and early_s > 0:
        return wait(early_s)
    lookup = Lookup(look.parts.api, look.parts.ledger, look.parts.archive, look.take_slot)
    found = lookup.look(look.entry, by_reference=look.options.send_reference_id, now=look.clock())
    if found.matches:
        return _adopt(look, found.matches)
    is_absent = not found.suspects
    was_absent = bool(look.entry.absent)
    _note(look, found.suspects)
    if not is_absent:
        return GAVE_UP if look.is_over() else _ask_a_person(look)
    if not was_absent:
        return wait(_proven_absent_at(look) - look.clock())
    if look.is_over() or look.entry.posts >= MOST_POSTS:
        return Tracked(Status.SEND_BACK)
    pause_s = look.entry.posted_at + pause_after(look.entry.posts) - look.clock()
    return wait(pause_s) if pause_s > 0 else _post_again(look)


def pause_after(posts: int) -> float:
    """Seconds between the last post of an import and the next one, longer each time."""
    return min(LAG_S * 2.0 ** (posts - 1), LONGEST_PAUSE_S)


def _proven_absent_at(look: Look) -> float:
    """When a second lookup in vain proves that the import was not created."""
    entry = look.entry
    visible_at = max(entry.absent_at, entry.posted_at) + LAG_S
    # A process that posts again may still be at it if it has not said what became of it.
    return max(visible_at, entry.deadline + GONE_S) if entry.posts > 1 else visible_at


def _note(look: Look, suspects: Sequence[str]) -> None:
    """Write down what a look has shown: that Mateo answered, and which imports may be this one.

    What may be there is not absent: to be believed, two absences have to follow each other.
    """
    now = look.clock()
    changes: dict[str, Any] = {**after_answer(look.entry, now), "suspects": " ".join(suspects)}
    if suspects:
        changes |= {"absent": 0, "absent_at": 0.0}
    elif not look.entry.absent:
        changes |= {"absent": 1, "absent_at": now}
    look.parts.ledger.advance(
        look.entry.reference, source=[State.UNKNOWN], target=State.UNKNOWN, **changes
    )
    look.entry = look.entry._replace(**changes)


def _ask_a_person(look: Look) -> Tracked:
    """Say that imports in Mateo may be this one; meanwhile it is not posted again."""
    tracked = wait(pace(look.age()), "import.ambiguous")
    look.say(
        "import.waiting",
        reason=tracked.reason,
        wait_s=tracked.wait_s,
        suspects=look.entry.suspects.split(),
    )
    return tracked


def _adopt(look: Look, matches: Sequence[ImportStatus]) -> Tracked:
    """Take the oldest match for ours; the report tells if there were several."""
    ledger, reference = look.parts.ledger, look.entry.reference
    for oldest in matches:
        if not ledger.claim_import(oldest.id, reference):
            continue  # it became another entry's just now
        if ledger.advance(
            reference,
            source=[State.UNKNOWN],
            target=State.SENT,
            import_id=oldest.id,
            found=len(matches),
            suspects=None,
        ):
            look.say("import.found", found=len(matches))
        break
    return wait(SHORTEST_WAIT_S)


def _post_again(look: Look) -> Tracked:
    """Post the frozen body once more, under the same reference and today's budget."""
    entry, ledger = look.entry, look.parts.ledger
    frozen = look.parts.archive.thaw(entry.reference)
    if frozen is None:
        return GAVE_UP
    slot = look.take_slot()
    try:
        moved = slot.day == entry.day or ledger.move_hold(entry, day=slot.day)
    except LimitReached as error:  # today belongs to others: the queue waits for tomorrow
        return Tracked(Status.SEND_BACK, reason=error.code)
    if not moved:
        return wait(SHORTEST_WAIT_S)
    if not ledger.begin_post(entry, posted_at=look.clock(), deadline=look.deadline):
        return wait(SHORTEST_WAIT_S)
    try:
        posted = look.parts.api.create(slot, frozen.body)
    except SlotTooFar:
        _take_back(look)
        raise
    look.say("import.posted_again", outcome=posted.outcome.value, status=posted.status)
    return _settle(look, posted)


def _settle(look: Look, posted: Posted) -> Tracked:
    match posted.outcome:
        case Outcome.SENT:
            look.parts.ledger.advance(
                look.entry.reference,
                source=[State.UNKNOWN],
                target=State.SENT,
                import_id=posted.import_id,
            )
        case Outcome.REFUSED | Outcome.REFUSED_WHOLE:
            return Tracked(Status.SEND_BACK, reason="import.refused_by_mateo")
        case Outcome.CREDENTIALS:
            _take_back(look)
            raise CredentialsRefused(f"POST /import answered {posted.status}")
        case Outcome.RATE_LIMITED | Outcome.NOT_SENT:
            _take_back(look)
            raise MateoUnavailable(posted.message, retry_after_s=posted.retry_after_s)
    return wait(SHORTEST_WAIT_S)


def _take_back(look: Look) -> None:
    """That post certainly created nothing: as if it had not been tried."""
    entry = look.entry
    look.parts.ledger.advance(
        entry.reference,
        source=[State.UNKNOWN],
        target=State.UNKNOWN,
        posts=entry.posts,
        posted_at=entry.posted_at,
        absent=1,
        absent_at=entry.absent_at,
    )
