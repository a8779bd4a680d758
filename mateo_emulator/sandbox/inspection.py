"""Reads what is stored for the lists of the admin surface: pages, filters, readable values.

Called by `admin` in the thread of the requests.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence

from mateo_emulator.clock import iso_timestamp
from mateo_emulator.errors import ApiError

_MAX_PAGE = 10_000
_DEFAULT_PAGE = 100
_FILTERS: dict[str, Sequence[str]] = {
    "contact": ("id", "external_id", "secondary_external_id", "last_import_id"),
    "deal": ("id", "external_id", "contact_id", "last_import_id"),
    "appointment": ("id", "external_id", "contact_id", "last_import_id"),
    "import": ("id", "type", "reference_id", "payload_sha256"),
    "request": ("method", "path", "status", "credentials", "import_id", "fault", "counted"),
    "contact_list": ("id", "external_id"),
}


def _number(parameters: Mapping[str, str], name: str, default: int) -> int:
    text = parameters.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise ApiError(400, "400", f"{name} must be a number")
    return int(text)


def table_page(
    connection: sqlite3.Connection, table: str, parameters: Mapping[str, str]
) -> dict[str, object]:
    """One page of a table: ``{count, offset, limit, items}``; count is of all that match."""
    limit = min(_number(parameters, "limit", _DEFAULT_PAGE), _MAX_PAGE)
    offset = _number(parameters, "offset", 0)
    condition, values = _condition(table, parameters)
    (count,) = connection.execute(
        f"SELECT count(*) FROM {table} WHERE {condition}",  # noqa: S608
        values,
    ).fetchone()
    rows = connection.execute(
        f"SELECT * FROM {table} WHERE {condition} ORDER BY rowid LIMIT ? OFFSET ?",  # noqa: S608
        [*values, limit, offset],
    ).fetchall()
    items = [_DECODERS[table](connection, dict(row)) for row in rows]
    if table == "contact":
        _add_belongings(connection, items)
    return {"count": count, "offset": offset, "limit": limit, "items": items}


def _condition(table: str, parameters: Mapping[str, str]) -> tuple[str, list[str | int]]:
    terms, values = ["1"], list[str | int]()
    for name, value in parameters.items():
        if name in ("limit", "offset"):
            continue
        if name == "after" and table == "request":
            terms.append("n > ?")
            values.append(_number(parameters, "after", 0))
        elif name in _FILTERS[table]:
            terms.append(f"{name} = ?")
            values.append(value)
        else:
            raise ApiError(400, "400", f"unknown parameter {name}")
    return " AND ".join(terms), values


def _add_belongings(connection: sqlite3.Connection, contacts: Sequence[dict[str, object]]) -> None:
    """Add handles and lists to contacts; all of them are asked for at once."""
    handles: dict[object, dict[str, str]] = {one["id"]: {} for one in contacts}
    lists: dict[object, list[str]] = {one["id"]: [] for one in contacts}
    ids = json.dumps(list(handles))
    chosen = "WHERE contact_id IN (SELECT value FROM json_each(?))"
    query = f"SELECT contact_id, kind, value FROM handle {chosen}"  # noqa: S608
    for contact_id, kind, value in connection.execute(query, (ids,)):
        handles[contact_id][kind] = value
    query = f"SELECT contact_id, contact_list_id FROM contact_list_member {chosen}"  # noqa: S608
    for contact_id, contact_list_id in connection.execute(query, (ids,)):
        lists[contact_id].append(contact_list_id)
    for one in contacts:
        one |= {"handles": handles[one["id"]], "lists": lists[one["id"]]}


def _engagement(_: sqlite3.Connection, row: dict[str, object]) -> dict[str, object]:
    times = {name: iso_timestamp(int(str(row[name]))) for name in ("created_at", "updated_at")}
    return {**row, **times, "fields": json.loads(str(row["fields"]))}


def _import(_: sqlite3.Connection, row: dict[str, object]) -> dict[str, object]:
    times = {name: iso_timestamp(int(str(row[name]))) for name in ("created_at", "updated_at")}
    done = row["total_count"] is not None
    started = done or bool(row["next_row"])
    shown = {**row, **times, "state": "done" if done else "processing" if started else "waiting"}
    for name in ("hints", "found_hints"):
        shown[name] = None if row[name] is None else json.loads(str(row[name]))
    for name in ("allow_deal_reassignment", "allow_appointment_reassignment"):
        shown[name] = None if row[name] is None else bool(row[name])
    return shown


def _request(_: sqlite3.Connection, row: dict[str, object]) -> dict[str, object]:
    return {**row, "counted": bool(row["counted"])}


def _contact_list(connection: sqlite3.Connection, row: dict[str, object]) -> dict[str, object]:
    (members,) = connection.execute(
        "SELECT count(*) FROM contact_list_member WHERE contact_list_id = ?", (row["id"],)
    ).fetchone()
    return {**row, "members": members}


_DECODERS: dict[str, Callable[[sqlite3.Connection, dict[str, object]], dict[str, object]]] = {
    "contact": _engagement,
    "deal": _engagement,
    "appointment": _engagement,
    "import": _import,
    "request": _request,
    "contact_list": _contact_list,
}


def count_all(connection: sqlite3.Connection) -> dict[str, int]:
    """How many there are of everything."""
    tables = {
        "contacts": "contact",
        "deals": "deal",
        "appointments": "appointment",
        "imports": "import",
        "imports_unfinished": "import WHERE total_count IS NULL",
        "requests": "request",
        "requests_refused_429": "request WHERE status = 429",
    }
    return {
        name: int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608
        for name, table in tables.items()
    }
