"""Rows are grouped into imports, within the size of one and what is left of the day."""

from typing import Any

import pytest

from import_relay.domain.models import (
    ImportOptions,
    Row,
)
from import_relay.submit.batching import batch_rows
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
