"""Which of several imports is one that Mateo accepted: told by their order, or not at all."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from import_relay.mateo.client import ImportStatus
from import_relay.storage.entries import Entry, State
from import_relay.track.accepted_imports import (
    by_order,
    contemporaries,
    is_listed_by,
    is_of_its_time,
    posting_began,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()
LATER = NOON + 1_000.0


def accepted(at: float, *, rows: int = 5, took: float = 1.0, deadline: float = 900.0) -> Entry:
    """An import that was posted so many seconds after noon, and accepted."""
    return Entry(
        reference=f"ref-{at:g}",
        state=State.UNKNOWN,
        type="contact_details",
        rows=rows,
        day="2026-11-21",
        created_at=NOON + at,
        deadline=NOON + deadline,
        posts=1,
        posted_at=NOON + at + took,
        accepted_at=NOON + at + took,
    )


def listed(at: float, *, total: int | None = 5) -> ImportStatus:
    created_at = datetime.fromtimestamp(NOON + at, UTC)
    return ImportStatus(id=f"id-{at:g}", created_at=created_at, total_count=total)


def chosen(*found: ImportStatus, of: Sequence[Entry], now: float = LATER) -> list[str | None]:
    """The id that each of the entries gets."""
    ids = [by_order(one, of, found, now) for one in of]
    return [one.id if one else None for one in ids]


def test_imports_are_created_in_the_order_in_which_they_are_posted() -> None:
    of = [accepted(0), accepted(2), accepted(60)]

    assert chosen(listed(-50), listed(-48), listed(10), of=of) == ["id--50", "id--48", "id-10"]


@pytest.mark.parametrize(
    "found",
    [
        [listed(0)],
        [listed(0), listed(1), listed(2)],
        [listed(0), listed(2, total=None)],
        [listed(0), listed(2, total=4)],
        [listed(1), listed(1)],
        [listed(0), ImportStatus(id="no time", total_count=5)],
        [listed(-121), listed(2)],
        [listed(0), listed(124)],
    ],
)
def test_the_order_tells_nothing_unless_each_import_has_its_own(found: list[ImportStatus]) -> None:
    assert chosen(*found, of=[accepted(0), accepted(2)]) == [None, None]


def test_the_order_tells_nothing_while_one_of_them_may_not_be_listed() -> None:
    of, found = [accepted(0), accepted(2)], [listed(0), listed(2)]

    assert chosen(*found, of=of, now=NOON + 62.9) == [None, None]
    assert chosen(*found, of=of, now=NOON + 63.0) == ["id-0", "id-2"]


def test_two_submitters_have_two_clocks() -> None:
    found = [listed(0), listed(4), listed(10)]
    near, far = accepted(4, deadline=950), accepted(10, deadline=950)

    assert chosen(*found[:2], of=[accepted(0), near]) == [None, None]
    assert chosen(found[0], found[2], of=[accepted(0), far]) == ["id-0", "id-10"]


def test_an_import_that_was_posted_again_has_no_clock_in_common_with_others() -> None:
    again = accepted(-500)._replace(posts=2, posted_at=NOON + 2, accepted_at=NOON + 3)

    assert posting_began(again) == NOON + 2
    assert chosen(listed(0), listed(2), of=[accepted(0), again]) == [None, None]


def test_imports_of_one_size_are_compared_as_far_as_their_times_reach() -> None:
    ours = accepted(300)
    others = [
        accepted(0),
        accepted(59),  # 240 s from its end to the next
        accepted(541),
        accepted(783),
        accepted(320, rows=6),
        accepted(330)._replace(type="deal_details"),
        accepted(340)._replace(accepted_at=0.0),
    ]

    found = contemporaries(ours, others)

    assert [one.reference for one in found] == ["ref-0", "ref-59", "ref-300", "ref-541"]


def test_an_import_is_listed_a_minute_after_it_was_accepted() -> None:
    one = accepted(0)

    assert [is_listed_by(one, NOON + at) for at in (60.9, 61.0)] == [False, True]
    assert not is_listed_by(one._replace(accepted_at=0.0), LATER)


@pytest.mark.parametrize(
    ("at", "is_close"), [(-121, False), (-120, True), (121, True), (122, False)]
)
def test_clocks_differ_by_two_minutes_at_most(at: float, *, is_close: bool) -> None:
    assert is_of_its_time(listed(at), accepted(0)) is is_close
    assert not is_of_its_time(listed(at).model_copy(update={"created_at": None}), accepted(0))
