"""The types of the import's columns, and how the text of a filter becomes a value of each.

Used by `filters`, by `casts` for ``::type`` and by `imports.body` for the columns of a
new import.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from mateo_emulator.errors import ApiError
from mateo_emulator.postgresql import jsonb
from mateo_emulator.postgresql.boolean import read_boolean
from mateo_emulator.postgresql.numbers import read_integer
from mateo_emulator.postgresql.timestamps import read_timestamp

Kind = Literal["uuid", "text", "link", "integer", "boolean", "timestamp", "import_type", "json"]
Scalar = str | int | float | None
IMPORT_TYPES = ("contact_details", "deal_details", "appointment_details")
TYPE_NAMES: dict[Kind, str] = {
    "uuid": "uuid", "text": "text", "link": "text", "integer": "integer", "boolean": "boolean",
    "timestamp": "timestamp with time zone", "import_type": "import_type", "json": "jsonb",
}  # fmt: skip
_UUID = re.compile(r"(\{)?((?:[0-9a-fA-F]{4}-?){7}[0-9a-fA-F]{4})(?(1)\})")
_START = datetime(1970, 1, 1, tzinfo=UTC)


def typed(kind: Kind, text: str, now: datetime = _START) -> Scalar:
    """The text of a filter as a value of the column's type, in the form that is stored.

    Args:
        kind: The type.
        text: What is to be read.
        now: When the query is asked: what ``now`` and ``today`` mean.

    Raises:
        ApiError: 400 ``22P02``, ``22003`` for an integer out of range, ``22P05`` for JSON with
            a character that cannot be stored.
    """
    if kind == "text":
        return text
    value = read_timestamp(text, now) if kind == "timestamp" else _READERS[kind](text)
    if value is None:
        raise invalid(kind, text)
    return value


def invalid(kind: Kind, text: str) -> ApiError:
    """400 ``22P02``: a text that is no value of the type.

    PostgreSQL itself says ``22007`` for a timestamp; the code that is emulated is the one that
    covers unreadable values of every type.
    """
    if kind == "import_type":
        return ApiError(400, "22P02", f'invalid input value for enum public.import_type: "{text}"')
    name = "json" if kind == "json" else TYPE_NAMES[kind]
    return unreadable(name, text)


def unreadable(type_name: str, value: object) -> ApiError:
    """400 ``22P02``: a value that the type cannot read."""
    return ApiError(400, "22P02", f'invalid input syntax for type {type_name}: "{value}"')


def _uuid(text: str) -> str | None:
    match = _UUID.fullmatch(text)
    return None if match is None else str(uuid.UUID(match[2]))


def _json(text: str) -> str | None:
    try:
        written = jsonb.to_text(jsonb.parse(text))
        written.encode()
    except (ValueError, RecursionError):
        return None
    if re.search(r"(?<!\\)(?:\\\\)*\\u0000", written):
        raise ApiError(400, "22P05", "unsupported Unicode escape sequence")
    return written


_READERS: dict[Kind, Callable[[str], Scalar]] = {
    "uuid": _uuid,
    # what differs from answer to answer is not part of a link's value
    "link": lambda text: text.partition("?")[0],
    "integer": read_integer,
    "boolean": read_boolean,
    "import_type": lambda text: text if text in IMPORT_TYPES else None,
    "json": _json,
}
