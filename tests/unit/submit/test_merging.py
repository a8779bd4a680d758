"""`merge_changes` and `batch_rows`: which changes become rows, which wait, and which end without an
import.
"""

import json
from typing import Any

import pytest

from import_relay.domain.models import (
    Claim,
    ImportOptions,
    MappedChange,
    Outcome,
    Row,
    Watermark,
)
from import_relay.domain.replays import Replay, put_back_delivery
from import_relay.submit.batching import batch_rows
from import_relay.submit.merging import (
    EARLIER_KEPT,
    MergeResult,
    merge_changes,
    request_body,
)
from tests.support.builders import change, claim, occurrence

KEY = "contact_details#external_id:1"


def merged(
    *changes: MappedChange,
    claims: dict[str, Claim] | None = None,
    earlier: tuple[str, ...] = (),
    unfinished: bool = False,
    never_created: bool = False,
) -> MergeResult:
    return merge_changes(
        changes,
        {KEY: Watermark(claims, earlier)} if claims else {},
        is_unfinished=lambda reference: unfinished,
        was_never_created=lambda reference: never_created,
    )


REPLAY = Replay("20261121T100000-a1b2c3", 2_000, "mapping corrected")
FORCED = REPLAY._replace(force=True)


def put_back(replay: Replay, version: int, event: str) -> MappedChange:
    """A change of delivery `old`, put back by a replay."""
    brought = change(version=version, event=event, delivery=put_back_delivery("old", replay.id))
    return brought._replace(occurrence=brought.occurrence._replace(replay=replay))


OURS = Claim(2, "e", "d1/0", "r1")
"""The claim of `change(version=2, event="e")` itself."""
WHOLE = change(version=2, event="e")
LATER = WHOLE._replace(occurrence=occurrence(event="e", attempt=1))
PARTIAL = change(version=2, partial=True, columns={"email": "a@example.com"})
COPY = change(version=2, event="old", delivery="z")
BY_RECEIPT = change(version=9, event="old", delivery="z")._replace(by_receipt=True)


@pytest.mark.parametrize(
    ("given", "claimed", "never_created", "end"),
    [
        pytest.param(PARTIAL, claim(3), False, "superseded", id="a whole record is newer"),
        pytest.param(PARTIAL, claim(1), False, "row", id="a whole record is older"),
        pytest.param(WHOLE, None, False, "row", id="nothing is claimed"),
        pytest.param(WHOLE, OURS, True, "row", id="same item, never created"),
        pytest.param(LATER, OURS._replace(failed=True), False, "row", id="same item, tried again"),
        pytest.param(LATER, OURS, False, "", id="same item, later attempt, not failed"),
        pytest.param(WHOLE, OURS._replace(failed=True), False, "", id="same item, same attempt"),
        pytest.param(WHOLE, OURS, False, "", id="same item"),
        pytest.param(COPY, claim(2), True, "row", id="same event, never created"),
        pytest.param(COPY, claim(2, failed=True), False, "row", id="same event, failed"),
        pytest.param(COPY, claim(2), False, "duplicate", id="same event"),
        pytest.param(BY_RECEIPT, claim(5), False, "duplicate", id="same event, without versions"),
        pytest.param(put_back(REPLAY, 2, "old"), claim(2), False, "row", id="put back by a person"),
        pytest.param(
            put_back(REPLAY, 2, "old"),
            Claim(2, "old", f"{put_back_delivery('old', REPLAY.id)}/7", "r1"),
            False,
            "duplicate",
            id="put back twice by one replay",
        ),
        pytest.param(put_back(REPLAY, 2, "old"), claim(3), False, "superseded", id="put back late"),
        pytest.param(put_back(FORCED, 2, "old"), claim(3), False, "row", id="put back by force"),
        pytest.param(WHOLE, claim(3), False, "superseded", id="an older version"),
        pytest.param(WHOLE, claim(3), True, "superseded", id="an older version, never created"),
        pytest.param(
            WHOLE, claim(2, "x"), False, "superseded", id="another event, received earlier"
        ),
        pytest.param(WHOLE, claim(2, "a"), False, "row", id="another event, received later"),
        pytest.param(WHOLE, claim(1), False, "row", id="a newer version"),
    ],
)
def test_how_a_change_ends_beside_what_is_claimed(
    given: MappedChange, claimed: Claim | None, never_created: bool, end: str
) -> None:
    result = merged(given, claims={"*": claimed} if claimed else None, never_created=never_created)

    found = ["row" for _ in result.rows] + [outcome.value for _, outcome in outcomes(result)]
    assert found == ([end] if end else [])


def test_a_claim_of_an_earlier_batch_is_forgotten_once_this_batch_has_replaced_it() -> None:
    """A repeated event without a version replaces a failed claim of a later version."""
    email = change(version=5, event="old", delivery="d2", partial=True, columns={"email": "a@b.de"})
    whole = change(version=7, delivery="d3", columns={"email": "new@b.de"})

    (row,) = merged(
        email._replace(by_receipt=True), whole, claims={"email": claim(9, failed=True)}
    ).rows

    assert (set(row.claims), columns(row)["email"]) == ({"*"}, "new@b.de")


def attempts(*numbers: int) -> list[MappedChange]:
    """One change, brought for these times."""
    return [
        change(event="e")._replace(occurrence=occurrence(event="e", attempt=number))
        for number in numbers
    ]


def outcomes(result: MergeResult) -> list[tuple[str, Outcome]]:
    outcomes = result.outcomes + [one for row in result.rows for one in row.shadowed]
    return [(one.occurrence.item_id, one.outcome) for one in outcomes]


def columns(row: Row) -> dict[str, object]:
    found: dict[str, object] = json.loads(row.text)
    return found


def test_a_record_nobody_knows_becomes_a_row() -> None:
    result = merged(change())

    assert [columns(row) for row in result.rows] == [{"external_id": "1", "full_name": "V1"}]
    assert result.rows[0].claims["*"].item_id == "d1/0"


def test_newest_version_wins_whatever_the_order_of_arrival() -> None:
    result = merged(change(version=2, number=0), change(version=1, number=1))

    assert columns(result.rows[0])["full_name"] == "V2"
    assert outcomes(result) == [("d1/1", Outcome.SUPERSEDED)]


def test_older_than_the_watermark_is_superseded() -> None:
    result = merged(change(version=1), claims={"*": claim(2)})

    assert result.rows == []
    assert outcomes(result) == [("d1/0", Outcome.SUPERSEDED)]


def test_newer_than_the_watermark_is_imported() -> None:
    result = merged(change(version=3), claims={"*": claim(2)})

    assert len(result.rows) == 1


def test_a_record_with_an_open_import_waits() -> None:
    result = merged(change(version=3), claims={"*": claim(2)}, unfinished=True)

    assert result.rows == []
    assert [one.version for one in result.blocked] == [3]


def test_an_old_version_of_a_blocked_record_need_not_wait() -> None:
    result = merged(change(version=1), claims={"*": claim(2)}, unfinished=True)

    assert result.blocked == []
    assert outcomes(result) == [("d1/0", Outcome.SUPERSEDED)]


def test_same_version_and_event_again_is_a_duplicate() -> None:
    result = merged(change(version=2, event="old", delivery="d9"), claims={"*": claim(2, "old")})

    assert result.rows == []
    assert outcomes(result) == [("d9/0", Outcome.DUPLICATE)]


def test_same_version_of_another_event_is_imported_if_it_was_received_later() -> None:
    result = merged(change(version=2, event="new", delivery="z"), claims={"*": claim(2, "old")})

    assert len(result.rows) == 1


def test_same_version_of_another_event_that_was_received_earlier_is_superseded() -> None:
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


def test_a_redelivered_message_is_neither_imported_nor_counted() -> None:
    ours = Claim(1, "ed1-0", "d1/0", "r1")

    result = merged(change(version=1), claims={"*": ours})

    assert (result.rows, result.blocked, outcomes(result)) == ([], [], [])


def test_a_redelivered_change_whose_mark_was_replaced_is_neither_imported_nor_counted() -> None:
    result = merged(change(version=1), claims={"*": claim(2)}, earlier=("d1/0",))

    assert (result.rows, result.blocked, outcomes(result)) == ([], [], [])


def test_another_change_of_the_same_delivery_is_not_taken_for_a_redelivered_one() -> None:
    result = merged(change(version=1, number=1), claims={"*": claim(2)}, earlier=("d1/0", "d1/10"))

    assert outcomes(result) == [("d1/1", Outcome.SUPERSEDED)]


def test_a_replaced_claim_is_remembered_among_the_earlier_ones() -> None:
    (row,) = merged(change(version=3), claims={"*": claim(2)}, earlier=("d0/7",)).rows

    assert row.earlier == ("d0/7", "old/0")


def test_a_change_that_failed_and_comes_as_another_attempt_leaves_its_first_one_behind() -> None:
    first = Claim(1, "e", "d1/0", "r1", failed=True)

    (row,) = merged(*attempts(1), claims={"*": first}).rows

    assert (row.claims["*"].item_id, row.earlier) == ("d1/0~1", ("d1/0",))


def test_a_later_attempt_at_a_row_that_failed_is_imported() -> None:
    failed = Claim(1, "e", "d1/0~1", "r1", failed=True)

    result = merged(*attempts(2), claims={"*": failed})

    assert [row.item_ids for row in result.rows] == [("d1/0~2",)]


@pytest.mark.parametrize("failed", [False, True])
@pytest.mark.parametrize("attempt", [0, 1])
def test_an_attempt_says_nothing_once_it_or_a_later_one_is_claimed(
    attempt: int, failed: bool
) -> None:
    claimed = Claim(1, "e", "d1/0~1", "r1", failed=failed)

    result = merged(*attempts(attempt), claims={"*": claimed})

    assert (result.rows, result.blocked, outcomes(result)) == ([], [], [])


def test_a_later_attempt_says_nothing_while_nobody_knows_that_the_one_before_failed() -> None:
    result = merged(*attempts(1), claims={"*": Claim(1, "e", "d1/0", "r1")})

    assert (result.rows, result.blocked, outcomes(result)) == ([], [], [])


def test_an_earlier_attempt_takes_over_the_claim_of_a_later_one_that_was_never_created() -> None:
    result = merged(*attempts(0), claims={"*": Claim(1, "e", "d1/0~1", "r1")}, never_created=True)

    assert [row.item_ids for row in result.rows] == [("d1/0",)]


@pytest.mark.parametrize(
    "claims", [None, {"*": claim(0)}, {"*": Claim(1, "e", "d1/0", "r1", failed=True)}]
)
def test_two_attempts_of_an_item_in_one_batch_are_one_change(
    claims: dict[str, Claim] | None,
) -> None:
    result = merged(*attempts(0, 1), claims=claims)

    assert [len(row.changes) for row in result.rows] == [1]
    assert (result.blocked, outcomes(result)) == ([], [])


@pytest.mark.parametrize("attempt", [0, 1])
def test_an_earlier_claim_stands_for_its_attempt_and_those_before(attempt: int) -> None:
    result = merged(*attempts(attempt), claims={"*": claim(2)}, earlier=("d1/0~1",))

    assert (result.rows, result.blocked, outcomes(result)) == ([], [], [])


def test_an_attempt_after_an_earlier_claim_comes_to_its_own_end() -> None:
    result = merged(*attempts(2), claims={"*": claim(2)}, earlier=("d1/0", "d1/0~1"))

    assert outcomes(result) == [("d1/0~2", Outcome.SUPERSEDED)]


def test_a_change_whose_claim_failed_says_nothing_when_a_copy_of_it_takes_the_claim_over() -> None:
    failed = Claim(1, "e", "d1/0", "r1", failed=True)
    copy = change(event="e")._replace(occurrence=occurrence(event="e", delivery="d0"))

    result = merged(*attempts(0), copy, claims={"*": failed})

    assert [row.item_ids for row in result.rows] == [("d0/0",)]
    assert (result.blocked, outcomes(result)) == ([], [])
    assert result.rows[0].earlier == ("d1/0",)


def test_a_change_claimed_by_an_import_never_created_is_a_duplicate_of_its_new_owner() -> None:
    never_created = Claim(1, "e", "d1/0", "r1")
    copy = change(event="e")._replace(occurrence=occurrence(event="e", delivery="d0"))

    result = merged(*attempts(0), copy, claims={"*": never_created}, never_created=True)

    assert [row.changes for row in result.rows] == [(copy,)]
    assert outcomes(result) == [("d1/0", Outcome.DUPLICATE)]


@pytest.mark.parametrize("unfinished", [False, True])
def test_a_copy_of_a_claim_waits_with_an_older_change_that_is_going_to_replace_the_claim(
    unfinished: bool,
) -> None:
    claimed = Claim(1, "second", "d1/1", "r1")
    repeated = [
        change(event=event)._replace(occurrence=occurrence(n, event=event, delivery="d2"))
        for n, event in enumerate(("first", "second"))
    ]

    result = merged(*repeated, claims={"*": claimed}, unfinished=unfinished)

    if unfinished:
        assert (result.blocked, outcomes(result)) == (repeated, [])
    else:
        assert [row.changes for row in result.rows] == [(repeated[1],)]
        assert outcomes(result) == [("d2/0", Outcome.SUPERSEDED)]


def test_a_copy_of_a_claim_waits_with_an_older_change_that_needs_another_import() -> None:
    other = ImportOptions("contact_details", "leads-id")
    email = {"email": "n@example.com"}
    first = change(number=0, partial=True, columns={"city": "Ulm"})
    waiting = change(number=1, event="new", partial=True, options=other, columns=email)
    copy = change(number=2, event="claimed", partial=True, columns=email)

    result = merged(first, waiting, copy, claims={"email": claim(1, "claimed")})

    assert [row.changes for row in result.rows] == [(first,)]
    assert (result.blocked, outcomes(result)) == ([waiting, copy], [])


def test_a_copy_of_a_claim_is_a_duplicate_at_once_if_nothing_else_waits() -> None:
    claimed = Claim(1, "e", "d1/0", "r1")
    copy = change(event="e")._replace(occurrence=occurrence(event="e", delivery="d2"))

    result = merged(copy, claims={"*": claimed}, unfinished=True)

    assert (result.blocked, outcomes(result)) == ([], [("d2/0", Outcome.DUPLICATE)])


def test_a_claim_of_an_import_never_created_is_not_remembered_since_its_change_has_not_ended() -> (
    None
):
    (row,) = merged(
        change(version=3), claims={"*": claim(2)}, earlier=("d0/7",), never_created=True
    ).rows

    assert row.earlier == ("d0/7",)


def test_a_change_that_still_holds_a_column_is_not_among_the_earlier_ones() -> None:
    first = Claim(1, "e", "d0/0", "r1")
    email = change(version=2, partial=True, columns={"email": "new@example.com"})

    (row,) = merged(email, claims={"email": first, "city": first}).rows

    assert (row.claims["city"].item_id, row.earlier) == ("d0/0", ())


def test_a_full_record_leaves_the_partial_changes_that_it_replaces_behind() -> None:
    claims = {"email": claim(1, "a"), "city": claim(1, "b"), "street": claim(9, "c")}

    (row,) = merged(change(version=5), claims=claims).rows

    assert (set(row.claims), row.earlier) == ({"*", "street"}, ("a/0", "b/0"))


def test_of_earlier_claims_only_the_last_ones_are_remembered() -> None:
    earlier = tuple(f"d0/{number}" for number in range(EARLIER_KEPT))

    (row,) = merged(change(version=3), claims={"*": claim(2)}, earlier=earlier).rows

    assert row.earlier == (*earlier[1:], "old/0")


def test_a_claim_without_an_import_is_taken_over() -> None:
    ours = Claim(1, "ed1-0", "d1/0", "r1")

    result = merged(change(version=1), claims={"*": ours}, never_created=True)

    assert len(result.rows) == 1


def test_older_than_a_claim_of_an_import_never_created_is_still_superseded() -> None:
    result = merged(change(version=1), claims={"*": claim(2)}, never_created=True)

    assert result.rows == []


def test_a_change_that_mateo_failed_may_be_delivered_again() -> None:
    result = merged(
        change(version=2, event="old", delivery="d9"), claims={"*": claim(2, "old", failed=True)}
    )

    assert len(result.rows) == 1


def test_a_failed_change_redelivered_by_the_queue_is_not_imported_again() -> None:
    failed = Claim(1, "ed1-0", "d1/0", "r1", failed=True)

    assert merged(change(version=1), claims={"*": failed}).rows == []


def test_duplicates_within_a_batch_share_the_fate_of_their_row() -> None:
    result = merged(change(version=1, event="e", number=0), change(version=1, event="e", number=1))

    assert len(result.rows) == 1
    assert result.outcomes == []
    assert result.rows[0].item_ids == ("d1/0", "d1/1")
    assert outcomes(result) == [("d1/1", Outcome.DUPLICATE)]


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
def test_an_older_partial_change_does_not_bring_back_an_older_reference(column: str) -> None:
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
    assert len(batches.over_budget) == 2


@pytest.mark.parametrize("left", [0, -7])
def test_nothing_is_sent_when_nothing_is_left(left: int) -> None:
    batches = batch_rows(rows_of(2), rows_per_import=5000, entities_left=left)

    assert batches.imports == []
    assert len(batches.over_budget) == 2


def test_rows_with_other_options_need_another_import() -> None:
    leads = ImportOptions("contact_details", contact_list_external_id="leads")
    rows = rows_of(2) + rows_of(1, options=leads)

    batches = batch_rows(rows, rows_per_import=5000, entities_left=100)

    assert sorted(len(one) for one in batches.imports) == [1, 2]


def test_the_body_is_one_object_with_type_options_and_payload() -> None:
    options = ImportOptions("deal_details", "list-id", None, True)

    body = json.loads(request_body(rows_of(1, options=options), reference="r"))

    assert body == {
        "type": "deal_details",
        "contact_list_id": "list-id",
        "allow_deal_reassignment": True,
        "reference_id": "r",
        "payload": [{"external_id": "0", "full_name": "V1"}],
    }


def test_contacts_are_sent_before_what_belongs_to_them() -> None:
    rows = rows_of(1, options=ImportOptions("appointment_details")) + rows_of(1)

    batches = batch_rows(rows, rows_per_import=5000, entities_left=100)

    assert [one[0].options.type for one in batches.imports] == [
        "contact_details",
        "appointment_details",
    ]


def test_a_full_record_stays_part_of_the_row_that_claims_it_whatever_newer_columns_say() -> None:
    """Else nothing would say that it ended, if its message is requeued after the claim."""
    full = change(version=1, columns={"full_name": "old"})
    partial = change(version=2, partial=True, delivery="d2", columns={"full_name": "new"})

    (row,) = merged(full, partial).rows

    assert columns(row)["full_name"] == "new"
    assert [one.occurrence.item_id for one in row.changes] == ["d1/0", "d2/0"]
    assert row.shadowed == ()
