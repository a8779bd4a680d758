"""Numbers of rows are kept as text, in runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from import_relay.report.row_numbers import numbers_of, numbers_text


@pytest.mark.parametrize(
    ("numbers", "text"),
    [([], ""), ([7], "7"), ([4, 0, 1, 3, 2, 7], "0-4,7"), ([1, 3, 5], "1,3,5"), ([9, 10], "9-10")],
)
def test_neighbours_make_a_run(numbers: list[int], text: str) -> None:
    assert numbers_text(numbers) == text


@given(st.sets(st.integers(0, 5_000)))
def test_all_numbers_come_back(numbers: set[int]) -> None:
    assert list(numbers_of(numbers_text(numbers))) == sorted(numbers)


def test_all_rows_of_an_import_are_a_short_text() -> None:
    assert numbers_text(range(5_000)) == "0-4999"
