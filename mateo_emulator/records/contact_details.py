"""The account's contacts that a query finds, and their deletion.

`endpoints` calls this for ``/api/v1/contact_details``. A contact shows the documented columns,
the defined custom fields and its marketing channels.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence

from mateo_emulator.clock import iso_timestamp
from mateo_emulator.postgresql.values import Kind
from mateo_emulator.postgrest.api_request.fields import Reference
from mateo_emulator.postgrest.plan import ReadPlan, Selected
from mateo_emulator.postgrest.query.sql_fragment import ColumnKinds, order_by, where
from mateo_emulator.postgrest.response import Found
from mateo_emulator.postgrest.schema_cache import SchemaCache
from mateo_emulator.records.fields import COLUMNS, HANDLE_COLUMNS
from mateo_emulator.settings import Behaviour, FieldKind

TABLE = "contact_details"
_CUSTOM_KINDS: Mapping[FieldKind, Kind] = {
    "string": "text",
    "datetime": "text",
    "date": "text",
    "boolean": "boolean",
    "number": "json",
    "string_list": "json",
}
_DEFAULTS = {
    "_marketing_opt_in": "0",
    "_transactional_opt_in": "'legitimate_interest'",
    "is_blocked": "0",
}
"""How a column's name ends → its value where no row has set it."""
_BELONGING = ("handle", "contact_list_member", "deal", "appointment")
"""What goes with its contact."""


def columns(behaviour: Behaviour, organisation_id: str) -> ColumnKinds:
    """Name → type and SQL expression of everything that a query may name."""
    custom: dict[str, FieldKind] = {
        **behaviour.custom_fields.get("contact", {}),
        **dict.fromkeys(behaviour.marketing_channels, "string"),
    }
    return {
        "id": ("uuid", "contact.id"),
        "created_at": ("timestamp", "contact.created_at"),
        "updated_at": ("timestamp", "contact.updated_at"),
        "organisation_id": ("uuid", f"'{organisation_id}'"),
        "external_id": ("text", "contact.external_id"),
        "secondary_external_id": ("text", "contact.secondary_external_id"),
        **{kind: ("text", _handle(kind)) for kind in HANDLE_COLUMNS},
        **{name: (_kind(name), _documented(name)) for name in COLUMNS["contact"]},
        **{
            key: (_CUSTOM_KINDS[kind], _custom(key, _CUSTOM_KINDS[kind]))
            for key, kind in custom.items()
        },
    }


def contact_schema(behaviour: Behaviour, known: ColumnKinds) -> SchemaCache:
    """What a query may name."""
    orderable = ("created_at", "updated_at") if behaviour.strict_order else None
    return SchemaCache({name: kind for name, (kind, _) in known.items()}, orderable, name=TABLE)


def list_contacts(
    connection: sqlite3.Connection, query: ReadPlan, known: ColumnKinds, *, counted: bool
) -> Found:
    """The contacts that a query finds; ``counted``: say how many there are in all, too."""
    condition, values = where(query.where, known)
    order, order_values = order_by(query.order, known, last="contact.rowid")
    tail = f"ORDER BY {order} LIMIT ? OFFSET ?"
    bound = [*values, *order_values, query.window.limit, query.window.offset]
    rows = _rows(connection, known, f"{condition} {tail}", bound)
    total = None
    if counted:
        (total,) = connection.execute(
            f"SELECT count(*) FROM contact WHERE {condition}",  # noqa: S608 - our expressions
            values,
        ).fetchone()
    return _found(rows, query.select, known, total)


def delete_contacts(connection: sqlite3.Connection, query: ReadPlan, known: ColumnKinds) -> Found:
    """Delete all contacts that the filters find, without a filter every one of them.

    Returns:
        the deleted contacts as ``select`` shows them. Their deals and appointments go as well.
    """
    condition, values = where(query.where, known)
    rows = _rows(connection, known, condition, values)
    found = _found(rows, query.select, known, len(rows))
    ids = [(row["id"],) for row in rows]
    for table in _BELONGING:
        connection.executemany(f"DELETE FROM {table} WHERE contact_id = ?", ids)  # noqa: S608
    connection.executemany("DELETE FROM contact WHERE id = ?", ids)
    return found


Values = Mapping[str, object]


def _rows(
    connection: sqlite3.Connection, known: ColumnKinds, tail: str, values: Sequence[object]
) -> list[Values]:
    names = list(known)
    shown = ", ".join(sql for _, sql in known.values())
    cursor = connection.execute(f"SELECT {shown} FROM contact WHERE {tail}", values)  # noqa: S608
    return [dict(zip(names, row, strict=True)) for row in cursor]


def _found(
    rows: Sequence[Values], select: Sequence[Selected] | None, known: ColumnKinds, total: int | None
) -> Found:
    selected = list(select if select is not None else _all(known))
    answers = [
        {item.name: item.show(_value(row, item.reference.column, known)) for item in selected}
        for row in rows
    ]
    return Found(answers, {item.name: item.kind for item in selected}, total)


def _all(known: ColumnKinds) -> Iterator[Selected]:
    for name, (kind, _) in known.items():
        yield Selected(name, Reference(name), kind, kind)


def _value(row: Values, name: str, known: ColumnKinds) -> object:
    stored, kind = row[name], known[name][0]
    if stored is None:
        return None
    readers: Mapping[str, Callable[[str], object]] = {
        "timestamp": lambda text: iso_timestamp(int(text)),
        "boolean": lambda text: text == "1",
        "json": json.loads,
    }
    return readers[kind](str(stored)) if kind in readers else stored


def _handle(kind: str) -> str:
    return f"(SELECT value FROM handle WHERE contact_id = contact.id AND kind = '{kind}')"  # noqa: S608


def _kind(name: str) -> Kind:
    return "boolean" if name == "is_blocked" or name.endswith("_marketing_opt_in") else "text"


def _documented(name: str) -> str:
    stored = f"json_extract(contact.fields, '$.{name}')"
    default = next((one for end, one in _DEFAULTS.items() if name.endswith(end)), None)
    return stored if default is None else f"coalesce({stored}, {default})"


def _custom(key: str, kind: Kind) -> str:
    """A key of the account's own: any text, so it is no JSON path of SQLite."""
    path = json.dumps([kind != "json", key]).replace("'", "''")
    text = f"pg_json_get(contact.fields, '{path}')"
    return f"CASE {text} WHEN 'true' THEN 1 WHEN 'false' THEN 0 END" if kind == "boolean" else text
