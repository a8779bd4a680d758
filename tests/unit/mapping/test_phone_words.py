"""Words beside a phone number: no word has two roles, and each is listed as it is compared."""

import unicodedata

from import_relay.mapping.phone_words import BEFORE_DIGITS, BETWEEN, EXTENSIONS, LABELS


def test_no_word_has_two_roles() -> None:
    assert not BETWEEN & LABELS
    assert not BEFORE_DIGITS & (BETWEEN | LABELS)
    assert not set(EXTENSIONS) & (BETWEEN | LABELS)


def test_words_are_written_as_they_are_compared() -> None:
    for word in (*BETWEEN, *EXTENSIONS, *LABELS, *BEFORE_DIGITS):
        assert word == unicodedata.normalize("NFC", word).casefold()
        assert word.isalpha()
