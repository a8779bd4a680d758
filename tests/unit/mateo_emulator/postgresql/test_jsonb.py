"""JSON as ``jsonb`` has it: its order, what contains what, how it is written."""

from __future__ import annotations

import itertools

import pytest

from mateo_emulator.postgresql import jsonb

ASCENDING: list[object] = [
    [], None, "", "10", "9", "a", -1, 2, 2.5, 10, False, True, [None], [True], [[]], [1, 1], [1, 2],
    [0, 0, 0], {}, {"a": 1}, {"a": 2}, {"b": 0}, {"a": 0, "b": 0}, {"b": 0, "aa": 1},
]  # fmt: skip


def test_values_are_ordered_by_their_type_and_containers_by_their_size() -> None:
    keys = [jsonb.sort_key(value) for value in ASCENDING]
    assert all(left < right for left, right in itertools.pairwise(keys))


@pytest.mark.parametrize(("left", "right"), [(1, 1.0), ({"a": 1, "b": 2}, {"b": 2.0, "a": 1})])
def test_equal_values_are_equal_however_they_are_written(left: object, right: object) -> None:
    assert jsonb.sort_key(left) == jsonb.sort_key(right)


@pytest.mark.parametrize(
    ("left", "right", "contained"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [2]}}, True),
        ({"a": [1]}, {"a": 1}, False),
        ([1, 2, [1, 3]], [[1]], True),
        ([1, 2, [1, 3]], [3], False),
        ([1, 2], [2, 2, 1], True),
        (["a"], "a", True),
        ([["a"]], "a", False),
        ("a", ["a"], False),
        ("a", "a", True),
        ([1], [True], False),
        ([None], [None], True),
        ([], [], True),
        ([], {}, False),
        ({}, [], False),
    ],
)
def test_a_value_contains_its_parts(left: object, right: object, contained: bool) -> None:
    assert jsonb.contains(left, right) is contained


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"bb": 1, "a": [True, None]}, '{"a": [true, null], "bb": 1}'),
        ("Zoë", '"Zoë"'),
        (1e22, "10000000000000000000000"),
        (0.00001, "0.00001"),
        (100.0, "100.0"),
    ],
)
def test_the_text_of_a_value_is_the_one_of_postgres(value: object, text: str) -> None:
    assert jsonb.to_text(value) == text


@pytest.mark.parametrize("text", ["", "{", "NaN", "-Infinity", "1e999", "'a'"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"NaN|Infinity|1e999|line 1"):
        jsonb.parse(text)
