"""Texts of files that people open: standard JSON, and no character that a viewer obeys."""

import json
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from import_relay.domain.report_text import defused, finite, json_text

OBEYED = [
    "\u202e",
    "\u202a",
    "\u2066",
    "\u2069",
    "\u200f",
    "\u061c",
    "\u2028",
    "\u200b",
    "\ufeff",
    "\x7f",
    "\x85",
    "\x9b",
    "\U000e0041",
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def refuse(constant: str) -> NoReturn:
    raise AssertionError(constant)


@given(VALUES)
def test_json_is_standard_and_gives_the_same_value(value: Any) -> None:
    read = json.loads(json_text(value), parse_constant=refuse)

    assert read == finite(value)


@pytest.mark.parametrize("character", OBEYED)
def test_a_character_that_a_viewer_obeys_is_an_escape(character: str) -> None:
    text = json_text({"name": f"a{character}b"})

    assert character not in text
    assert json.loads(text) == {"name": f"a{character}b"}
    assert character not in defused(character)


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x0b", "\x1b", "\x1f"])
def test_a_cell_holds_no_control_character(character: str) -> None:
    assert defused(f"a{character}b") == f"a\\u{ord(character):04x}b"


@pytest.mark.parametrize("text", ["Zoë\tä\n\r", "नमस्ते", "👩‍👧", "שלום"])
def test_texts_of_all_languages_stay_as_they_are(text: str) -> None:
    assert defused(text) == text


def test_numbers_beyond_all_bounds_are_texts() -> None:
    (huge,) = json.loads("[1e999]")

    assert (
        json_text([huge, -huge, float("nan"), 1e300]) == '["Infinity", "-Infinity", "NaN", 1e+300]'
    )


def test_a_value_that_is_nested_too_deeply_is_cut() -> None:
    value: Any = float("inf")
    for _ in range(500):
        value = [value]

    assert "nested too deeply" in json_text(value)
