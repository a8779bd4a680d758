"""The account's custom fields that a query finds, each as the answer shows it.

`endpoints` calls this for ``GET /api/v1/custom_field``. The fields themselves are a part of
`settings.Behaviour`, which `definitions` changes; when one was made is not remembered.
"""

from __future__ import annotations

import json
import sqlite3
import uuid

from mateo_emulator.clock import iso_timestamp
from mateo_emulator.postgresql.values import Kind
from mateo_emulator.postgrest.api_request.fields import Reference
from mateo_emulator.postgrest.plan import ReadPlan, Selected
from mateo_emulator.postgrest.query.sql_fragment import order_by, where
from mateo_emulator.postgrest.response import Found
from mateo_emulator.postgrest.schema_cache import SchemaCache
from mateo_emulator.settings import Behaviour

_KINDS: dict[str, Kind] = {
    "id": "uuid",
    "created_at": "timestamp",
    "updated_at": "timestamp",
    "organisation_id": "uuid",
    "name": "text",
    "description": "text",
    "type": "text",
    "key": "text",
    "entity": "text",
}
_COLUMNS = {name: (kind, f"json_extract(value, '$.{name}')") for name, kind in _KINDS.items()}
_ALL = tuple(Selected(name, Reference(name), kind, kind) for name, kind in _KINDS.items())
_MADE_AT_US = 1_704_067_200_000_000
"""2024-01-01."""


def custom_field_schema(behaviour: Behaviour) -> SchemaCache:
    """What a query may name."""
    orderable = ("created_at", "updated_at") if behaviour.strict_order else None
    return SchemaCache(_KINDS, orderable, name="custom_field")


def list_custom_fields(
    connection: sqlite3.Connection,
    query: ReadPlan,
    behaviour: Behaviour,
    *,
    organisation_id: str,
    counted: bool,
) -> Found:
    """The custom fields that a query finds; ``counted``: say how many there are in all, too."""
    selected = _ALL if query.select is None else query.select
    condition, values = where(query.where, _COLUMNS)
    order, order_values = order_by(query.order, _COLUMNS, last="json_each.key")
    shown = ", ".join(f"{sql} AS {name}" for name, (_, sql) in _COLUMNS.items())
    fields = json.dumps(_fields(behaviour, organisation_id))
    found = f"FROM json_each(?) WHERE {condition}"
    rows = connection.execute(
        f"SELECT {shown} {found} ORDER BY {order} LIMIT ? OFFSET ?",
        [fields, *values, *order_values, query.window.limit, query.window.offset],
    ).fetchall()
    total = None
    if counted:
        (total,) = connection.execute(
            f"SELECT count(*) {found}",
            [fields, *values],
        ).fetchone()
    answers = [
        {item.name: item.show(_value(row, item.reference.column)) for item in selected}
        for row in rows
    ]
    return Found(answers, {item.name: item.kind for item in selected}, total)


def _fields(behaviour: Behaviour, organisation_id: str) -> list[dict[str, object]]:
    return [
        {
            "id": str(uuid.uuid5(uuid.UUID(organisation_id), f"{entity}/{key}")),
            "created_at": _MADE_AT_US,
            "updated_at": _MADE_AT_US,
            "organisation_id": organisation_id,
            "name": key.replace("_", " ").capitalize(),
            "description": None,
            "type": kind,
            "key": key,
            "entity": entity,
        }
        for entity, fields in behaviour.custom_fields.items()
        for key, kind in fields.items()
    ]


def _value(row: sqlite3.Row, name: str) -> object:
    stored = row[name]
    return (
        iso_timestamp(int(stored)) if stored is not None and _KINDS[name] == "timestamp" else stored
    )
