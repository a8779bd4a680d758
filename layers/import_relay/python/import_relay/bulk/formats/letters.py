"""Which of several encodings makes words of a language's letters. Called by `encodings`.

The same byte is ö in DOS, a quotation mark in windows-1252 and î in Mac OS: only one of them stands
in the middle of a word. Where none makes western words, all letters are of another alphabet.
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
_ALPHABETS = (
    ("cp1250", "ąćęłńóśźż"),
    ("cp1250", "áčďéěíňóřšťúůýž"),
    ("cp1250", "áäčďéíĺľňóôŕšťúýž"),
    ("cp1250", "áéíóöőúüű"),
    ("cp1250", "čćđšž"),
    ("cp1250", "ăâîşţ"),
    ("cp1254", "çğıİöşüâîû"),
    ("cp1257", "āčēģīķļņšūž"),
    ("cp1257", "ąčęėįšųūž"),
    ("cp1257", "äöüõšž"),
)
"""Of Poles, Czechs, Slovaks, Hungarians, Croats, Romanians, Turks, Latvians, Lithuanians and
Estonians, in the encoding of their Windows."""
_COMMON = "äöüßé"
"""The same in all these encodings, so they tell nothing."""
_MIN_SHARE = 0.9
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


def eastern_readings(sample: bytes) -> list[str]:
    """The encodings in which most letters are of one alphabet, if there are any."""
    shares = [(_share(sample.decode(name, "replace"), own), name) for name, own in _ALPHABETS]
    best = max(shares)[0]
    if best < _MIN_SHARE:
        return []
    return sorted({name for share, name in shares if share == best})


def _share(text: str, alphabet: str) -> float:
    """How many of the letters that tell something are of this alphabet."""
    letters = [
        one.lower() if one not in alphabet else one
        for one in _NOT_ASCII.findall(text)
        if one.lower() not in _COMMON and one not in _AROUND
    ]
    return sum(one in alphabet for one in letters) / max(1, len(letters))


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
