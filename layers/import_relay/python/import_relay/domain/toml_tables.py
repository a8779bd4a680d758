"""The tables of a TOML text, each read for itself where the text as a whole cannot be.

Called by `connections`: a slip in one connection must not take the others with it.
"""

import codecs
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from import_relay.domain.errors import ConfigurationError

_HEADER = re.compile(r"""\s*\[\[?\s*(?:"([^"\\]*)"|'([^']*)'|([^\s.,\]"'#\[]+))\s*(?:$|[.\]#\w])""")
"""The first name of a table's header, be the rest right or not; no line of a list of values."""
_NO_UTF_8 = re.compile("[\udc80-\udcff]")
"""What `read_text` leaves of bytes that are no UTF-8."""


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
        return content.decode("utf-8-sig", "surrogateescape")
    except (OSError, UnicodeDecodeError) as error:
        reason = f"cannot be read ({type(error).__name__})"
        raise ConfigurationError(f"{path}: {reason}") from error


def read_tables(text: str) -> tuple[dict[str, object], dict[str, str]]:
    """The top-level tables by name, and what is wrong with each that cannot be read.

    What is wrong says at which line. What stands before the first table goes by the name "".
    """
    if _NO_UTF_8.search(text):
        return _one_by_one(text)
    try:
        return tomllib.loads(text), {}
    except (tomllib.TOMLDecodeError, RecursionError):
        return _one_by_one(text)


def _one_by_one(text: str) -> tuple[dict[str, object], dict[str, str]]:
    found: dict[str, object] = {}
    broken: dict[str, str] = {}
    for name, part in _parts(text).items():
        if wrong := _NO_UTF_8.search(part):
            lines = part[: wrong.start() + 1].split("\n")
            at = f"(at line {len(lines)}, column {len(lines[-1])})"
            broken[name] = f"is not UTF-8 {at}: save the file in this encoding"
            continue
        try:
            found |= tomllib.loads(part)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            broken[name] = f"is no TOML: {str(error) or type(error).__name__}"
    return found, broken


def _parts(text: str) -> Mapping[str, str]:
    """Top-level name → its lines; all others are empty, so that line numbers stay."""
    lines = text.replace("\r\n", "\n").split("\n")
    owner, owners = "", []
    for line in lines:
        header = _HEADER.match(line)
        if header:
            name = next(name for name in header.groups() if name is not None)
            owner = _NO_UTF_8.sub("?", name)
        owners.append(owner)
    return {
        name: "\n".join(
            line if whose == name else "" for line, whose in zip(lines, owners, strict=True)
        )
        for name in dict.fromkeys(owners)
    }
