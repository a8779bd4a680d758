"""Booleans: the words that PostgreSQL takes, and those that it refuses."""

import pytest

from mateo_emulator.postgresql.boolean import read_boolean

TRUE = ["true", "tru", "tr", "t", "yes", "ye", "y", "on", "1"]
FALSE = ["false", "fals", "fal", "fa", "f", "no", "n", "off", "of", "0"]


@pytest.mark.parametrize("word", TRUE)
@pytest.mark.parametrize("form", ["{}", " {}\t", "\n\v\f\r{}"])
def test_a_word_for_true_counts_between_white_space_and_in_any_case(word: str, form: str) -> None:
    assert read_boolean(form.format(word)) is True
    assert read_boolean(form.format(word.upper())) is True


@pytest.mark.parametrize("word", FALSE)
def test_a_word_for_false_counts_between_white_space_and_in_any_case(word: str) -> None:
    assert read_boolean(f" {word} ") is False
    assert read_boolean(word.title()) is False


@pytest.mark.parametrize(
    "text",
    ["", " ", "o", "truee", "onn", "offf", "2", "10", "01", "1.0", "null", "ja", "\u0661",
     "\u00a0true", "tr ue", "+1", "-0"],
)  # fmt: skip
def test_what_is_no_word_is_refused(text: str) -> None:
    assert read_boolean(text) is None
