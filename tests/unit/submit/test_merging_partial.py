"""Partial changes of a record: per column, beside full records and each other."""

import pytest

from import_relay.domain.models import (
    Claim,
    ImportOptions,
    Outcome,
)
from tests.support.builders import change, claim
from tests.unit.submit.changed import columns, merged, outcomes


def test_partial_changes_merge_per_column() -> None:
    result = merged(
        change(version=1, number=0, partial=True, columns={"email": "a@example.com"}),
        change(version=2, number=1, partial=True, columns={"full_name": "A"}),
    )

    assert columns(result.rows[0]) == {
        "external_id": "1",
        "email": "a@example.com",
        "full_name": "A",
    }
    assert set(result.rows[0].claims) == {"email", "full_name"}
    assert len(result.rows[0].changes) == 2


def test_a_partial_change_wholly_overwritten_by_a_newer_one_is_superseded() -> None:
    result = merged(
        change(version=1, number=0, partial=True, columns={"email": "a@example.com"}),
        change(version=2, number=1, partial=True, columns={"email": "b@example.com"}),
    )

    assert columns(result.rows[0])["email"] == "b@example.com"
    assert outcomes(result) == [("d1/0", Outcome.SUPERSEDED)]


def test_a_full_record_leaves_out_columns_with_a_newer_partial_change() -> None:
    result = merged(
        change(version=5, columns={"email": "old@example.com", "full_name": "New"}),
        claims={"email": claim(7)},
    )

    assert columns(result.rows[0]) == {"external_id": "1", "full_name": "New"}
    assert set(result.rows[0].claims) == {"*", "email"}


def test_a_full_record_leaves_out_a_column_also_if_the_newer_change_never_came_to_mateo() -> None:
    """Its claim may have replaced one of a newer change that did."""
    full = change(version=5, columns={"email": "old@example.com", "full_name": "New"})
    result = merged(full, claims={"email": claim(7)}, earlier=("d0/7",), never_created=True)

    assert columns(result.rows[0]) == {"external_id": "1", "full_name": "New"}


def test_a_partial_change_older_than_the_full_record_is_superseded() -> None:
    result = merged(
        change(version=4, partial=True, columns={"email": "a@example.com"}), claims={"*": claim(5)}
    )

    assert result.rows == []
    assert outcomes(result) == [("d1/0", Outcome.SUPERSEDED)]


def test_a_newer_partial_change_is_merged_into_the_full_record_of_the_batch() -> None:
    result = merged(
        change(version=5, number=0, columns={"email": "old@example.com", "full_name": "A"}),
        change(version=6, number=1, partial=True, columns={"email": "new@example.com"}),
    )

    assert columns(result.rows[0])["email"] == "new@example.com"
    assert [one.version for one in result.rows[0].changes] == [5, 6]


def test_of_a_partial_and_a_full_change_of_one_version_the_later_received_wins() -> None:
    partial = change(version=5, delivery="d2", partial=True, columns={"email": "later@example.com"})
    full = change(version=5, delivery="d1", columns={"email": "old@example.com", "city": "X"})
    after_partial = merged(full, claims={"email": Claim(5, "e", "d2/0", "r1")})
    after_full = merged(full._replace(partial=True), claims={"*": Claim(5, "e", "d2/0", "r1")})

    assert columns(merged(full, partial).rows[0]) == {
        "external_id": "1",
        "email": "later@example.com",
        "city": "X",
    }
    assert columns(after_partial.rows[0]) == {"external_id": "1", "city": "X"}
    assert outcomes(after_full) == [("d1/0", Outcome.SUPERSEDED)]


@pytest.mark.parametrize("column", ["contact_external_id", "secondary_external_id"])
def test_an_older_partial_change_does_not_overwrite_a_newer_reference(column: str) -> None:
    older = change(version=1, partial=True, columns={column: "A", "name": "N"})
    result = merged(older, claims={column: claim(2)})

    assert columns(result.rows[0]) == {"external_id": "1", "name": "N"}


def test_partial_changes_too_large_for_one_row_come_one_after_the_other() -> None:
    changes = [
        change(version=n, number=n, partial=True, columns={f"text_{n}": "x" * 2_100_000})
        for n in (1, 2)
    ]
    result = merged(*changes)

    assert [set(columns(row)) for row in result.rows] == [{"external_id", "text_1"}]
    assert [one.occurrence.item_id for one in result.blocked] == ["d1/2"]


def test_a_merged_row_is_written_anew_although_its_values_are_equal() -> None:
    result = merged(
        change(version=1, number=0, columns={"vip": 1}),
        change(version=2, number=1, partial=True, columns={"vip": True}),
    )

    assert columns(result.rows[0])["vip"] is True


def test_a_partial_change_for_another_contact_list_waits_for_the_next_import() -> None:
    leads = ImportOptions("contact_details", contact_list_external_id="leads")

    result = merged(
        change(version=5, number=0),
        change(
            version=6, number=1, partial=True, options=leads, columns={"email": "n@example.com"}
        ),
    )

    assert len(result.rows) == 1
    assert [one.version for one in result.blocked] == [6]


def test_a_full_record_stays_part_of_the_row_that_claims_it_whatever_newer_columns_say() -> None:
    """Else it would have no outcome if its message is requeued after the claim."""
    full = change(version=1, columns={"full_name": "old"})
    partial = change(version=2, partial=True, delivery="d2", columns={"full_name": "new"})

    (row,) = merged(full, partial).rows

    assert columns(row)["full_name"] == "new"
    assert [one.occurrence.item_id for one in row.changes] == ["d1/0", "d2/0"]
    assert row.shadowed == ()
