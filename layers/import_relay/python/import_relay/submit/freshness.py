"""Compares a change with the claim of a field of its record. Called by `merging`.

A field is the whole record, or one column of a partial change. A change has a version, an event and
an item id, and so has a claim. Pure.
"""

from collections.abc import Callable, Iterable, Sequence
from enum import Enum, auto

from import_relay.connectors.shared.event_ids import is_content_id
from import_relay.domain.models import (
    Claim,
    MappedChange,
    ReceiptOrder,
    Watermark,
    item_of,
    receipt_order,
)
from import_relay.domain.replays import original_delivery, replay_id_of

FIRST_TIME, END_OF_TIMES = 10**14, 10**16
"""A version between these is a time (µs since the epoch, 1973 to 2286); others are counters."""
REPETITIONS_KEPT = 8
Order = tuple[int, ReceiptOrder]
"""A version, and when the item was received."""


class Freshness(Enum):
    """Whether a change is news to a field."""

    FRESH = auto()
    DUPLICATE = auto()
    """Another item had the same change."""
    REDELIVERED = auto()
    """The queue delivered the same item before; its outcome is recorded."""
    STALE = auto()


def freshness(
    change: MappedChange, claim: Claim | None, *, whole: Claim | None, was_never_created: bool
) -> Freshness:
    """Compare a change with the last claim of the field. The first row that applies decides.

    Args:
        claim: of the field, by an earlier batch or by this one.
        whole: the claim of the whole record, if the field is a column.
        was_never_created: the import of `claim` never happened and never will.
    """
    if whole is not None and is_older(change, whole) and not _said_after(whole, change, claim):
        return Freshness.STALE
    if claim is None:
        return Freshness.FRESH
    item, attempt = item_of(change.occurrence.item_id)
    claimed_item, claimed_attempt = item_of(claim.item_id)
    same_item = item == claimed_item
    tried_again = claim.failed and attempt > claimed_attempt
    # A sender without versions repeats itself: the version is then the time of receipt.
    same_version = change.version == claim.version or change.by_receipt
    same_event = same_version and _is_of(change, claim)
    # A person put it back, or the claimed one: of two replays the later one counts, and each of
    # them puts back what had ended before. Ids of replays sort by when they were begun. What is
    # put back passes even if its sender repeated it since.
    replay, claimed_replay = map(replay_id_of, (change.occurrence.item_id, claim.item_id))
    table = (
        (same_item and was_never_created, Freshness.FRESH),
        (same_item and tried_again, Freshness.FRESH),
        (same_item, Freshness.REDELIVERED),
        (same_event and was_never_created and replay >= claimed_replay, Freshness.FRESH),
        (same_event and claim.failed, Freshness.FRESH),
        (same_event and replay <= claimed_replay, Freshness.DUPLICATE),
        (same_event, Freshness.FRESH),
        (is_older(change, claim), Freshness.STALE),
    )
    return next((verdict for applies, verdict in table if applies), Freshness.FRESH)


def _said_after(whole: Claim, change: MappedChange, claim: Claim | None) -> bool:
    """Whether a change says again what was said of the field after the whole record was."""
    if claim is None or not says_again(change, claim):
        return False
    if not _versions_compare(claim.version, claim.connection, whole):
        return receipt_order(claim.newest) > receipt_order(whole.newest)
    return claim.order > whole.order


def is_older(change: MappedChange, claim: Claim) -> bool:
    """Whether a claim is of a newer change than this one.

    Of two equal versions, and of two that do not compare, the one that was received earlier is the
    older. A forced replay is older only than changes of the same replay and of later ones.
    """
    replay, claimed = change.occurrence.replay, replay_id_of(claim.item_id)
    if replay and replay.force and claimed != replay.id:
        return claimed > replay.id
    received = receipt_order(change.occurrence.item_id)
    claimed_at = receipt_order(_newest_beside(change, claim))
    if not _versions_compare(change.version, change.occurrence.connection, claim):
        return received < claimed_at
    return (change.version, received) < (claim.version, claimed_at)


def _versions_compare(version: int, connection: str, claim: Claim) -> bool:
    """Whether a version says which is newer, it or a claim: two times do, and two counters of one
    connection.

    A connection may have both, as where its version is empty: then the time of receipt stands for
    it.
    """
    are_times = is_time_version(version)
    if are_times != is_time_version(claim.version):
        return False
    return are_times or claim.connection in ("", connection)


def in_order(changes: Sequence[MappedChange]) -> Callable[[MappedChange], Order]:
    """What sorts the changes of a record: their versions if all of them compare, else receipt."""
    times = {is_time_version(change.version) for change in changes}
    if times == {True}:
        return order_of
    connections = {change.occurrence.connection for change in changes}
    return order_of if len(times) == len(connections) == 1 else _received


def _received(change: MappedChange) -> Order:
    return 0, receipt_order(change.occurrence.item_id)


def is_time_version(version: int) -> bool:
    """Whether a version stands for a time (µs since the epoch); else it is a counter."""
    return FIRST_TIME <= version < END_OF_TIMES


def _newest_beside(change: MappedChange, claim: Claim) -> str:
    """The item id that says when a claim was made, beside a change.

    An event with an id that its sender sends again is no newer than what came in between, but newer
    than what the same delivery brought before it.
    """
    if is_content_id(claim.event):
        return claim.newest
    delivery = original_delivery(change.occurrence.delivery)
    repeated_there = (
        one
        for one in claim.repeated_by.split()
        if original_delivery(one.rpartition("/")[0]) == delivery
    )
    return next(repeated_there, claim.as_new_as or claim.item_id)


def repeated(claim: Claim, change: MappedChange) -> Claim:
    """The claim of a change, once this repetition of it is known.

    An older change may still be on its way. It must not undo what the repetition says, although
    nothing is imported for that.
    """
    again = change.occurrence.item_id
    if says_again(change, claim) and order_of(change) > claim.order:
        return claim._replace(version=change.version, repeated_by=again)
    is_later = receipt_order(again) > receipt_order(claim.item_id)
    if is_later and _is_sent_again(change, claim) and not is_content_id(claim.event):
        return claim._replace(repeated_by=_last({*claim.repeated_by.split(), again}))
    return claim


def _last(repetitions: Iterable[str]) -> str:
    """The last ones, in order. Of an event with an id of its sender several are kept: each delivery
    that repeats it may have brought something else before it.
    """
    return " ".join(sorted(repetitions, key=receipt_order)[-REPETITIONS_KEPT:])


def claim_of(change: MappedChange, before: Claim | None = None) -> Claim:
    """The claim that a change makes. `before`: the claim of an earlier batch that it replaces.

    A change that comes again is as new as its latest repetition. If `before` was repeated after the
    change, what the same delivery brought before that repetition stays older than it.
    """
    occurrence = change.occurrence
    claim = Claim(
        change.version, change.event, occurrence.item_id, connection=occurrence.connection
    )
    if before is None or before.order <= claim.order:
        return claim
    if says_again(change, before):
        return claim._replace(version=before.version, repeated_by=before.newest)
    if _is_sent_again(change, before):
        latest = max(claim.item_id, before.as_new_as or before.item_id, key=receipt_order)
        return claim._replace(
            repeated_by=before.repeated_by, as_new_as="" if latest == claim.item_id else latest
        )
    has_ids = not (is_content_id(claim.event) or is_content_id(before.event))
    if has_ids and before.version == claim.version:
        return claim._replace(repeated_by=before.repeated_by)
    return claim


def says_again(change: MappedChange, claim: Claim) -> bool:
    """Whether a change, which has no id of its sender, says again what a claim said."""
    is_equal = change.by_receipt or change.version == claim.version
    return is_equal and is_content_id(change.event) and _is_of(change, claim)


def _is_sent_again(change: MappedChange, claim: Claim) -> bool:
    """Whether it is the claimed event with its version; `is_older` says what that makes newer."""
    return change.version == claim.version and _is_of(change, claim)


def _is_of(change: MappedChange, claim: Claim) -> bool:
    is_same_sender = claim.connection in ("", change.occurrence.connection)
    return is_same_sender and claim.event == change.event


def is_overtaken(change: MappedChange, claim: Claim) -> bool:
    """Whether a claim under another key of the same person is newer than the change.

    Only versions of one connection that are times can be compared: another connection has another
    clock and other columns, and a counter belongs to one record.
    """
    is_comparable = (
        claim.connection == change.occurrence.connection
        and is_time_version(change.version)
        and is_time_version(claim.version)
    )
    return is_comparable and is_older(change, claim)


def order_of(change: MappedChange) -> Order:
    """The place of a change among those of its record."""
    return change.version, receipt_order(change.occurrence.item_id)


def ends_with_import(
    item_id: str, known: Watermark, was_never_created: Callable[[str], bool]
) -> bool:
    """Whether this attempt at an item or a later one is in an import: then the item ends with it.

    That is so even if its claim belongs to another one by now: one of this batch may have taken
    over a failed claim.
    """
    return is_among(ended_items(known, was_never_created), item_id)


def ended_items(
    known: Watermark, was_never_created: Callable[[str], bool]
) -> Sequence[tuple[str, int]]:
    """The items, with their last attempts, that are or were part of an import of a record."""
    return [item_of(item_id) for item_id in known.earlier] + [
        item_of(claim.item_id)
        for claim in known.claims.values()
        if not was_never_created(claim.reference)
    ]


def is_among(ended: Sequence[tuple[str, int]], item_id: str) -> bool:
    """Whether this attempt at an item or a later one is among these."""
    item, attempt = item_of(item_id)
    return any(item == claimed and attempt <= last for claimed, last in ended)
