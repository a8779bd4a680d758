"""Reads the body of ``POST /import``, as strictly as PostgREST and the columns' types demand.

Called by `gateway`; `imports.store` stores the result.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from mateo_emulator.errors import ApiError
from mateo_emulator.postgresql.values import typed
from mateo_emulator.settings import Behaviour

_BODY_KEYS = (
    "type", "payload", "contact_list_id", "contact_list_external_id", "allow_deal_reassignment",
    "allow_appointment_reassignment", "reference_id",
)  # fmt: skip
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


@dataclass(frozen=True)
class NewImport:
    """A body that was read; ``payload`` is its JSON text as the database keeps it."""

    type: str
    payload: str
    rows: Sequence[object]
    contact_list_id: str | None
    contact_list_external_id: str | None
    allow_deal_reassignment: bool | None
    allow_appointment_reassignment: bool | None
    reference_id: str | None


def read_import(body: bytes, behaviour: Behaviour) -> NewImport:
    """Read the body of a POST.

    Raises:
        ApiError: 400 (``PGRST102``, ``PGRST204``, ``22P02``, ``22P05``, ``23502``, ``23514``)
            or 413 for a body over the configured size.
    """
    if behaviour.body_bytes_max is not None and len(body) > behaviour.body_bytes_max:
        raise ApiError(413, "413", "Payload too large")
    document = _read_object(body, behaviour)
    payload = document.get("payload")
    rows = _read_rows(payload, behaviour)
    return NewImport(
        type=_read_type(document),
        payload=_as_jsonb(payload),
        rows=rows,
        contact_list_id=_read_uuid(document, "contact_list_id"),
        contact_list_external_id=_read_text(document, "contact_list_external_id"),
        allow_deal_reassignment=_read_flag(document, "allow_deal_reassignment"),
        allow_appointment_reassignment=_read_flag(document, "allow_appointment_reassignment"),
        reference_id=_read_text(document, "reference_id"),
    )


def _read_object(body: bytes, behaviour: Behaviour) -> dict[str, object]:
    try:
        document = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "PGRST102", "Empty or invalid json") from error
    if not isinstance(document, dict):
        raise ApiError(
            400, "PGRST102", "All object keys must match", hint="Send one import as an object."
        )
    if behaviour.reference_id == "ignore":
        document.pop("reference_id", None)
    for key in document:
        if key not in _BODY_KEYS or (key == "reference_id" and behaviour.reference_id == "refuse"):
            raise ApiError(
                400,
                "PGRST204",
                f"Could not find the '{_shown(key)}' column of 'import' in the schema cache",
            )
    return document


def _shown(key: str) -> str:
    """The key with "?" for what no answer can carry."""
    return key.encode(errors="replace").decode()


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _read_type(document: Mapping[str, object]) -> str:
    value = document.get("type")
    if value is None:
        raise ApiError(
            400,
            "23502",
            'null value in column "type" of relation "import" violates not-null constraint',
        )
    return str(typed("import_type", value if isinstance(value, str) else json.dumps(value)))


def _read_rows(payload: object, behaviour: Behaviour) -> list[object]:
    """The rows; null and the documented example ``{}`` are an import without rows."""
    if payload is None or payload == {}:
        return []
    if not isinstance(payload, list):
        raise ApiError(
            400,
            "23514",
            'new row for relation "import" violates check constraint "payload_is_array"',
            hint="Send payload as an array of objects.",
        )
    most = behaviour.rows_per_import_max
    if most is not None and len(payload) > most:
        raise ApiError(400, "23514", f"an import may have at most {most} rows")
    return payload


def _as_jsonb(payload: object) -> str:
    try:
        text = json.dumps(payload, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        text.encode()
    except (UnicodeEncodeError, RecursionError) as error:
        raise ApiError(400, "22P02", "invalid input syntax for type json") from error
    except ValueError as error:
        raise ApiError(400, "22003", "value out of range") from error
    if "\\u0000" in text and _NUL.search(text):
        raise ApiError(400, "22P05", "unsupported Unicode escape sequence")
    return text


def _read_uuid(document: Mapping[str, object], key: str) -> str | None:
    text = _read_text(document, key)
    return None if text is None else str(typed("uuid", text))


def _read_text(document: Mapping[str, object], key: str) -> str | None:
    value = document.get(key)
    text = value if value is None or isinstance(value, str) else json.dumps(value)
    if text is not None and not _storable(text):
        raise ApiError(400, "22P05", "unsupported Unicode escape sequence")
    return text


def _storable(text: str) -> bool:
    try:
        return "\x00" not in text and bool(text.encode() or True)
    except UnicodeEncodeError:
        return False


def _read_flag(document: Mapping[str, object], key: str) -> bool | None:
    value = document.get(key)
    if value is None or isinstance(value, bool):
        return value
    return bool(typed("boolean", value if isinstance(value, str) else json.dumps(value)))
