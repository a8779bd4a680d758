"""Which handles moved while an import was applied, from its rows and Mateo's hints."""

import pytest

from import_relay.report.taken_handles import (
    MAX_LISTED,
    Taken,
    as_summary,
    notes_of_taken,
    taken_handles,
)

FAMILY = "familie@example.com"
ROWS = [
    {"external_id": "F1", "email": FAMILY, "whatsapp": "+4915112345690"},
    {"external_id": "F2", "email": FAMILY.upper()},
    {"external_id": "F3", "instagram": "ada"},
]
ALL = frozenset(range(3))
PAIR = {"field": "email", "row": 1, "external_id": "F2", "taken_from": "F1"}


def moved(row: int | None = 2, field: str = "instagram") -> dict[str, object]:
    return {"row": row, "code": "handle_moved", "field": field, "from_contact_id": "c-1"}


def test_rows_with_the_same_handle_show_both_ids_without_any_hint() -> None:
    taken = taken_handles(None, ROWS, ALL)

    assert as_summary(taken, ROWS) == {"count": 1, "first": [{**PAIR, "hint": None}]}


def test_a_hint_about_a_handle_that_rows_share_is_not_counted_twice() -> None:
    hint = moved(1, "email")

    taken = taken_handles([hint], ROWS, ALL)

    assert as_summary(taken, ROWS) == {"count": 1, "first": [{**PAIR, "hint": hint}]}


def test_a_hint_about_a_contact_of_an_earlier_import_names_the_one_that_is_known() -> None:
    taken = taken_handles([moved()], ROWS, ALL)

    shown = {"field": "instagram", "row": 2, "external_id": "F3", "taken_from": None}
    assert as_summary(taken[1:], ROWS)["first"] == [{**shown, "hint": moved()}]


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        ('instagram "Ada" was stolen from another contact', Taken("instagram", 2, None)),
        ({"message": "email of F3 was taken"}, Taken("email", 2, None)),
        ({"input": {"external_id": "F3"}, "field": "sms"}, Taken("sms", 2, None)),
        ("something happened", Taken(None, None, None)),
        ({"message": "number", "value": "+49 151 12345690"}, Taken(None, 0, None)),
        ({"message": "number", "value": "+4915112345690"}, Taken(None, 0, None)),
        ({"row": 99, "field": "sms"}, Taken("sms", None, None)),
        ({"row": True, "field": 7}, Taken(None, None, None)),
        (7, Taken(None, None, None)),
        ([[[]]], Taken(None, None, None)),
    ],
)
def test_hints_of_any_form_are_read_as_far_as_possible(hint: object, expected: Taken) -> None:
    assert taken_handles([hint], ROWS, set()) == [expected._replace(hint=hint)]


def test_one_hint_need_not_stand_in_a_list() -> None:
    assert taken_handles("a hint", ROWS, set()) == [Taken(None, None, None, "a hint")]


def test_from_a_row_that_failed_nothing_is_taken() -> None:
    assert taken_handles(None, ROWS, {1, 2}) == []


def test_a_contact_without_an_id_takes_nothing_from_the_one_it_is() -> None:
    rows = [{"external_id": "F1", "email": FAMILY}, {"email": FAMILY, "city": "Ulm"}]

    assert taken_handles(None, rows, {0, 1}) == []


def test_a_chain_of_three_is_two_moves() -> None:
    rows = [{"external_id": str(n), "email": FAMILY} for n in range(3)]

    taken = taken_handles(None, rows, ALL)

    assert [(one.row, one.from_row) for one in taken] == [(1, 0), (2, 1)]


def test_all_are_counted_and_some_are_listed_hints_first() -> None:
    rows = [{"external_id": str(n), "email": FAMILY} for n in range(50)]

    summary = as_summary(taken_handles([moved(None)], rows, set(range(50))), rows)

    assert summary["count"] == 50
    assert isinstance(first := summary["first"], list)
    assert len(first) == MAX_LISTED
    assert first[0]["hint"] == moved(None)


def test_each_hint_is_a_note_of_its_row_else_of_the_first() -> None:
    notes = notes_of_taken(taken_handles([moved(), "a hint"], ROWS, ALL))

    assert {row: [note.field for note in of_row] for row, of_row in notes.items()} == {
        2: ["instagram"],
        0: [""],
    }
