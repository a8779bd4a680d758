"""The import itself: store a new one, and read what came of it.

`endpoints` calls this for ``POST /api/v1/import``, always in the thread of the requests; `worker`
takes over from the stored row, `imports.listing` shows it.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import sqlite3
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from mateo_emulator import limits
from mateo_emulator.errors import ApiError
from mateo_emulator.imports.body import NewImport
from mateo_emulator.imports.results import (
    MEDIA_TYPES,
    ListEntry,
    entries_shown,
    failed_file,
    payload_shown,
)
from mateo_emulator.settings import Behaviour, DocumentedLimits


@dataclass(frozen=True)
class Timestamp:
    """When and for whom something is created or listed."""

    now_us: int
    day: str
    seconds_until_tomorrow: float
    machine_us: int
    organisation_id: str


def create_import(
    connection: sqlite3.Connection,
    new: NewImport,
    timestamp: Timestamp,
    settings: tuple[DocumentedLimits, Behaviour],
) -> str:
    """Store an import and take its rows from today's entities, in the caller's transaction.

    Returns:
        The id of the import.

    Raises:
        ApiError: 409 ``23503`` for an unknown contact list, 429 when the day has too little room;
            then nothing is stored or taken.
    """
    _, behaviour = settings
    _check_contact_list(connection, new, behaviour)
    rows = _reserve(connection, len(new.rows), timestamp, settings)
    import_id = str(uuid.uuid4())
    large = len(new.rows) > behaviour.payload_inline_max
    _insert(
        connection,
        {
            "id": import_id,
            "created_at": timestamp.now_us,
            "updated_at": timestamp.now_us,
            "organisation_id": timestamp.organisation_id,
            "type": new.type,
            "contact_list_id": new.contact_list_id,
            "contact_list_external_id": new.contact_list_external_id,
            "allow_deal_reassignment": new.allow_deal_reassignment,
            "allow_appointment_reassignment": new.allow_appointment_reassignment,
            "payload_path": f"imports/{import_id}/payload.json" if large else None,
            "reference_id": new.reference_id,
            "visible_at": timestamp.now_us + round(behaviour.visible_after_s * 1e6),
            "created_real_us": timestamp.machine_us,
            "lottery": random.SystemRandom().random(),
            "row_count": len(new.rows),
            "rows_within_quota": rows,
            "payload_sha256": hashlib.sha256(new.payload.encode()).hexdigest(),
        },
    )
    connection.execute("INSERT INTO import_payload VALUES (?, ?)", (import_id, new.payload))
    return import_id


def _reserve(
    connection: sqlite3.Connection,
    rows: int,
    timestamp: Timestamp,
    settings: tuple[DocumentedLimits, Behaviour],
) -> int:
    """Take rows from today's entities and say how many; 429 when there is no room."""
    bounds, behaviour = settings
    standing = limits.reserve_entities(connection, timestamp.day, rows, bounds.entities_per_day)
    if standing.exceeded and behaviour.over_quota == "cut":
        rows = standing.remaining
        standing = limits.reserve_entities(connection, timestamp.day, rows, bounds.entities_per_day)
    if standing.exceeded:
        until = limits.LimitStanding(
            standing.limit, standing.remaining, timestamp.seconds_until_tomorrow, exceeded=True
        )
        raise limits.too_many(until, behaviour.rate_limit_headers)
    return rows


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


def failures_of(connection: sqlite3.Connection, import_id: str) -> list[tuple[int, ListEntry]]:
    """The failed rows in their order: number from 0; code, message and the row as it was sent."""
    rows = connection.execute(
        "SELECT row_number, code, message, input FROM import_failure"
        " WHERE import_id = ? ORDER BY row_number",
        (import_id,),
    )
    return [
        (number, {"code": code, "message": message, "input": json.loads(text)})
        for number, code, message, text in rows
    ]


def linked_file(
    connection: sqlite3.Connection, path: str, behaviour: Behaviour
) -> tuple[str, str] | None:
    """The text behind a link, and its media type: the failures or the payload of an import."""
    match = re.fullmatch(r"imports/([0-9a-f-]{36})/(failed|payload)\.json", path)
    if match is None:
        return None
    if match[2] == "failed":
        return failed_file(entries_shown(failures_of(connection, match[1]), behaviour), behaviour)
    row = connection.execute(
        "SELECT body FROM import_payload WHERE import_id = ?", (match[1],)
    ).fetchone()
    if row is None:
        return None
    payload = payload_shown(json.loads(row[0]), behaviour)
    return json.dumps(payload, ensure_ascii=False), MEDIA_TYPES["json"]
