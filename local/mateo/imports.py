"""The import itself: store a new one, and list imports with a query.

`gateway` calls this for ``POST`` and ``GET /api/v1/import``, always in the thread of the requests;
`worker` takes over from the stored row.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import sqlite3
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local.mateo import limits
from local.mateo.clock import iso
from local.mateo.conditions import order_by, where
from local.mateo.errors import ApiError
from local.mateo.import_body import NewImport
from local.mateo.query import Comparison, Grammar, Query
from local.mateo.query_values import Kind, Scalar
from local.mateo.settings import Behaviour, Limits

_COLUMNS: dict[str, tuple[Kind, str]] = {
    "id": ("uuid", "import.id"),
    "created_at": ("timestamp", "import.created_at"),
    "updated_at": ("timestamp", "import.updated_at"),
    "organisation_id": ("uuid", "import.organisation_id"),
    "type": ("import_type", "import.type"),
    "payload": ("json", "CASE WHEN import.payload_path IS NULL THEN import_payload.body END"),
    "contact_list_id": ("uuid", "import.contact_list_id"),
    "contact_list_external_id": ("text", "import.contact_list_external_id"),
    "allow_deal_reassignment": ("boolean", "import.allow_deal_reassignment"),
    "allow_appointment_reassignment": ("boolean", "import.allow_appointment_reassignment"),
    "failed_url": ("text", "import.failed_path"),
    "payload_url": ("text", "import.payload_path"),
    "total_count": ("integer", "import.total_count"),
    "success_count": ("integer", "import.success_count"),
    "failed_count": ("integer", "import.failed_count"),
    "reference_id": ("text", "import.reference_id"),
    "hints": ("json", "import.hints"),
}
_SQL = {name: sql for name, (_, sql) in _COLUMNS.items()}


@dataclass(frozen=True)
class Moment:
    """When and for whom something is created or listed."""

    now_us: int
    day: str
    seconds_until_tomorrow: float
    machine_us: int
    organisation_id: str


def grammar(behaviour: Behaviour) -> Grammar:
    """What a query may name; ``failed`` can be selected only where the behaviour allows it."""
    return Grammar(
        {name: kind for name, (kind, _) in _COLUMNS.items()},
        ("created_at", "updated_at") if behaviour.strict_order else None,
        frozenset({"failed"} if behaviour.failed_selectable else ()),
    )


def create_import(
    connection: sqlite3.Connection,
    new: NewImport,
    moment: Moment,
    settings: tuple[Limits, Behaviour],
) -> str:
    """Store an import and take its rows from today's entities, in the caller's transaction.

    Returns:
        The id of the import.

    Raises:
        ApiError: 409 ``23503`` for an unknown contact list, 429 when the day has too little room;
            then nothing is stored or taken.
    """
    bounds, behaviour = settings
    _check_contact_list(connection, new, behaviour)
    standing = limits.reserve_entities(
        connection, moment.day, len(new.rows), bounds.entities_per_day
    )
    if standing.exceeded:
        until = limits.Standing(
            standing.limit, standing.remaining, moment.seconds_until_tomorrow, exceeded=True
        )
        raise limits.too_many(until, behaviour.rate_limit_headers)
    import_id = str(uuid.uuid4())
    large = len(new.rows) > behaviour.payload_inline_max
    _insert(
        connection,
        {
            "id": import_id,
            "created_at": moment.now_us,
            "updated_at": moment.now_us,
            "organisation_id": moment.organisation_id,
            "type": new.type,
            "contact_list_id": new.contact_list_id,
            "contact_list_external_id": new.contact_list_external_id,
            "allow_deal_reassignment": new.allow_deal_reassignment,
            "allow_appointment_reassignment": new.allow_appointment_reassignment,
            "payload_path": f"imports/{import_id}/payload.json" if large else None,
            "reference_id": new.reference_id,
            "visible_at": moment.now_us + round(behaviour.visible_after_s * 1e6),
            "created_real_us": moment.machine_us,
            "lottery": random.random(),  # noqa: S311 - only decides an order
            "row_count": len(new.rows),
            "payload_sha256": hashlib.sha256(new.payload.encode()).hexdigest(),
        },
    )
    connection.execute("INSERT INTO import_payload VALUES (?, ?)", (import_id, new.payload))
    return import_id


def _insert(connection: sqlite3.Connection, values: Mapping[str, object]) -> None:
    marks = ", ".join(f":{name}" for name in values)
    connection.execute(
        f"INSERT INTO import ({', '.join(values)}) VALUES ({marks})",  # noqa: S608
        dict(values),
    )


def _check_contact_list(
    connection: sqlite3.Connection, new: NewImport, behaviour: Behaviour
) -> None:
    for column, value in (
        ("id", new.contact_list_id),
        ("external_id", new.contact_list_external_id),
    ):
        if value is None:
            continue
        found = connection.execute(
            f"SELECT 1 FROM contact_list WHERE {column} = ?",  # noqa: S608 - one of two names
            (value,),
        ).fetchone()
        if found is None and behaviour.auto_contact_lists:
            add_contact_list(connection, **{column: value})
        elif found is None:
            raise ApiError(
                409,
                "23503",
                'insert or update on table "import" violates foreign key constraint'
                f' "import_contact_list_{column}_fkey"',
            )


def add_contact_list(
    connection: sqlite3.Connection,
    *,
    id: str | None = None,  # noqa: A002 - the name of the column
    external_id: str | None = None,
    name: str | None = None,
) -> str:
    """Add a contact list and return its id."""
    list_id = id or str(uuid.uuid4())
    connection.execute(
        "INSERT INTO contact_list VALUES (?, ?, ?)", (list_id, external_id, name or external_id)
    )
    return list_id


def list_imports(
    connection: sqlite3.Connection,
    query: Query,
    behaviour: Behaviour,
    *,
    visible_until_us: int | None,
    link: Callable[[str], str],
) -> list[dict[str, object]]:
    """The imports that a query finds, each as the answer shows it.

    Args:
        visible_until_us: Imports that become visible later are left out; None shows all.
        link: Makes a signed link of a stored path.
    """
    condition, values = where(query.where, _SQL)
    columns = tuple(_COLUMNS) if query.select is None else tuple(query.select.values())
    wanted = [f"{_SQL[name]} AS {name}" for name in dict.fromkeys(columns) if name in _SQL]
    shown = [*wanted, "import.id AS own_id", "import.failed_count AS own_failed_count"]
    parameters: list[Scalar] = [*values]
    if visible_until_us is not None:
        condition = f"({condition}) AND import.visible_at <= ?"
        parameters.append(visible_until_us)
    rows = connection.execute(
        f"SELECT {', '.join(shown)} FROM import"  # noqa: S608 - only expressions of this module
        " LEFT JOIN import_payload ON import_payload.import_id = import.id"
        f" WHERE {condition} ORDER BY {order_by(query.order, _SQL)} LIMIT ? OFFSET ?",
        [*parameters, query.limit, query.offset],
    ).fetchall()
    return [_shown(connection, row, query, behaviour, link) for row in rows]


def _shown(
    connection: sqlite3.Connection,
    row: sqlite3.Row,
    query: Query,
    behaviour: Behaviour,
    link: Callable[[str], str],
) -> dict[str, object]:
    few = row["own_failed_count"] is not None and (
        row["own_failed_count"] <= behaviour.failed_inline_max
    )
    if query.select is None:
        answer = {name: _value(name, row[name], link) for name in _COLUMNS}
        if few:
            answer["failed"] = failures_of(connection, row["own_id"])
        return answer
    return {
        alias: (failures_of(connection, row["own_id"]) if few else None)
        if name == "failed"
        else _value(name, row[name], link)
        for alias, name in query.select.items()
    }


def _value(name: str, stored: Scalar, link: Callable[[str], str]) -> object:
    kind = _COLUMNS[name][0]
    if stored is None:
        return None
    if name in ("failed_url", "payload_url"):
        return link(str(stored))
    if kind == "timestamp":
        return iso(int(stored))
    if kind == "boolean":
        return bool(stored)
    return json.loads(str(stored)) if kind == "json" else stored


def failures_of(connection: sqlite3.Connection, import_id: str) -> list[dict[str, object]]:
    """The failed rows of an import in their order: code, message and the row as it was sent."""
    rows = connection.execute(
        "SELECT code, message, input FROM import_failure WHERE import_id = ? ORDER BY row_number",
        (import_id,),
    )
    return [
        {"code": code, "message": message, "input": json.loads(text)}
        for code, message, text in rows
    ]


def file_of(connection: sqlite3.Connection, path: str) -> str | None:
    """The JSON text behind a link: the failures or the payload of an import."""
    match = re.fullmatch(r"imports/([0-9a-f-]{36})/(failed|payload)\.json", path)
    if match is None:
        return None
    if match[2] == "failed":
        return json.dumps(failures_of(connection, match[1]), ensure_ascii=False)
    row = connection.execute(
        "SELECT body FROM import_payload WHERE import_id = ?", (match[1],)
    ).fetchone()
    return None if row is None else str(row[0])


def by_id(import_id: str, select: Mapping[str, str] | None) -> Query:
    """The query for one import."""
    return Query(select, (Comparison("id", "eq", (import_id,)),))
