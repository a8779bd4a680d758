"""Batches are as large as a call may be, in order, and nothing is left out."""

import pytest

from import_relay.domain.batches import batches, halves


@pytest.mark.parametrize(
    ("values", "cut"),
    [
        ("", []),
        ("a", ["a"]),
        ("abc", ["abc"]),
        ("abcd", ["abc", "d"]),
        ("abcdefg", ["abc", "def", "g"]),
    ],
)
def test_a_batch_has_at_most_count_values(values: str, cut: list[str]) -> None:
    assert ["".join(batch) for batch in batches(values, 3)] == cut
    assert ["".join(batch) for batch in batches(iter(values), 3)] == cut


@pytest.mark.parametrize(
    ("values", "cut"),
    [
        ([4, 6], [[4, 6]]),
        ([4, 7], [[4], [7]]),
        ([11], [[11]]),
        ([1, 11, 1], [[1], [11], [1]]),
        ([1, 1, 1, 1], [[1, 1, 1], [1]]),
    ],
)
def test_values_of_a_batch_fit_its_room_unless_one_is_alone(
    values: list[int], cut: list[list[int]]
) -> None:
    assert list(batches(values, 3, size=int, room=10)) == cut


@pytest.mark.parametrize(
    ("values", "left", "right"), [("ab", "a", "b"), ("abc", "a", "bc"), ("abcd", "ab", "cd")]
)
def test_halves_are_both_smaller_and_in_order(values: str, left: str, right: str) -> None:
    assert halves(values) == (left, right)
