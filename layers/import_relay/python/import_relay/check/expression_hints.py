"""Suggests what an invalid expression was probably meant to be. Called by `check_connections`."""

import re
from contextlib import suppress

from jmespath.exceptions import JMESPathError

from import_relay.mapping.expressions import compile_expression

_QUOTED = re.compile(r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`)""")
_WORDS = re.compile(r"[\w$#@:/-]+(?: +[\w$#@:/-]+)*")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|-?[0-9]+|@|[0-9:-]+")


def quoting_hint(expression: str) -> str:
    """`: names with other signs need double quotes: '"Straße"'`, if that makes it an expression."""
    if expression.startswith("$"):
        return "; it begins at the record: leave out '$.'"
    parts = _QUOTED.split(expression)
    parts[::2] = [_WORDS.sub(_quoted, part) for part in parts[::2]]
    meant = "".join(parts)
    with suppress(JMESPathError):
        if meant != expression:
            compile_expression(meant)
            return (
                "; names with spaces, hyphens, umlauts or other signs need double quotes: "
                f"{_in_toml(meant)}"
            )
    return ""


def _quoted(found: re.Match[str]) -> str:
    words = found.group()
    return words if _PLAIN.fullmatch(words) else f'"{words}"'


def _in_toml(text: str) -> str:
    """The text as it stands in a TOML file, without a sign that would have to be escaped."""
    if "'" not in text:
        return f"'{text}'"
    return f"'''{text}'''"
