"""An entry of the ledger and its item in DynamoDB."""

from typing import Any

import pytest

from import_relay.domain.lanes import Lane
from import_relay.storage.entries import (
    ENTRY_DAYS,
    NEVER_CREATED,
    UNFINISHED,
    Entry,
    State,
    from_item,
    to_item,
)

ENTRY = Entry("r1", State.SENT, "contact_details", 10, "2026-11-21", 1.5, 120.0)


@pytest.mark.parametrize("lane", Lane)
@pytest.mark.parametrize("state", State)
def test_an_entry_comes_back_as_it_was(state: State, lane: Lane) -> None:
    entry = ENTRY._replace(state=state, lane=lane, import_id="i1", total_count=10, retried="0-4")

    assert from_item(to_item(entry, now=0)) == entry


@pytest.mark.parametrize("state", State)
def test_what_may_still_change_records_is_in_the_index_of_open_imports(state: State) -> None:
    assert ("open" in to_item(ENTRY._replace(state=state), now=0)) is (state in UNFINISHED)


def test_no_state_is_open_and_never_created() -> None:
    assert UNFINISHED.isdisjoint(NEVER_CREATED)


def test_an_entry_expires_after_half_a_year() -> None:
    assert to_item(ENTRY, now=1_000.7)["expires_at"] == {"N": str(1_000 + ENTRY_DAYS * 86_400)}


def test_attributes_of_another_version_are_left_out_and_missing_ones_have_their_default() -> None:
    item = to_item(ENTRY, now=0)
    item["unknown"] = {"S": "later"}
    del item["lane"], item["posts"]

    assert from_item(item) == ENTRY


@pytest.mark.parametrize(
    ("counts", "counted"),
    [
        ({}, False),
        ({"total_count": 10}, False),
        ({"total_count": 10, "success_count": 10}, True),
        ({"total_count": 10, "success_count": 10, "failed_count": 0}, True),
        ({"total_count": 10, "success_count": 7, "failed_count": 3}, True),
        ({"total_count": 10, "success_count": 7, "failed_count": 2}, False),
        ({"total_count": 0, "success_count": 0}, True),
    ],
)
def test_an_import_is_counted_once_its_counts_add_up(
    counts: dict[str, Any], *, counted: bool
) -> None:
    assert ENTRY._replace(**counts).is_counted is counted
