"""The types of the import's columns, and how the text of a filter becomes a value of each.

Used by `filters`, by `casts` for ``::type`` and by `imports.body` for the columns of a
new import.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Literal

from mateo_emulator.clock import MICROSECONDS
from mateo_emulator.errors import ApiError
from mateo_emulator.postgresql import jsonb
from mateo_emulator.postgresql.datetimes import parse_datetime

Kind = Literal["uuid", "text", "link", "integer", "boolean", "timestamp", "import_type", "json"]
Scalar = str | int | float | None
IMPORT_TYPES = ("contact_details", "deal_details", "appointment_details")
TYPE_NAMES: dict[Kind, str] = {
    "uuid": "uuid", "text": "text", "link": "text", "integer": "integer", "boolean": "boolean",
    "timestamp": "timestamp with time zone", "import_type": "import_type", "json": "jsonb",
}  # fmt: skip
_BOOLEANS = {"true": 1, "t": 1, "yes": 1, "y": 1, "on": 1, "1": 1,
             "false": 0, "f": 0, "no": 0, "n": 0, "off": 0, "0": 0}  # fmt: skip
_INTEGER_RANGE = range(-(2**31), 2**31)


def typed(kind: Kind, text: str) -> Scalar:
    """The text of a filter as a value of the column's type, in the form that is stored.

    Raises:
        ApiError: 400 ``22P02``, ``22003`` for an integer out of range, ``22P05`` for JSON with
            a character that cannot be stored.
    """
    if kind == "text":
        return text
    value = _READERS[kind](text)
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
    return ApiError(400, "22P02", f'invalid input syntax for type {name}: "{text}"')


def _uuid(text: str) -> str | None:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return None


def _integer(text: str) -> int | None:
    if not re.fullmatch(r"\s*[+-]?\d{1,4000}\s*", text, re.ASCII):
        return None
    if int(text) not in _INTEGER_RANGE:
        raise ApiError(400, "22003", f'value "{text}" is out of range for type integer')
    return int(text)


def _timestamp(text: str) -> int | None:
    moment = parse_datetime(text)
    if moment is None:
        return None
    seconds = int(moment.replace(microsecond=0).timestamp())
    return seconds * MICROSECONDS + moment.microsecond


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
    "integer": _integer,
    "boolean": lambda text: _BOOLEANS.get(text.strip().lower()),
    "timestamp": _timestamp,
    "import_type": lambda text: text if text in IMPORT_TYPES else None,
    "json": _json,
}
