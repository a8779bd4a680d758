"""Rows of ``deal_details`` and ``appointment_details`` imports; both follow the same rules.

`worker` calls `read_engagement` outside and `apply_engagement` inside a transaction. Documented:
``contact_id`` or ``contact_external_id``, and the flag that allows another contact's deal to move.
Inferred: the failure codes, and that an existing one may leave its contact out.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mateo_emulator.records.contacts import Writing
from mateo_emulator.records.failure import RowFailure
from mateo_emulator.records.fields import (
    CONTACT_REFERENCES,
    ENGAGEMENT_IDENTIFIERS,
    ENGAGEMENT_KEYS,
    FieldRules,
    JsonValue,
    merged,
    read_identifier,
)

Table = Literal["deal", "appointment"]


@dataclass(frozen=True)
class EngagementRow:
    """A readable row: its own identifiers, those of its contact, and its fields."""

    identifiers: Mapping[str, str]
    contact: Mapping[str, str]
    fields: Mapping[str, JsonValue]


def read_engagement(row: Mapping[str, object], rules: FieldRules) -> EngagementRow:
    """Check a row and convert its values into the stored form.

    Raises:
        RowFailure: the row cannot be imported, whatever is stored already.
    """
    own = {name: read_identifier(row, name) for name in ENGAGEMENT_IDENTIFIERS}
    contact = {name: read_identifier(row, name) for name in CONTACT_REFERENCES}
    return EngagementRow(
        {name: value for name, value in own.items() if value is not None},
        {name: value for name, value in contact.items() if value is not None},
        {
            name: rules.read(name, value)
            for name, value in row.items()
            if name not in ENGAGEMENT_KEYS
        },
    )


def apply_engagement(table: Table, row: EngagementRow, writing: Writing) -> None:
    """Create or update the deal or appointment.

    Raises:
        RowFailure: ``23503`` for an unknown contact, ``23502`` for a new one without contact,
            ``23514`` when it belongs to another contact and may not move.
    """
    contact_id = _contact(table, row, writing)
    for name, value in row.identifiers.items():
        found = writing.connection.execute(
            f"SELECT id, contact_id, fields FROM {table} WHERE {name} = ?",  # noqa: S608
            (value,),
        ).fetchone()
        if found is not None:
            _check_owner(table, found["contact_id"], contact_id, writing)
            _update(table, found["id"], found["fields"], row, contact_id, writing)
            return
        if name == "id":
            raise RowFailure("23503", f'Key (id) is not present in table "{table}"')
    if contact_id is None:
        raise RowFailure("23502", f'null value in column "contact_id" of relation "{table}"')
    _insert(table, row, contact_id, writing)


def _contact(table: Table, row: EngagementRow, writing: Writing) -> str | None:
    found = {name: _lookup(table, name, value, writing) for name, value in row.contact.items()}
    if len(set(found.values())) > 1:
        raise RowFailure("23514", "contact_id and contact_external_id are different contacts")
    return next(iter(found.values()), None)


def _lookup(table: Table, name: str, value: str, writing: Writing) -> str:
    column = "id" if name == "contact_id" else "external_id"
    found = writing.connection.execute(
        f"SELECT id FROM contact WHERE {column} = ?",  # noqa: S608 - one of two names
        (value,),
    ).fetchone()
    if found is None:
        message = f'insert or update on table "{table}" violates foreign key constraint ({name})'
        raise RowFailure("23503", message)
    return str(found[0])


def _check_owner(table: Table, owner: str, contact_id: str | None, writing: Writing) -> None:
    if contact_id in (None, owner) or writing.allow_reassignment:
        return
    message = f"{table} belongs to another contact and allow_{table}_reassignment is not set"
    raise RowFailure("23514", message)


def _insert(table: Table, row: EngagementRow, contact_id: str, writing: Writing) -> None:
    writing.connection.execute(
        f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?, ?, 1, ?)",  # noqa: S608 - one of two names
        (
            str(uuid.uuid4()),
            row.identifiers.get("external_id"),
            contact_id,
            json.dumps(merged({}, row.fields), ensure_ascii=False),
            writing.now_us,
            writing.now_us,
            writing.import_id,
        ),
    )


def _update(  # noqa: PLR0917 - the parts of one statement
    table: Table,
    own_id: str,
    stored: str,
    row: EngagementRow,
    contact_id: str | None,
    writing: Writing,
) -> None:
    writing.connection.execute(
        f"UPDATE {table} SET contact_id = coalesce(?, contact_id), fields = ?, updated_at = ?,"  # noqa: S608
        " rows_applied = rows_applied + 1, last_import_id = ? WHERE id = ?",
        (
            contact_id,
            json.dumps(merged(json.loads(stored), row.fields), ensure_ascii=False),
            writing.now_us,
            writing.import_id,
            own_id,
        ),
    )
