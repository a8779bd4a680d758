"""Open problems: when they were received, which record they are about, and how many there are."""

from dataclasses import replace
from typing import Any

from import_relay.report.problems import (
    ITEM_REJECTED,
    ROW_FAILED,
    VALUE_LEFT_OUT,
    Problem,
    Received,
    grouped,
    identities_of,
    identities_of_row,
    newest_of_each,
    original_item,
    received_of_row,
)
from import_relay.report.row_lines import RowLine

FIRST = Problem(
    ROW_FAILED,
    "23514",
    "erp",
    "",
    Received(100, 0),
    (),
    '{"external_id": "1"}',
    "taken",
    "ask",
    "d/0",
)


def line(**changed: Any) -> RowLine:
    """The line of a row of three items."""
    known: dict[str, Any] = {
        **dict.fromkeys(("row", "outcome", "certain", "connection", "notes"), ""),
        "type": "contact_details",
        "key_digest": "k",
        "external_id": "7",
        "item_ids": ["d1/0", "d2/0~1", "d2/0"],
        "connections": ["erp", "shop", "erp"],
        "received_at": [300, 200, 200],
    }
    return RowLine.read(known | changed)


def test_a_row_counts_from_its_newest_occurrence() -> None:
    assert received_of_row(line()) == Received(300, 0)
    assert received_of_row(line(received_at=[100, 200, 200])) == Received(200, 1)


def test_what_was_put_back_counts_from_its_replay() -> None:
    put_back = line(item_ids=["d1/0", "d1.r1/0", "d2/0"], replays=[{"id": "r1", "at": 900}])

    assert received_of_row(put_back) == Received(900, 0)


def test_an_item_is_the_same_at_every_attempt_and_replay() -> None:
    assert {original_item(one) for one in ("d1/3", "d1/3~2", "d1.r1/3", "d1.r1/3~1")} == {"d1/3"}


def test_a_record_is_known_by_its_key_and_by_its_id_in_each_connection() -> None:
    assert list(identities_of_row(line())) == [
        ("key", "contact_details", "k"),
        ("id", "erp", "contact_details", "7"),
        ("id", "shop", "contact_details", "7"),
    ]
    assert list(identities_of("contact_details", None, None, ["erp"])) == []


def again(kind: str, at: int, *identities: tuple[str, ...]) -> Problem:
    return replace(FIRST, kind=kind, received=Received(at, 0), identities=identities)


def test_what_failed_again_is_open_once() -> None:
    """A replay may end otherwise than the first attempt did."""
    first = again(ITEM_REJECTED, 100, ("item", "d/0"), ("key", "contact_details", "k"))
    second = again(ROW_FAILED, 200, ("item", "d/0"), ("item", "d/1"))
    other = again(ROW_FAILED, 150, ("item", "d/2"), ("key", "contact_details", "k"))

    assert newest_of_each([first, second, other]) == [second, other]


def test_a_column_that_is_left_out_again_is_open_once_and_others_stay() -> None:
    email, phone = (("column", "contact_details", "k", one) for one in ("email", "whatsapp"))
    found = [again(VALUE_LEFT_OUT, at, one) for at, one in ((1, email), (2, phone), (3, email))]

    assert newest_of_each(found) == found[1:]


def test_problems_are_counted_the_most_frequent_first() -> None:
    rejected = replace(
        FIRST,
        kind=ITEM_REJECTED,
        code="row.required",
        connection="shop",
        field="email",
        received=Received(50, 0),
    )
    later = replace(FIRST, received=Received(300, 0))

    first, second = grouped([rejected, later, FIRST])

    assert (first.kind, first.code, first.count, first.first, first.last) == (
        ROW_FAILED,
        "23514",
        2,
        100,
        300,
    )
    assert (second.kind, second.field, second.count) == (ITEM_REJECTED, "email", 1)


def test_an_item_that_is_no_object_is_one_column() -> None:
    assert FIRST.columns == {"external_id": "1"}
    assert replace(FIRST, kind=ITEM_REJECTED, row_json="[1]").columns == {"item": [1]}
