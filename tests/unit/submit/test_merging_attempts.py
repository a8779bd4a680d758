"""A change that comes again, as another attempt or a copy, meets the claim that it left."""

import pytest

from import_relay.domain.models import Claim, ImportOptions, MappedChange, Outcome
from import_relay.domain.replays import put_back_delivery
from import_relay.submit.freshness import REPETITIONS_KEPT
from import_relay.submit.merging import EARLIER_KEPT
from tests.support.builders import change, claim, occurrence
from tests.unit.submit.changed import KEY, REPLAY, columns, merged, outcomes, put_back

OTHER = ImportOptions("contact_details", "leads-id")


def attempts(*numbers: int) -> list[MappedChange]:
    """One change as each of these attempts."""
    return [
        change(event="e")._replace(occurrence=occurrence(event="e", attempt=number))
        for number in numbers
    ]


def test_a_redelivered_message_is_neither_imported_nor_counted() -> None:
    ours = Claim(1, "ed1-0", "d1/0", "r1")

    result = merged(change(version=1), claims={"*": ours})

    assert (result.rows, result.blocked, outcomes(result)) == ([], [], [])


def test_a_redelivered_change_whose_claim_was_replaced_is_neither_imported_nor_counted() -> None:
    result = merged(change(version=1), claims={"*": claim(2)}, earlier=("d1/0",))

    assert (result.rows, result.blocked, outcomes(result)) == ([], [], [])


def test_another_change_of_the_same_delivery_is_not_taken_for_a_redelivered_one() -> None:
    result = merged(change(version=1, number=1), claims={"*": claim(2)}, earlier=("d1/0", "d1/10"))

    assert outcomes(result) == [("d1/1", Outcome.SUPERSEDED)]


def test_a_replaced_claim_is_remembered_among_the_earlier_ones() -> None:
    (row,) = merged(change(version=3), claims={"*": claim(2)}, earlier=("d0/7",)).rows

    assert row.earlier == ("d0/7", "old/0")


def test_another_attempt_at_a_failed_change_remembers_the_first_one() -> None:
    first = Claim(1, "e", "d1/0", "r1", failed=True)

    (row,) = merged(*attempts(1), claims={"*": first}).rows

    assert (row.claims["*"].item_id, row.earlier) == ("d1/0~1", ("d1/0",))


def test_a_later_attempt_at_a_row_that_failed_is_imported() -> None:
    failed = Claim(1, "e", "d1/0~1", "r1", failed=True)

    result = merged(*attempts(2), claims={"*": failed})

    assert [row.item_ids for row in result.rows] == [("d1/0~2",)]


@pytest.mark.parametrize("failed", [False, True])
@pytest.mark.parametrize("attempt", [0, 1])
def test_an_attempt_that_was_claimed_or_overtaken_is_neither_imported_nor_counted(
    attempt: int, failed: bool
) -> None:
    claimed = Claim(1, "e", "d1/0~1", "r1", failed=failed)

    result = merged(*attempts(attempt), claims={"*": claimed})

    assert (result.rows, result.blocked, outcomes(result)) == ([], [], [])


def test_a_later_attempt_does_nothing_unless_the_one_before_is_known_to_have_failed() -> None:
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


def test_an_attempt_after_an_earlier_claim_has_its_own_outcome() -> None:
    result = merged(*attempts(2), claims={"*": claim(2)}, earlier=("d1/0", "d1/0~1"))

    assert outcomes(result) == [("d1/0~2", Outcome.SUPERSEDED)]


def test_a_change_whose_claim_failed_has_no_outcome_if_a_copy_takes_the_claim_over() -> None:
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
def test_an_older_change_that_comes_again_with_a_copy_of_the_claim_never_overtakes_it(
    unfinished: bool,
) -> None:
    claimed = Claim(1, "second", "d1/1", "r1", connection="erp")
    first, second = [
        change(event=event)._replace(occurrence=occurrence(n, event=event, delivery="d2"))
        for n, event in enumerate(("first", "second"))
    ]

    result = merged(first, second, claims={"*": claimed}, unfinished=unfinished)

    if unfinished:
        assert (result.blocked, outcomes(result)) == ([first], [("d2/1", Outcome.DUPLICATE)])
        again = merged(first, claims=result.repeated[KEY])
        assert (again.rows, outcomes(again)) == ([], [("d2/0", Outcome.SUPERSEDED)])
    else:
        assert [row.changes for row in result.rows] == [(second,)]
        assert outcomes(result) == [("d2/0", Outcome.SUPERSEDED)]


def test_a_change_that_is_tried_again_is_as_new_as_its_repetition() -> None:
    claimed = Claim(9, "text:e", "d1/0", "r1", connection="erp", repeated_by="d9/0")
    again = occurrence(event="text:e", attempt=1)

    (row,) = merged(
        change()._replace(occurrence=again, by_receipt=True),
        claims={"*": claimed},
        never_created=True,
    ).rows

    assert (row.claims["*"].item_id, row.claims["*"].order) == ("d1/0~1", (9, ("d9", 0, "")))


def test_a_column_that_is_tried_again_keeps_its_value_beside_an_older_record() -> None:
    claimed = Claim(9, "text:e", "d1/0", "r1", connection="erp", repeated_by="d9/0")
    email = change(partial=True, columns={"email": "a@example.com"})._replace(
        occurrence=occurrence(event="text:e", attempt=1), by_receipt=True
    )
    older = change(version=7, delivery="d3", columns={"email": "b@example.com"})

    (row,) = merged(email, older, claims={"email": claimed}, never_created=True).rows

    assert (set(row.claims), columns(row)["email"]) == ({"*", "email"}, "a@example.com")


def test_a_column_is_as_new_as_its_repetition_though_others_are_imported() -> None:
    known = {"email": claim(1, "e")._replace(connection="erp")}
    columns = {"email": "a@example.com", "city": "Ulm"}
    copy = change(version=1, event="e", delivery="z", partial=True, columns=columns)

    result = merged(copy, claims=known)

    (row,) = result.rows
    assert (row.claims["email"].repeated_by, row.claims["city"].item_id) == ("z/0", "z/0")
    assert result.repeated == {KEY: {"email": row.claims["email"]}}


@pytest.mark.parametrize("in_one_batch", [True, False])
def test_what_comes_before_a_repetition_in_its_delivery_is_older_than_it(
    in_one_batch: bool,
) -> None:
    """A sender brings two events of one version three times; of the third time, the second event
    comes first.
    """
    claimed = Claim(1, "second", "d1/2", "r1", connection="erp", repeated_by="d3/2")
    again = [
        change(version=1, event="first", delivery="d2"),
        change(version=1, event="second", delivery="d2", number=2),
    ]
    last = change(version=1, event="first", delivery="d3")

    result = merged(*again, *[last] * in_one_batch, claims={"*": claimed})

    (row,) = result.rows
    assert row.changes == (again[1],)
    if not in_one_batch:
        result = merged(last, claims=dict(row.claims))
        assert result.rows == []
    assert ("d3/0", Outcome.SUPERSEDED) in outcomes(result)


def test_each_delivery_that_repeats_an_event_is_remembered() -> None:
    """What came before the event in one of them stays older, whichever comes last."""
    claims = {"*": Claim(1, "second", "d1/1", "r1", connection="erp")}
    for delivery in ("d4", "d2", "d3", "d3"):
        again = change(version=1, event="second", delivery=delivery, number=1)
        claims |= merged(again, claims=claims).repeated[KEY]

    assert claims["*"].newest == "d4/1"
    for delivery in ("d2", "d3", "d4"):
        first = change(version=1, event="first", delivery=delivery)
        assert merged(first, claims=claims).rows == []
    assert merged(again, claims=claims).repeated == {}


def test_no_more_than_the_last_deliveries_that_repeat_an_event_are_remembered() -> None:
    claims = {"*": Claim(1, "e", "d100/0", "r1", connection="erp")}
    for number in range(101, 100 + 3 * REPETITIONS_KEPT):
        again = change(version=1, event="e", delivery=f"d{number}")
        claims |= merged(again, claims=claims).repeated[KEY]

    assert len(claims["*"].repeated_by.split()) == REPETITIONS_KEPT
    assert claims["*"].newest == again.occurrence.item_id


def test_a_copy_that_is_put_back_is_as_new_as_the_repetitions_of_its_event() -> None:
    """The second of two events is claimed by its second delivery, and its first one is put back."""
    claimed = Claim(2, "e", "older/1", "r1", connection="erp")
    (row,) = merged(put_back(REPLAY, 2, "e"), claims={"*": claimed}).rows
    before = change(version=2, event="first", delivery=put_back_delivery("older", REPLAY.id))

    assert row.claims["*"].newest == "older/1"
    assert merged(before, claims=dict(row.claims)).rows == []


def test_another_change_between_two_deliveries_of_an_event_is_newer_than_the_first() -> None:
    claimed = Claim(1, "e", "d1/0", "r1", connection="erp", repeated_by="d3/0")
    between = change(version=1, event="x", delivery="d2")

    (row,) = merged(between, claims={"*": claimed}).rows

    assert row.changes == (between,)
    (row,) = merged(
        change(version=1, event="y", delivery="d3", number=1), claims=dict(row.claims)
    ).rows
    assert row.claims["*"].newest == "d3/1"


def test_a_change_is_as_new_as_its_repetition_within_a_batch() -> None:
    first, again = change(number=0, event="e"), change(number=2, event="e")
    between = change(number=1, event="x", partial=True, options=OTHER, columns={"city": "Ulm"})

    result = merged(first, between, again)

    (row,) = result.rows
    assert (result.blocked, row.claims["*"].repeated_by) == ([between], "d1/2")


def test_a_copy_of_a_claim_of_an_open_import_is_a_duplicate_at_once() -> None:
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


def test_of_earlier_claims_those_of_the_last_deliveries_are_remembered() -> None:
    earlier = tuple(f"a{number:02}/0" for number in range(EARLIER_KEPT))

    (row,) = merged(change(version=3), claims={"*": claim(2)}, earlier=earlier).rows

    assert row.earlier == (*earlier[1:], "old/0")


def test_all_claims_of_a_delivery_are_remembered() -> None:
    """A webhook may change many properties of one record."""
    columns = [f"p{number}" for number in range(2 * EARLIER_KEPT)]
    said = {one: Claim(1, one, f"d1/{number}", "r1") for number, one in enumerate(columns)}
    values: dict[str, object] = dict.fromkeys(columns, "new")
    newer = change(version=2, delivery="d2", partial=True, columns=values)

    (row,) = merged(newer, claims=said, earlier=("d0/0",)).rows

    assert row.earlier == ("d0/0", *(one.item_id for one in said.values()))


def test_a_claim_without_an_import_is_taken_over() -> None:
    ours = Claim(1, "ed1-0", "d1/0", "r1")

    result = merged(change(version=1), claims={"*": ours}, never_created=True)

    assert len(result.rows) == 1


def test_a_change_older_than_a_claim_of_an_import_never_created_is_still_superseded() -> None:
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
