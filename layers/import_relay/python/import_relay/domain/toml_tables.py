"""The tables of a TOML text, each read by itself if the text as a whole cannot be.

Called by `connections`: a slip in one connection must not disable the others.
"""

import codecs
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from import_relay.domain.errors import ConfigurationError

_HEADER = re.compile(r"""\s*\[\[?\s*(?:"([^"\\]*)"|'([^']*)'|([^\s.,\]"'#\[]+))\s*(?:$|[.\]#\w])""")
"""The first name of a table's header, be the rest right or not; no line of a list of values."""
_LONG_TEXT = re.compile(r"""[^#=]*=\s*("{3}|'{3})""")
"""How a line begins a text that may have several lines."""
NO_UTF_8 = re.compile("[\udc80-\udcff]")
"""What `read_text` leaves of bytes that are no UTF-8."""
_COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)


def read_text(path: str | Path) -> str:
    """The text of connections.toml, with or without a byte order mark.

    Bytes that are no UTF-8 are lone surrogates in it: `read_tables` says whose table they break.

    Raises:
        ConfigurationError: there is no such file, or it is UTF-16 that is damaged.
    """
    try:
        content = Path(path).read_bytes()
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return content.decode("utf-16")
        return content.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
    except (OSError, UnicodeDecodeError) as error:
        reason = f"cannot be read ({type(error).__name__})"
        raise ConfigurationError(f"{path}: {reason}") from error


def read_tables(text: str) -> tuple[dict[str, object], dict[str, str]]:
    """The top-level tables by name, and what is wrong with each that cannot be read.

    What is wrong says at which line. What stands before the first table goes by the name "".
    """
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return _one_by_one(text)
    return _one_by_one(text) if _is_damaged(tables) else (tables, {})


def _one_by_one(text: str) -> tuple[dict[str, object], dict[str, str]]:
    found: dict[str, object] = {}
    broken: dict[str, str] = {}
    for name, part in table_texts(text).items():
        tables, what = read_part(part)
        if what:
            broken[name] = what
        found |= tables
    return found, broken


def read_part(part: str) -> tuple[dict[str, object], str]:
    """The tables of such a part, or what is wrong with it, at which line."""
    not_utf_8 = _not_utf_8(_COMMENT.sub(lambda found: " " * len(found[0]), part))
    try:
        tables = tomllib.loads(part)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return {}, not_utf_8 or f"is no TOML: {str(error) or type(error).__name__}"
    if _is_damaged(tables):
        return {}, not_utf_8 or _not_utf_8(part)
    return tables, ""


def _is_damaged(tables: Mapping[str, object]) -> bool:
    """Whether bytes that are no UTF-8 are in a name or value; those in comments harm nobody."""
    return bool(NO_UTF_8.search(json.dumps(tables, ensure_ascii=False, default=str)))


def _not_utf_8(part: str) -> str:
    """Says where a text is not UTF-8; empty if it is."""
    wrong = NO_UTF_8.search(part)
    if wrong is None:
        return ""
    lines = part[: wrong.start() + 1].split("\n")
    at = f"(at line {len(lines)}, column {len(lines[-1])})"
    return f"is not UTF-8 {at}: save the file in this encoding"


def table_texts(text: str) -> Mapping[str, str]:
    """Top-level name → its lines; all others are empty, so that line numbers stay."""
    lines = text.replace("\r\n", "\n").split("\n")
    owner, owners, end = "", [], 0
    for number, line in enumerate(lines):
        header = _HEADER.match(line) if number >= end else None  # not within a text
        end = max(end, _end_of_text(lines, number))
        if header:
            name = next(name for name in header.groups() if name is not None)
            owner = NO_UTF_8.sub("?", name)
        owners.append(owner)
    return {
        name: "\n".join(
            line if whose == name else "" for line, whose in zip(lines, owners, strict=True)
        )
        for name in dict.fromkeys(owners)
    }


def _end_of_text(lines: Sequence[str], start: int) -> int:
    """The number of the line after a text of several lines that begins in line `start`, else 0.

    A text is not closed if the next such text begins first.
    """
    opening = _LONG_TEXT.match(lines[start])
    if opening is None or lines[start].count(opening[1]) > 1:
        return 0
    for end in range(start + 1, len(lines)):
        if _LONG_TEXT.match(lines[end]):
            return 0
        if opening[1] in lines[end]:
            return end + 1
    return 0
