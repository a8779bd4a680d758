"""A word that is nearly a known one is recognised."""

import pytest

from import_relay.domain.spelling import did_you_mean

KNOWN = ("contact", "deal", "Kind")


@pytest.mark.parametrize(
    ("word", "meant"),
    [("contcat", "contact"), ("CONTACTS", "contact"), ("kind", "Kind"), ("deals", "deal")],
)
def test_a_word_that_is_nearly_a_known_one_is_recognised_whatever_its_case(
    word: str, meant: str
) -> None:
    assert did_you_mean(word, KNOWN) == f"; did you mean '{meant}'?"


@pytest.mark.parametrize("word", ["", "address", 7, None])
def test_no_word_is_suggested_for_an_unlike_one(word: object) -> None:
    assert did_you_mean(word, KNOWN) == ""
