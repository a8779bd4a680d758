"""Which row an entry of Mateo's list of failures is about, by whatever the entry has of it."""

import pytest

from import_relay.report.failed_rows import join
from import_relay.report.failures import Failure, FailureRow

ROWS: list[FailureRow] = [
    {"external_id": "1", "email": "ada@example.com"},
    {"external_id": "2", "sms": "+4915112345678"},
    {"external_id": "3", "email": "ADA@example.com"},
]


def failure(given: object = None, row: int | None = None, counts_from: int = 0) -> Failure:
    return Failure("23514", "taken", given, row, counts_from)


def numbers(*failures: Failure, rows: list[FailureRow] = ROWS) -> list[int | None]:
    return join(failures, rows).numbers


@pytest.mark.parametrize(
    ("given", "number"),
    [
        (ROWS[1], 1),
        ({"sms": "+4915112345678", "external_id": "2"}, 1),
        ({"external_id": " 2", "sms": None}, 1),
        ({"sms": "0049 (151) 12345678"}, 1),
        ({"email": "Ada@Example.com"}, 0),
        ({"external_id": "9"}, None),
        ("Ada", None),
        (None, None),
    ],
)
def test_a_row_is_found_by_all_that_it_is_or_by_an_id_or_by_a_handle(
    given: object, number: int | None
) -> None:
    assert numbers(failure(given)) == [number]


def test_of_several_rows_with_one_handle_each_is_taken_once_before_any_twice() -> None:
    same = failure({"email": "ada@example.com"})

    assert numbers(same, same, same) == [0, 2, 0]


def test_all_rows_with_the_handle_are_suspects_unless_each_of_them_is_found() -> None:
    same = failure({"email": "ada@example.com"})

    assert join([same], ROWS) == ([0], {0, 2})
    assert join([same, same], ROWS) == ([0, 2], set())


def test_the_external_id_counts_more_than_a_secondary_one_of_two_rows() -> None:
    rows: list[FailureRow] = [
        {"external_id": "1", "secondary_external_id": "9"},
        {"external_id": "2", "secondary_external_id": "9"},
    ]

    assert numbers(failure({**rows[1], "city": "Kiel"}), rows=rows) == [1]
    assert join([failure({"secondary_external_id": "9"})], rows) == ([0], {0, 1})


def test_an_entry_without_an_id_is_about_the_row_without_one_if_both_have_the_handle() -> None:
    rows: list[FailureRow] = [
        {"external_id": "1", "email": "ada@example.com"},
        {"email": "ADA@example.com"},
    ]

    assert join([failure({"email": "ada@example.com", "city": "Kiel"})], rows) == ([1], {0, 1})


def test_a_handle_of_one_row_alone_counts_more_than_a_secondary_id_of_two() -> None:
    rows: list[FailureRow] = [
        {"external_id": "1", "secondary_external_id": "9"},
        {"external_id": "2", "secondary_external_id": "9", "email": "ada@example.com"},
    ]

    assert numbers(failure({**rows[1], "external_id": None}), rows=rows) == [1]


def test_an_exact_row_is_found_before_others_take_it_by_its_handle() -> None:
    assert numbers(failure({"email": "ada@example.com"}), failure(ROWS[0])) == [2, 0]


@pytest.mark.parametrize(
    ("listed", "found"),
    [
        ([failure(row=0), failure(row=2)], [0, 2]),
        ([failure(row=1), failure(row=3)], [0, 2]),
        ([failure(ROWS[0], 1), failure(row=2)], [0, 1]),
        ([failure(ROWS[0], 0), failure(row=2)], [0, 2]),
        ([failure(row=7)], [None]),
    ],
)
def test_the_list_shows_whether_mateo_counts_from_0_or_from_1(
    listed: list[Failure], found: list[int | None]
) -> None:
    assert numbers(*listed) == found


@pytest.mark.parametrize(("counts_from", "number"), [(0, 1), (1, 0)])
def test_where_nothing_shows_it_both_neighbours_are_suspects(counts_from: int, number: int) -> None:
    joined = join([failure(row=1, counts_from=counts_from)], ROWS)

    assert joined.numbers == [number]
    assert joined.suspects == {0, 1}


def test_a_handle_of_one_row_alone_is_surer_than_what_looks_like_a_number() -> None:
    assert numbers(failure({"sms": "+4915112345678"}, row=0)) == [1]


def test_a_handle_of_one_row_alone_counts_beside_one_of_several() -> None:
    rows: list[FailureRow] = [
        {"email": "ada@example.com"},
        {"email": "ada@example.com", "sms": "+4915112345678"},
    ]

    assert numbers(failure({**rows[1], "city": "Kiel"}, row=0), rows=rows) == [1]


def test_a_number_tells_rows_with_one_handle_apart() -> None:
    same = {"email": "ada@example.com"}

    assert numbers(failure(same, row=2), failure(row=0)) == [2, 0]


def test_without_rows_no_failure_is_of_one() -> None:
    assert numbers(failure(ROWS[0]), failure(row=0), rows=[]) == [None, None]
