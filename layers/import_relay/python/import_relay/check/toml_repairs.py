"""Finds all slips in the TOML of a table: its parser stops at the first. Called by
`check_connections`.

To read on, a slip is put right as it was probably meant: a quote or bracket that is missing, a text
without quotes, a key that stands there twice. Nobody but the check sees the repaired text.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from typing import NamedTuple

from import_relay.check.expression_hints import TYPESET
from import_relay.check.toml_lines import KEY, TABLE_HEADER, line_in_error
from import_relay.check.toml_texts import close_texts
from import_relay.domain.toml_tables import NO_UTF_8, read_part, table_texts

_LISTS = frozenset(
    ("country_codes", "datetimes", "clears", "custom_fields", "marketing_channels", "required")
)
"""Keys whose value is a list of names; in `fields` a text in such brackets is an expression."""
_WORDS = re.compile(r"""[\w\s,"'\[\]]+""")
MAX_SLIPS = 100
"""Of one table; after so many it is no file of connections."""
_NO_TOML = "is no TOML"
_TWICE = "Cannot"
"""Begins what Python's parser says of a key or table that is there already."""
_LEFT_OUT, _UNCLEAR = "#", "# ?"
"""What stands for a line that is there twice, and for one of which nobody knows what it means."""


class Slip(NamedTuple):
    """What is wrong in the table of a name, at which line (0: the parser does not say)."""

    name: str
    line: int
    what: str


class RepairedText(NamedTuple):
    """A text in which slips are put right as far as possible.

    `unclear`: names of tables of which more is missing than a quote.
    """

    text: str
    slips: list[Slip]
    unclear: set[str]


def repaired(text: str) -> RepairedText:
    """The text as it was probably meant, with all slips that were found on the way."""
    lines = text.replace("\r\n", "\n").split("\n")
    found = RepairedText("", [], set())
    for name, part in table_texts(text).items():
        own = part.split("\n")
        slips = _put_right(own)
        found.slips.extend(Slip(name, *one) for one in slips.items())
        if _UNCLEAR in own or read_part("\n".join(own))[1]:
            found.unclear.add(name)
        lines = [new or old for new, old in zip(own, lines, strict=True)]
    return found._replace(text="\n".join(lines))


def _put_right(lines: list[str]) -> dict[int, str]:
    """Repair one table's lines; line → what was wrong with it."""
    is_right = not read_part("\n".join(lines))[1]
    slips = {} if is_right else {line: _not_closed_at(line) for line in close_texts(lines)}
    while len(slips) < MAX_SLIPS and (what := read_part("\n".join(lines))[1]):
        said = line_in_error(what)
        line, meant = _repair(lines, said, what) if said else _not_closed(lines)
        if line in slips:
            break
        slips[line] = _in_words(what if line == said else _not_closed_at(line), meant)
        if not meant:
            break
        lines[line - 1] = meant
    return slips


def _in_words(what: str, meant: str) -> str:
    is_meant = _NO_TOML in what and (KEY.match(meant) or TABLE_HEADER.match(meant))
    return f"{what}; did you mean {meant.strip()}?" if is_meant else what


def _not_closed_at(line: int) -> str:
    return f"{_NO_TOML}: a text or a list is not closed (at line {line}, or after it)"


def _repair(lines: list[str], number: int, what: str) -> tuple[int, str]:
    """The line to change, this one or that before it which does not end, and what to change it to.

    Empty if nothing helps.
    """
    line = lines[number - 1]
    if NO_UTF_8.search(line):
        return number, NO_UTF_8.sub("?", line)
    if not _is_toml(line):
        return number, _meant(line)
    if _TWICE in what and (KEY.match(line) or _is_of_last_table(lines, number)):
        return number, _LEFT_OUT
    before = _last(lines, number - 1)
    closed = f"{lines[before - 1]}]" if before else ""
    return (before, closed) if closed and _is_toml(closed) else (number, "")


def _not_closed(lines: list[str]) -> tuple[int, str]:
    """The same of a value that goes on to the end, so that the parser names no line: the first one
    whose repair brings the parser to a later key, or to the end.
    """
    for number, line in enumerate(lines, start=1):
        if KEY.match(line) and not _is_toml(line):
            tried = [*lines[: number - 1], meant := _meant(line), *lines[number:]]
            what = read_part("\n".join(tried))[1]
            at = line_in_error(what)
            if not what or (at > number and KEY.match(tried[at - 1])):
                return number, meant
    return 0, ""


def _meant(line: str) -> str:
    """The line with what it lacks."""
    candidates = [f"{line}{sign}" for sign in ('"', "'", "]")]
    if key := KEY.match(line):
        is_list = key[1].rpartition(".")[2].strip() in _LISTS
        value = line[key.end() :].lstrip("= \t").rstrip()
        candidates += [f"{key[0]} {one}" for one in _values(value, is_list=is_list)]
    return next(filter(_is_toml, candidates), _UNCLEAR)


def _values(text: str, *, is_list: bool) -> Iterator[str]:
    """What a value that is no TOML may be meant to be."""
    yield text.translate(TYPESET)
    yield f'"{text}'
    yield text.lower()  # true and false
    if is_list and _WORDS.fullmatch(text):
        yield json.dumps(re.findall(r"\w+", text))
    yield json.dumps(text, ensure_ascii=False)


def _is_of_last_table(lines: list[str], number: int) -> bool:
    """Whether the header in this line is that of the table which ends there."""
    headers = (found[1] for line in reversed(lines[:number]) if (found := TABLE_HEADER.match(line)))
    return next(headers, "") == next(headers, None)


def _is_toml(line: str) -> bool:
    try:
        tomllib.loads(line)
    except (tomllib.TOMLDecodeError, RecursionError):
        return False
    return True


def _last(lines: list[str], number: int) -> int:
    """The last line up to this one that says anything; 0 if none does."""
    said = (at for at in range(number, 0, -1) if lines[at - 1].partition("#")[0].strip())
    return next(said, 0)
