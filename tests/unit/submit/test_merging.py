"""Which changes become rows, which wait, and which end without an import."""

import json

import pytest

from import_relay.domain.models import (
    Claim,
    ImportOptions,
    Outcome,
)
from import_relay.submit.merging import (
    request_body,
)
from tests.support.builders import change, claim
from tests.unit.submit.changed import columns, merged, outcomes


@pytest.mark.parametrize(
    ("claimed", "expected"),
    [
        (None, "row"),
        (claim(1), "row"),
        (claim(2, "e"), "duplicate"),
        (Claim(2, "e", "d1/0", "r1"), ""),  # its own
        (claim(3), "superseded"),
    ],
)
def test_what_becomes_of_a_change_depends_on_the_claim(
    claimed: Claim | None, expected: str
) -> None:
    given = change(version=2, event="e")

    result = merged(given, claims={"*": claimed} if claimed else None)

    found = ["row" for _ in result.rows] + [outcome.value for _, outcome in outcomes(result)]
    assert found == ([expected] if expected else [])


def test_a_claim_of_an_earlier_batch_is_forgotten_once_this_batch_has_replaced_it() -> None:
    """A repeated event without a version replaces a failed claim of a later version."""
    email = change(version=5, event="old", delivery="d2", partial=True, columns={"email": "a@b.de"})
    whole = change(version=7, delivery="d3", columns={"email": "new@b.de"})

    (row,) = merged(
        email._replace(by_receipt=True), whole, claims={"email": claim(9, failed=True)}
    ).rows

    assert (set(row.claims), columns(row)["email"]) == ({"*"}, "new@b.de")


def test_a_record_without_claims_becomes_a_row() -> None:
    result = merged(change())

    assert [columns(row) for row in result.rows] == [{"external_id": "1", "full_name": "V1"}]
    assert result.rows[0].claims["*"].item_id == "d1/0"


def test_the_newest_version_wins_whatever_the_order_of_arrival() -> None:
    result = merged(change(version=2, number=0), change(version=1, number=1))

    assert columns(result.rows[0])["full_name"] == "V2"
    assert outcomes(result) == [("d1/1", Outcome.SUPERSEDED)]


def test_a_record_with_an_open_import_waits() -> None:
    result = merged(change(version=3), claims={"*": claim(2)}, unfinished=True)

    assert result.rows == []
    assert [one.version for one in result.blocked] == [3]


def test_an_old_version_of_a_blocked_record_need_not_wait() -> None:
    result = merged(change(version=1), claims={"*": claim(2)}, unfinished=True)

    assert result.blocked == []
    assert outcomes(result) == [("d1/0", Outcome.SUPERSEDED)]


def test_the_same_version_of_another_event_is_imported_if_it_was_received_later() -> None:
    result = merged(change(version=2, event="new", delivery="z"), claims={"*": claim(2, "old")})

    assert len(result.rows) == 1


def test_the_same_version_of_another_event_that_was_received_earlier_is_superseded() -> None:
    result = merged(change(version=2, event="new", delivery="a"), claims={"*": claim(2, "old")})

    assert result.rows == []
    assert outcomes(result) == [("a/0", Outcome.SUPERSEDED)]


def test_of_equal_versions_in_a_delivery_the_later_item_wins_by_its_number() -> None:
    tenth = Claim(1, "e", "d1/10~1", "r1")

    assert merged(change(version=1, number=9), claims={"*": tenth}).rows == []
    assert len(merged(change(version=1, number=11), claims={"*": tenth}).rows) == 1


def test_a_sender_that_repeats_an_event_without_a_version_sends_a_duplicate() -> None:
    repeated = change(version=9, event="old", delivery="z")._replace(by_receipt=True)

    assert outcomes(merged(repeated, claims={"*": claim(5, "old")})) == [("z/0", Outcome.DUPLICATE)]
    assert len(merged(repeated, claims={"*": claim(5, "other")}).rows) == 1


def test_a_full_record_remembers_the_partial_changes_that_it_replaces() -> None:
    claims = {"email": claim(1, "a"), "city": claim(1, "b"), "street": claim(9, "c")}

    (row,) = merged(change(version=5), claims=claims).rows

    assert (set(row.claims), row.earlier) == ({"*", "street"}, ("a/0", "b/0"))


def test_duplicates_within_a_batch_share_the_fate_of_their_row() -> None:
    result = merged(change(version=1, event="e", number=0), change(version=1, event="e", number=1))

    assert len(result.rows) == 1
    assert result.outcomes == []
    assert result.rows[0].item_ids == ("d1/0", "d1/1")
    assert outcomes(result) == [("d1/1", Outcome.DUPLICATE)]


def test_the_body_is_one_object_with_type_options_and_payload() -> None:
    options = ImportOptions("deal_details", "list-id", None, True)

    body = json.loads(request_body(merged(change(options=options)).rows, reference="r"))

    assert body == {
        "type": "deal_details",
        "contact_list_id": "list-id",
        "allow_deal_reassignment": True,
        "reference_id": "r",
        "payload": [{"external_id": "1", "full_name": "V1"}],
    }
