"""`status` tells a loss and a double count from what is only on its way."""

from collections.abc import Mapping
from typing import Any

import pytest

from relay_ops.status.reconciliation import Messages, Reconciliation, Snapshot

DAY, NEXT = "2026-11-21", "2026-11-22"
OutcomesByDay = Mapping[str, Mapping[str, int]]


def snapshot(
    received: int | Mapping[str, int] = 0, ended: int | OutcomesByDay = 0, **changes: Any
) -> Snapshot:
    """A snapshot of a stack on `DAY`; numbers stand for that day."""
    by_day = {DAY: received} if isinstance(received, int) else received
    ends = {DAY: {"imported": ended}} if isinstance(ended, int) else ended
    values: dict[str, Any] = {
        "received": by_day,
        "recorded_before": ends,
        "ended": ends,
        "errors": {},
        "quarantined": 0,
        "open_imports": 0,
        "open_items": 0,
        "queue": Messages(),
        "dead": Messages(),
    }
    return Snapshot(**{**values, **changes})


def reconciliation(*snapshots: Snapshot) -> Reconciliation:
    return Reconciliation(snapshots)


def test_what_ended_and_what_waits_are_what_was_received() -> None:
    ends = {DAY: {"imported": 5, "failed": 1}, NEXT: {"rejected": 2, "duplicate": 1}}
    seen = reconciliation(
        snapshot({DAY: 10, NEXT: 20}, ends, open_imports=2, open_items=7, queue=Messages(2, 1, 1))
    )

    assert seen.balances
    assert (seen.received, seen.ended, seen.waiting, seen.in_queues) == (30, 9, 21, 14)
    assert (seen.outcomes["imported"], seen.outcomes["rejected"], seen.outcomes["ignored"]) == (
        5,
        2,
        0,
    )


def test_an_outcome_that_is_not_known_here_counts() -> None:
    seen = reconciliation(snapshot(3, {DAY: {"imported": 2, "vaporised": 1}}))

    assert seen.balances
    assert seen.ended == 3


def test_one_item_that_is_nowhere_is_lost() -> None:
    seen = reconciliation(snapshot(3, 2))

    assert not seen.balances
    assert (seen.lost, seen.waiting) == (1, 0)
    assert seen.days_apart == {DAY: (3, 2)}


@pytest.mark.parametrize(
    ("items", "lost"),
    [(1, 0), (200, 0), (201, 1)],
)
def test_messages_hold_a_hundred_items_at_most(items: int, lost: int) -> None:
    seen = reconciliation(snapshot(items, queue=Messages(visible=1), dead=Messages(visible=1)))

    assert seen.lost == lost
    assert seen.balances is not bool(lost)
    assert seen.in_queues == items - lost


@pytest.mark.parametrize("queue", ["queue", "bulk", "dead"])
@pytest.mark.parametrize("place", ["visible", "in_flight", "delayed"])
def test_items_may_wait_in_any_message(queue: str, place: str) -> None:
    changes: dict[str, Any] = {queue: Messages(**{place: 1})}
    seen = reconciliation(snapshot(100, **changes))

    assert (seen.balances, seen.in_queues) == (True, 100)


def test_the_backlog_and_copies_are_those_of_both_lanes() -> None:
    lanes: dict[str, Any] = {"queue": Messages(visible=1), "bulk": Messages(visible=2)}
    seen = reconciliation(snapshot(310, **lanes, dead=Messages(visible=1)))

    assert (seen.dead_items, seen.backlog, seen.copies) == ((10, 100), 300, 0)
    assert reconciliation(snapshot(2, **lanes)).copies == 1


def test_copies_of_messages_are_no_double_count() -> None:
    seen = reconciliation(snapshot(5, 2, open_items=3, open_imports=1, queue=Messages(visible=4)))

    assert seen.balances
    assert (seen.copies, seen.waiting) == (4, 3)


def test_what_ended_twice_is_counted_twice_although_others_of_another_day_wait() -> None:
    ends = {DAY: {"imported": 6}}
    seen = reconciliation(snapshot({DAY: 5, NEXT: 50}, ends, queue=Messages(visible=1)))

    assert not seen.balances
    assert seen.counted_twice == {DAY: 1}


def test_what_is_lost_of_one_day_is_not_made_up_by_the_excess_of_another() -> None:
    seen = reconciliation(
        snapshot({DAY: 5, NEXT: 5}, {DAY: {"imported": 6}, NEXT: {"imported": 4}})
    )

    assert (seen.lost, seen.counted_twice) == (1, {DAY: 1})


def test_an_excess_is_explained_by_a_receiver_that_failed_on_that_day() -> None:
    seen = reconciliation(snapshot(5, 7, errors={DAY: 1}))

    assert seen.balances
    assert (seen.explained, seen.counted_twice) == ({DAY: 2}, {})


def test_an_excess_is_not_explained_by_a_failure_on_another_day() -> None:
    seen = reconciliation(snapshot(5, 7, errors={NEXT: 1}))

    assert not seen.balances
    assert (seen.explained, seen.counted_twice) == ({}, {DAY: 2})


def test_an_open_import_holds_no_item_that_has_ended() -> None:
    seen = reconciliation(snapshot(5, 5, open_imports=1, open_items=2))

    assert not seen.balances
    assert seen.open_twice == 2


def test_an_open_import_may_hold_what_a_failing_receiver_stored_uncounted() -> None:
    seen = reconciliation(snapshot(5, 5, open_imports=1, open_items=2, errors={DAY: 1}))

    assert seen.balances
    assert (seen.open_excess, seen.open_twice) == (2, 0)


def test_an_item_that_ends_during_a_snapshot_is_neither_lost_nor_counted_twice() -> None:
    before = {DAY: {"imported": 1}}

    assert reconciliation(snapshot(3, 3, recorded_before=before, open_items=2)).balances
    assert reconciliation(snapshot(3, 3, recorded_before=before, open_items=0)).balances


def test_what_comes_late_to_the_metric_is_no_double_count() -> None:
    early = snapshot(0, 3)

    assert not reconciliation(early).balances
    assert reconciliation(early, snapshot(3, 3)).balances


def test_under_steady_traffic_a_late_metric_is_no_double_count() -> None:
    """What ended meanwhile is not in the metric yet either; the first snapshot counts."""
    assert reconciliation(snapshot(10, 13), snapshot(13, 16)).balances


def test_messages_that_come_late_to_the_count_are_not_lost() -> None:
    early = snapshot(3, 0)

    assert not reconciliation(early).balances
    assert reconciliation(early, snapshot(3, 0, queue=Messages(visible=1))).balances


def test_messages_that_one_snapshot_misses_are_taken_from_another() -> None:
    assert reconciliation(
        snapshot(500, queue=Messages(visible=4)), snapshot(500, queue=Messages(5))
    ).balances
    assert reconciliation(
        snapshot(500, queue=Messages(visible=5)), snapshot(500, queue=Messages(4))
    ).balances


def test_what_is_received_between_the_snapshots_is_not_lost() -> None:
    assert reconciliation(snapshot(3, 3), snapshot(8, 3)).balances


@pytest.mark.parametrize(
    ("queue", "dead", "bounds", "backlog"),
    [
        (Messages(), Messages(), (0, 0), 0),
        (Messages(visible=3), Messages(), (0, 0), 250),
        (Messages(), Messages(visible=3), (250, 250), 0),
        (Messages(visible=2), Messages(visible=1), (50, 100), 200),
        (Messages(visible=9), Messages(visible=2), (2, 200), 248),
    ],
)
def test_the_dead_letter_queue_is_no_backlog(
    queue: Messages, dead: Messages, bounds: tuple[int, int], backlog: int
) -> None:
    items = 250 if queue.total + dead.total else 0
    seen = reconciliation(snapshot(items, queue=queue, dead=dead))

    assert (seen.dead_items, seen.backlog) == (bounds, backlog)
