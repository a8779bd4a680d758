"""Texts of a row: what is stripped, what is refused, and which values say nothing."""

import pytest

from import_relay.mapping.texts import clean_id, clean_text, is_empty


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (" Ada\n", "Ada"),
        ("\u00a0\ufeffAda\u200b\u3000", "Ada"),
        ("A\u0308da", "Äda"),
        ("\N{MAN}\u200d\N{MAN}", "\N{MAN}\u200d\N{MAN}"),
        ("\u200b \ufeff", ""),
    ],
)
def test_a_text_is_composed_and_stripped_and_keeps_what_stands_within(
    text: str, cleaned: str
) -> None:
    assert clean_text(text) == cleaned


def test_an_id_has_no_invisible_character_within_it_either() -> None:
    assert clean_id("a\u200bda\u00ad@example.com\u2060") == "ada@example.com"
    assert clean_id(" plain ") == "plain"


@pytest.mark.parametrize("clean", [clean_text, clean_id])
@pytest.mark.parametrize("text", ["a\0b", "ä\0", "\ud800", "a\udfffb"])
def test_a_text_that_no_database_stores_is_refused(clean: object, text: str) -> None:
    assert callable(clean)
    with pytest.raises(ValueError, match="holds a NUL character"):
        clean(text)


@pytest.mark.parametrize("value", [None, "", " \n", "\u200b\ufeff\u3000", [], [None, ["", " "]]])
def test_a_value_that_says_nothing_is_empty(value: object) -> None:
    assert is_empty(value)


@pytest.mark.parametrize("value", [0, False, "0", " a", "-", [None, 0], {}, {"a": None}])
def test_a_value_that_says_something_is_not_empty(value: object) -> None:
    assert not is_empty(value)
