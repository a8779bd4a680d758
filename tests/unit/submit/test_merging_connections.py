"""Changes of one record by several connections, and partial ones that say only their key."""

import pytest

from import_relay.domain.models import MappedChange, Outcome, Row, Watermark
from import_relay.submit.merging import merge_changes
from tests.support.builders import change
from tests.unit.submit.changed import columns, merged, outcomes

TIME = 1_793_000_000_000_000
MAIL = "contact_details#email:ada@example.com"


def _rows(*changes: MappedChange, known: Row | None = None) -> list[Row]:
    """The rows of changes of the contact with that e-mail address."""
    result = merge_changes(
        changes,
        {MAIL: Watermark(known.claims)} if known else {},
        is_unfinished=lambda _: False,
        was_never_created=lambda _: False,
    )
    return result.rows


def by(connection: str, one: MappedChange) -> MappedChange:
    return one._replace(occurrence=one.occurrence._replace(connection=connection))


def test_a_whole_record_of_another_connection_waits_for_the_next_import() -> None:
    """It does not know the columns that the first one sets."""
    first = by("newsletter", change(version=TIME, columns={"full_name": "Ada", "city": "Ulm"}))
    second = by("webinar", change(version=TIME + 1, delivery="d2", columns={"email": "a@b.de"}))

    result = merged(first, second)

    assert [row.changes for row in result.rows] == [(first,)]
    assert (result.blocked, outcomes(result)) == ([second], [])
    (row,) = merged(second, claims=dict(result.rows[0].claims)).rows
    assert row.changes == (second,)


def test_a_whole_record_of_the_same_connection_replaces_the_older_one() -> None:
    first, second = change(version=1), change(version=2, delivery="d2")

    result = merged(first, second)

    assert [row.changes for row in result.rows] == [(second,)]
    assert outcomes(result) == [("d1/0", Outcome.SUPERSEDED)]


@pytest.mark.parametrize("in_one_batch", [True, False])
@pytest.mark.parametrize("partial_is_newer", [True, False])
def test_a_partial_change_that_says_only_its_key_takes_nothing_from_the_whole_record(
    in_one_batch: bool, partial_is_newer: bool
) -> None:
    values = {"email": "ada@example.com", "full_name": "Ada"}
    whole = change(MAIL, 5, columns=values)._replace(columns=values)
    key = {"email": "Ada@example.com"}
    partial = change(MAIL, 6 if partial_is_newer else 4, delivery="d2", partial=True)
    partial = partial._replace(columns=key)

    if in_one_batch:
        (row,) = _rows(partial, whole)
    else:
        (first,) = _rows(partial)
        (row,) = _rows(whole, known=first)

    assert columns(row).keys() >= {"email", "full_name"}


def test_a_change_that_only_helps_to_read_a_number_is_superseded() -> None:
    older = {"sms": "0151 1", "country_codes": ["DE"]}
    first = change(version=1, partial=True, columns=older)
    second = change(version=2, delivery="d2", partial=True, columns={"sms": "0151 2"})

    result = merged(first, second)

    assert [row.changes for row in result.rows] == [(second,)]
    assert outcomes(result) == [("d1/0", Outcome.SUPERSEDED)]
