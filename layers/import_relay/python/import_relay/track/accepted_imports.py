"""Recognises an import that Mateo accepted without naming its id, where its rows tell nothing.

Called by `reconciling`. Mateo said that it had created the import, so it exists, and after `LAG_S`
it is listed. If only one listed import can be it, it is that one. Imports are posted one after the
other. So if several of the same size were accepted within minutes, and Mateo lists as many, they
were created in the order in which they were posted.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from import_relay.mateo.client import ImportStatus
from import_relay.storage.clocks import CLOCK_SKEW_S
from import_relay.storage.entries import Entry

WINDOW_S = 120.0
"""How far Mateo's clock may be from ours when an import is looked up by time."""
LAG_S = 60.0
"""How late a new import may show up in lists."""


def is_listed_by(entry: Entry, now: float) -> bool:
    """Whether Mateo accepted the import, and long enough ago for it to be listed."""
    return bool(entry.accepted_at) and now >= entry.accepted_at + LAG_S


def is_of_its_time(listed: ImportStatus, entry: Entry) -> bool:
    """Whether Mateo created an import when this one was posted; their clocks may differ."""
    if listed.created_at is None:
        return False
    created_at = listed.created_at.timestamp()
    return posting_began(entry) - WINDOW_S <= created_at <= entry.accepted_at + WINDOW_S


def posting_began(entry: Entry) -> float:
    """The earliest time at which the import can have been posted."""
    return entry.posted_at if entry.posts > 1 else entry.created_at


def contemporaries(entry: Entry, unknown: Iterable[Entry]) -> Sequence[Entry]:
    """Accepted imports of the same type and size that may have been created at the same time.

    In the order in which they were posted; the entry is one of them.
    """
    alike = {entry.reference: entry} | {
        one.reference: one
        for one in unknown
        if one.accepted_at and (one.type, one.rows) == (entry.type, entry.rows)
    }
    ordered = sorted(alike.values(), key=posting_began)
    begin = end = ordered.index(entry)
    while begin and _is_close(ordered[begin - 1], ordered[begin]):
        begin -= 1
    while end + 1 < len(ordered) and _is_close(ordered[end], ordered[end + 1]):
        end += 1
    return ordered[begin : end + 1]


def by_order(
    entry: Entry, accepted: Sequence[Entry], listed: Sequence[ImportStatus], now: float
) -> ImportStatus | None:
    """Which of the listed imports this one is, if the order in which they were posted tells.

    Args:
        entry: the import that is looked for.
        accepted: its `contemporaries`.
        listed: all imports of that type and time that belong to nobody, oldest first.
        now: in s since the epoch.
    """
    if len(accepted) != len(listed) or not all(is_listed_by(one, now) for one in accepted):
        return None
    if not all(_is_before(*pair) for pair in pairwise(accepted)):
        return None
    if not all(_was_created_before(*pair) for pair in pairwise(listed)):
        return None
    pairs = list(zip(accepted, listed, strict=True))
    if not all(one.total_count == of.rows and is_of_its_time(one, of) for of, one in pairs):
        return None
    return next((one for of, one in pairs if of.reference == entry.reference), None)


def _is_close(earlier: Entry, later: Entry) -> bool:
    return posting_began(later) - earlier.accepted_at <= 2 * WINDOW_S


def _is_before(earlier: Entry, later: Entry) -> bool:
    """Whether one import was certainly posted before the other, by the clocks of two functions.

    One submitter has one clock; its deadline tells it from others.
    """
    are_first_posts = earlier.posts == later.posts == 1
    skew_s = 0.0 if are_first_posts and earlier.deadline == later.deadline else CLOCK_SKEW_S
    return posting_began(later) - earlier.accepted_at >= skew_s


def _was_created_before(earlier: ImportStatus, later: ImportStatus) -> bool:
    first, second = earlier.created_at, later.created_at
    return first is not None and second is not None and first < second
