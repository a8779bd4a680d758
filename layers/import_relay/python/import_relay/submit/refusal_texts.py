"""What may be shown in a log of Mateo's codes and messages, which may hold values of records."""

import json
import re
from collections.abc import Iterable, Iterator

MAX_MESSAGE_LENGTH = 200
_CODE = re.compile(r"[A-Za-z0-9_]{1,20}")
_OF_SCHEMA = ("PGRST", "42")
"""Codes of PostgREST and of PostgreSQL's class 42: their messages name tables and columns."""
_QUOTED = r"""\"[^"]*(?:"|$)|'[^']*(?:'|$)"""
_BRACKETED = r"\([^)]*(?:\)|$)|\[[^\]]*(?:\]|$)|\{.*"
_WORD = re.compile(r"[^\W\d_]+")
_VALUES = re.compile(rf"{_QUOTED}|{_BRACKETED}|\S*[@\d]\S*")


def shown_code(code: str) -> str:
    """Mateo's code, or nothing if it is none."""
    return code if _CODE.fullmatch(code) else ""


def shown_message(code: str, message: str) -> str:
    """Mateo's message without what may be a value, unless it is about the schema."""
    line = " ".join(message.split())
    if not code.startswith(_OF_SCHEMA):
        line = _VALUES.sub("…", line)
    return line[:MAX_MESSAGE_LENGTH]


def shown_answer(status: int, code: str, message: str) -> str:
    """What Mateo answered, in one line, without what may be a value."""
    code = f" {shown_code(code)}".rstrip()
    return f"Mateo answered {status}{code}: {shown_message(code.strip(), message)}"


def without_values(code: str, message: str, rows: Iterable[bytes]) -> str:
    """Mateo's message without the words that these rows hold, unless it is about the schema.

    `rows`: the JSON of each row that the message may be about. Mateo need not quote a name.
    """
    if code.startswith(_OF_SCHEMA):
        return message
    held = {word.casefold() for row in rows for word in _words(json.loads(row))}
    return _WORD.sub(lambda found: "…" if found[0].casefold() in held else found[0], message)


def _words(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _words(one)
    elif isinstance(value, str):
        yield from _WORD.findall(value)


def names_reference_id(message: str) -> bool:
    """Whether Mateo refuses an import because of its reference id."""
    return "reference_id" in message
