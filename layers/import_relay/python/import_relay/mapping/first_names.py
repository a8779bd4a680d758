"""The first name within a person's name, or none if the name does not say it.

Called by `functions`. A greeting with another word is worse than one without a name.
"""

import re

_TITLES = frozenset(
    """
    herr herrn hr frau fr mr mrs ms miss mx dr dres prof dipl ing med dent vet habil mult phil rer
    nat pol jur iur mag
    """.split()  # noqa: SIM905  # a list of 30 words is longer than it is clear
)
"""What stands before a name."""
_DEGREES = frozenset(("ba", "bsc", "jr", "llm", "ma", "mba", "md", "msc", "phd", "sr", "ii", "iii"))
"""What stands behind a name and its comma; before a name such letters are a name."""
_NO_PERSONS = frozenset(("familie", "fam", "family", "eheleute", "ehepaar", "firma", "fa"))
_AND = frozenset(("und", "and", "u"))
_BETWEEN = re.compile(r"[-./]+")


def first_name(name: str) -> str | None:
    """`Ada` of `Dr. Ada Example` and of `Example, Ada`; None of `Frau Example` and of companies."""
    before, comma, after = name.partition(",")
    given = [word for word in after.split() if not _is_one_of(_TITLES | _DEGREES, word)]
    if given:
        return given[0].rstrip(",")
    words = [word for word in before.split() if any(map(str.isalpha, word))]
    rest = [word for word in words if not _is_one_of(_TITLES, word)]
    if not rest or _plain(words[0]) in _NO_PERSONS or _plain(rest[0]) in _AND:
        return None
    is_last_name = len(rest) == 1 and (len(words) > 1 or bool(comma))
    return None if is_last_name else rest[0]


def _is_one_of(known: frozenset[str], word: str) -> bool:
    """Whether a word such as `Dr.-Ing.` or `Ph.D.` is made of these."""
    parts = [part for part in _BETWEEN.split(_plain(word)) if part]
    return "".join(parts) in known or (bool(parts) and known.issuperset(parts))


def _plain(word: str) -> str:
    return word.strip(".,").lower()
