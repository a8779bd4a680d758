"""Whole numbers as a spreadsheet shows them, where the number format makes codes of them. Pure.

A format counts only if it completes a code: by zeros, by the beginning of a telephone number, or by
what stands around a number of a fixed length. Units, currencies and separators of thousands are no
part of a value. Called by `workbooks`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

_TOKEN = re.compile(
    r"""
    "(?P<quoted>[^"]*)" | \\(?P<escaped>.) | (?P<plain>[-+()\s]) | (?P<digits>[0\#?]+)
    | (?P<unseen>_. | \*\s | \[(?:\$-[^\]]*|Color\ ?\d+|Black|Blue|Cyan|Green|Magenta|Red|White
        |Yellow)\])
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_SECTION = re.compile(r'((?:"[^"]*"|\\.|[_*].|\[[^\]]*\]|[^;])*);', re.DOTALL)
"""Of a format: positive numbers, negative ones, zero, text (ECMA-376, 18.8.31)."""
_MAX_FORMAT = 255
"""Characters of a number format (Excel: specifications and limits)."""
_DIAL = re.compile(r"[+0-9][-+0-9()/.\s]*")
"""The beginning of a telephone number."""
_JOINED = tuple("-/)")
"""How a text behind a code begins; another one, such as `kg`, is a unit."""


class _Part(NamedTuple):
    """Places of digits, and the text behind them."""

    digits: str
    text: str


@dataclass(frozen=True, slots=True)
class _CodeFormat:
    """How a format completes a number.

    Attributes:
        prefix: stands before it.
        minimum: to how many digits it is filled with zeros.
        texts: stand within it: how many digits follow, and the text; from left to right.
        suffix: stands behind it.
        has_zero: whether the format shows zero in another way.
    """

    prefix: str
    minimum: int
    texts: tuple[tuple[int, str], ...]
    suffix: str
    has_zero: bool

    def of(self, value: int) -> str:
        """A number as the format shows it."""
        text = f"{value:0{self.minimum}}"
        for behind, within in self.texts:
            text = f"{text[:-behind]}{within}{text[-behind:]}"
        return f"{self.prefix}{text}{self.suffix}"


def code_text(value: int, format_: str) -> str:
    """A whole number, with what its format adds to a code; a negative one is as it is."""
    found = _code_format(format_) if format_ and value >= 0 else None
    if found is None or (value == 0 and found.has_zero):
        return str(value)
    return found.of(value)


@lru_cache(256)
def _code_format(format_: str) -> _CodeFormat | None:
    """None if a format makes no codes, or says more than is known here, e.g. a condition."""
    if len(format_) > _MAX_FORMAT:
        return None
    sections = _SECTION.findall(f"{format_};")
    parts = _parts(sections[0])
    prefix, digits = parts[0].text, "".join(one.digits for one in parts)
    is_sign = prefix.strip() == "+" and any(one.digits for one in _parts("".join(sections[1:2])))
    if not digits or is_sign:
        return None
    minimum = len(digits) - digits.index("0") if "0" in digits else 1
    is_dial = _DIAL.fullmatch(prefix) is not None
    is_fixed = not is_dial and digits == "0" * max(2, len(digits))
    suffix = parts[-1].text.rstrip()
    return _CodeFormat(
        "".join(prefix.split()) if is_dial else prefix.lstrip() if minimum > 1 else "",
        minimum,
        _texts_within(parts, len(digits)) if is_fixed else (),
        suffix if is_fixed and suffix.startswith(_JOINED) else "",
        len(sections) > 2,
    )


def _parts(section: str) -> list[_Part]:
    """What a section shows, beginning with a text; nothing if not all of it is known here."""
    parts, at = [_Part("", "")], 0
    while at < len(section):
        found = _TOKEN.match(section, at)
        if found is None:
            return [_Part("", "")]
        at = found.end()
        text = found["quoted"] or found["escaped"] or found["plain"] or ""
        last = parts[-1]
        if found["digits"] and (last.text or not last.digits):
            parts.append(_Part(found["digits"], ""))
        else:
            parts[-1] = _Part(last.digits + (found["digits"] or ""), last.text + text)
    return parts


def _texts_within(parts: Sequence[_Part], behind: int) -> tuple[tuple[int, str], ...]:
    """Texts between digits, each with how many digits follow. Blanks only group them."""
    found = []
    for part in parts:
        behind -= len(part.digits)
        if part.digits and behind and part.text.strip():
            found.append((behind, part.text))
    return tuple(found)
