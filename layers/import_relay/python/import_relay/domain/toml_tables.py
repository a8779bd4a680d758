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


def read_text(path: str | Path) -> str:
    """The text of connections.toml, with or without a byte order mark.

    Raises:
        ConfigurationError: there is no such file, or it is not UTF-8.
    """
    try:
        content = Path(path).read_bytes()
        is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return content.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        reason = f"line {line} is not UTF-8: save the file in this encoding"
        raise ConfigurationError(f"{path}: cannot be read ({reason})") from error
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({type(error).__name__})") from error


def read_tables(text: str) -> tuple[dict[str, object], dict[str, str]]:
    """The top-level tables by name, and what is wrong with each that cannot be read.

    What is wrong says at which line. What stands before the first table goes by the name "".
    """
    try:
        return tomllib.loads(text), {}
    except (tomllib.TOMLDecodeError, RecursionError):
        return _one_by_one(text)


def _one_by_one(text: str) -> tuple[dict[str, object], dict[str, str]]:
    found: dict[str, object] = {}
    broken: dict[str, str] = {}
    for name, part in _parts(text).items():
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
            owner = next(name for name in header.groups() if name is not None)
        owners.append(owner)
    return {
        name: "\n".join(
            line if whose == name else "" for line, whose in zip(lines, owners, strict=True)
        )
        for name in dict.fromkeys(owners)
    }
