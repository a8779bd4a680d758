"""The types of the import's columns, and how the text of a filter becomes a value of each.

Used by `query` for filters and by `import_body` for the columns of a new import.
"""

from __future__ import annotations

import json
import re
import uuid
from typing import Literal

from local.mateo.clock import MICROSECONDS
from local.mateo.datetimes import parse_datetime
from local.mateo.errors import ApiError

Kind = Literal["uuid", "text", "integer", "boolean", "timestamp", "import_type", "json"]
Scalar = str | int | float | None
IMPORT_TYPES = ("contact_details", "deal_details", "appointment_details")
_BOOLEANS = {"true": 1, "t": 1, "yes": 1, "on": 1, "1": 1,
             "false": 0, "f": 0, "no": 0, "off": 0, "0": 0}  # fmt: skip
_INTEGER_RANGE = range(-(2**31), 2**31)


def typed(kind: Kind, text: str) -> Scalar:
    """The text of a filter as a value of the column's type, in the form that is stored.

    Raises:
        ApiError: 400 ``22P02`` (``22007`` for timestamps, ``22003`` out of range).
    """
    if kind == "text":
        return text
    value = _READERS[kind](text)
    if value is None:
        name = "enum public.import_type" if kind == "import_type" else f"type {kind}"
        code = "22007" if kind == "timestamp" else "22P02"
        what = "input value" if kind == "import_type" else "input syntax"
        raise ApiError(400, code, f'invalid {what} for {name}: "{text}"')
    return value


def _uuid(text: str) -> str | None:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return None


def _integer(text: str) -> int | None:
    if not re.fullmatch(r"\s*[+-]?\d{1,30}\s*", text, re.ASCII):
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
        return json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        return None


_READERS = {
    "uuid": _uuid,
    "integer": _integer,
    "boolean": lambda text: _BOOLEANS.get(text.strip().lower()),
    "timestamp": _timestamp,
    "import_type": lambda text: text if text in IMPORT_TYPES else None,
    "json": _json,
}
