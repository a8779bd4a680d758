"""The first name within a person's name, or none if the name does not say it.

Called by `functions`. A greeting with a wrong word is worse than one without a name.
"""

import re
from collections.abc import Iterable

_SALUTATIONS = frozenset(("herr", "herrn", "hr", "frau", "fr", "mr", "mrs", "ms", "miss", "mx"))
_TITLES = frozenset(
    """
    dr dres prof pd dipl ing mag dent vet habil mult rer jur iur hc em fh
    """.split()  # noqa: SIM905  # a list of words is longer than it is clear
)
"""What stands before a name, or behind another title."""
_AFTER_TITLES = frozenset(("med", "nat", "phil", "pol"))
"""Behind a title or with a point they are titles; anywhere else they are first names."""
_DEGREES = frozenset(("ba", "bsc", "jr", "llm", "ma", "mba", "md", "msc", "phd", "sr", "ii", "iii"))
"""What stands behind a name and its comma; before a name such letters are a name."""
_NO_PERSONS = frozenset(("familie", "fam", "family", "eheleute", "ehepaar", "firma", "fa"))
_AND = frozenset(("und", "and", "u"))
_BETWEEN = re.compile(r"[-./]+")


def first_name(name: str) -> str | None:
    """`Ada` of `Dr. Ada Example` and of `Example, Ada`; None of `Frau Example` and of companies."""
    before, comma, after = name.partition(",")
    if given := _without_titles(after.split(), _DEGREES):
        return given[0].rstrip(",")
    words = [word for word in before.split() if any(map(str.isalpha, word))]
    rest = _without_titles(words)
    if not rest or _plain(words[0]) in _NO_PERSONS or _plain(rest[0]) in _AND:
        return None
    is_last_name = len(rest) == 1 and (len(words) > 1 or bool(comma))
    return None if is_last_name else rest[0]


def _without_titles(words: Iterable[str], degrees: frozenset[str] = frozenset()) -> list[str]:
    names: list[str] = []
    is_behind_title = False
    for word in words:
        is_behind_title = _is_one_of(_TITLES, word) or (
            _plain(word) in _AFTER_TITLES and (is_behind_title or word.endswith("."))
        )
        if not is_behind_title and not _is_one_of(_SALUTATIONS | degrees, word):
            names.append(word)
    return names


def _is_one_of(known: frozenset[str], word: str) -> bool:
    """Whether a word such as `Dr.-Ing.`, `Dr.med.` or `Ph.D.` is made of these."""
    first, *others = [part for part in _BETWEEN.split(_plain(word)) if part] or [""]
    if "".join((first, *others)) in known:
        return True
    return first in known and (known | _AFTER_TITLES).issuperset(others)


def _plain(word: str) -> str:
    return word.strip(".,()").lower()
