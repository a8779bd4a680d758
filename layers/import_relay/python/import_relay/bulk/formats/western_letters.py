"""Which of several encodings makes words of western letters. Called by `encodings`.

The same byte is ö in DOS, a quotation mark in windows-1252 and î in Mac OS: only one of them stands
in the middle of a word.
"""

import re
from collections.abc import Sequence

_LETTERS = (
    dict.fromkeys("äöüßéášž", 3)
    | dict.fromkeys("èíóúñçøåãàæê", 2)
    | dict.fromkeys("îïëôûùòìâõœ", 1)
)
"""How common a letter is. Others, e.g. ý and þ, are rather another letter in another encoding."""
_WITHIN = dict.fromkeys("\u2019\u2013\u2014\xa0", 3) | dict.fromkeys("\xb4\u2018·\xad", 1)
"""Marks within words: apostrophes, dashes, blanks."""
_AROUND = frozenset("\u2019\u2018\u201c\u201d\u201e\u2026\u2013\u2014«»®™©¿¡\xa0")
_AROUND_WORD = 3
_WRONG = -3
_MAX_WRONG = 0.05
_CARONS = "šžŠŽ"
"""They stand at a vowel. Where there are many, the language is hardly western."""
_MAX_CARONS = 0.1
_NOT_ASCII = re.compile("[^\0-\x7f]")


def western_reading(sample: bytes, names: Sequence[str]) -> str:
    """The encoding that fits best, of equals the first; "" if none makes good words."""
    texts = {name: sample.decode(name, "replace") for name in names}
    fits = {name: _fits(text) for name, text in texts.items()}
    best = max(names, key=lambda name: sum(fits[name]))
    wrong = sum(fit < 0 for fit in fits[best])
    carons = sum(map(texts[best].count, _CARONS))
    many = len(fits[best])
    return best if wrong <= _MAX_WRONG * many and carons <= _MAX_CARONS * many else ""


def _fits(text: str) -> list[int]:
    """How well each letter and mark fits between its neighbours."""
    text = f" {text} "
    starts = (found.start() for found in _NOT_ASCII.finditer(text))
    return [_fit(*text[at - 1 : at + 2]) for at in starts]


def _fit(before: str, one: str, after: str) -> int:
    if not one.isalpha():
        return _mark_fit(before, one, after)
    weight = _LETTERS.get(one.lower(), _WRONG)
    if one in _CARONS and not {before, after} & set("aeiouAEIOU"):
        weight = 0
    if not (before.isalpha() or after.isalpha()):
        return 0
    if one.islower():
        is_wrong = after.isupper()
        weight = weight if before.isalpha() else min(weight, 1)
    else:
        is_wrong = before.islower() or (before.isupper() and after.islower())
    return _WRONG if is_wrong else weight


def _mark_fit(before: str, one: str, after: str) -> int:
    if one == "\ufffd":
        return _WRONG
    if before.isalpha() and after.isalpha():
        return _WITHIN.get(one, _WRONG)
    return _AROUND_WORD if one in _AROUND and (before.isalpha() or after.isalpha()) else 0
