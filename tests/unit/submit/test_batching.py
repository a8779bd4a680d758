"""Rows are grouped into imports, within the size of one and what is left of the day."""

from typing import Any

import pytest

from import_relay.domain.models import (
    ImportOptions,
    Row,
)
from import_relay.submit.batching import Batches, batch_rows, take_partial
from import_relay.submit.merging import (
    merge_changes,
)
from tests.support.builders import change


def rows_of(count: int, **kwargs: Any) -> list[Row]:
    changes = [change(f"contact_details#external_id:{n}", number=n, **kwargs) for n in range(count)]
    return merge_changes(
        changes, {}, is_unfinished=lambda _: False, was_never_created=lambda _: False
    ).rows


def test_imports_are_cut_at_the_row_limit() -> None:
    batches = batch_rows(rows_of(5), rows_per_import=2, entities_left=100)

    assert [len(rows) for rows in batches.imports] == [2, 2, 1]


def test_imports_are_cut_at_the_byte_limit() -> None:
    rows = rows_of(3, columns={"full_name": "x" * 1_500_000})

    batches = batch_rows(rows, rows_per_import=5000, entities_left=100)

    assert [len(one) for one in batches.imports] == [2, 1]


def test_rows_beyond_todays_entities_wait() -> None:
    batches = batch_rows(rows_of(5), rows_per_import=5000, entities_left=3)

    assert [len(rows) for rows in batches.imports] == [3]
    assert len(batches.over_quota) == 2


@pytest.mark.parametrize("left", [0, -7])
def test_nothing_is_sent_when_nothing_is_left(left: int) -> None:
    batches = batch_rows(rows_of(2), rows_per_import=5000, entities_left=left)

    assert batches.imports == []
    assert len(batches.over_quota) == 2


def test_rows_with_other_options_need_another_import() -> None:
    leads = ImportOptions("contact_details", contact_list_external_id="leads")
    rows = rows_of(2) + rows_of(1, options=leads)

    batches = batch_rows(rows, rows_per_import=5000, entities_left=100)

    assert sorted(len(one) for one in batches.imports) == [1, 2]


def test_contacts_are_sent_before_what_belongs_to_them() -> None:
    rows = rows_of(1, options=ImportOptions("appointment_details")) + rows_of(1)

    batches = batch_rows(rows, rows_per_import=5000, entities_left=100)

    assert [one[0].options.type for one in batches.imports] == [
        "contact_details",
        "appointment_details",
    ]


FULL = 4


def batches_of(*sizes: int, over_quota: int = 0) -> Batches:
    """Imports of these sizes, each of another type."""
    imports = [rows_of(size, options=ImportOptions(f"type_{n}")) for n, size in enumerate(sizes)]
    return Batches([*imports], rows_of(over_quota))


def taken(batches: Batches, *, due: int = 0, may_take_all: bool = False) -> tuple[list[int], int]:
    """The sizes of the imports that stay, and how many rows are taken out.

    Imports of `due` rows are due.
    """
    rows = take_partial(
        batches,
        full_rows=FULL,
        is_due=lambda rows: len(rows) == due,
        may_take_all=may_take_all,
    )
    return [len(one) for one in batches.imports], len(rows)


@pytest.mark.parametrize("may_take_all", [True, False])
def test_imports_that_are_not_full_are_taken_out_beside_full_ones(*, may_take_all: bool) -> None:
    assert taken(batches_of(FULL, 1, 2), may_take_all=may_take_all) == ([FULL], 3)


def test_the_largest_import_stays_if_none_is_full() -> None:
    assert taken(batches_of(1, 3, 2)) == ([3], 3)


def test_all_imports_are_taken_out_if_that_is_allowed() -> None:
    assert taken(batches_of(1, 3, 2), may_take_all=True) == ([], 6)


def test_an_import_that_is_due_stays() -> None:
    assert taken(batches_of(1, 3, 2), due=1, may_take_all=True) == ([1], 5)
    assert taken(batches_of(1, 3, 2), due=1) == ([1], 5)


def test_no_import_is_taken_out_at_the_end_of_a_days_entities() -> None:
    assert taken(batches_of(1, 3, over_quota=1), may_take_all=True) == ([1, 3], 0)
