"""The text of a row as it is sent, and how large it may be. Called by `changes` and `merging`."""

import json
from collections.abc import Iterable, Mapping

from pydantic_core import to_json

from import_relay.domain.errors import RejectedRow

MAX_IMPORT_BODY_B = 4_000_000
"""Own cap on the body of an import: Mateo documents none, and a request has two seconds."""

MAX_ROW_B = MAX_IMPORT_BODY_B - 1_000
"""What is left of it beside the keys of the body."""

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def row_text(columns: Mapping[str, object]) -> bytes:
    """The JSON of a row as it is sent.

    Raises:
        RejectedRow: a value is no JSON, a text cannot be stored, or the row alone is too large.
    """
    try:
        text = to_json(columns)
    except ValueError:
        text = _strict_text(columns)
    if b"NaN" in text or b"Infinity" in text:
        text = _strict_text(columns)
    if b"\\u0000" in text and "\x00" in "".join(_texts(columns)):
        raise RejectedRow("row.bad_text", detail="a NUL character")
    if len(text) > MAX_ROW_B:
        raise RejectedRow("row.too_large", detail=f"{len(text)} bytes")
    return text


def _strict_text(columns: Mapping[str, object]) -> bytes:
    """The JSON of a row by the standard library, which takes four times as long.

    It knows what is wrong with a value, and takes no number that is not finite.
    """
    try:
        return _encode(columns).encode()
    except UnicodeEncodeError as error:
        raise RejectedRow("row.bad_text", detail="half a surrogate pair") from error
    except (ValueError, RecursionError) as error:
        raise RejectedRow("row.bad_value", detail="not a finite number") from error


def _texts(columns: Mapping[str, object]) -> Iterable[str]:
    for column, value in columns.items():
        yield column
        for entry in value if isinstance(value, list) else [value]:
            if isinstance(entry, str):
                yield entry
