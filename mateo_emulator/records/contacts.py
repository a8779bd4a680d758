"""Rows of a ``contact_details`` import: read one, then create or update its contact.

`worker` calls `read_contact` outside and `apply_contact` inside a transaction. Documented:
``external_id`` and every handle are unique, an existing value updates, a handle may be taken from
another contact with a hint. Inferred: who is who when they disagree (`_find`).
"""

from __future__ import annotations

import json
import re
import secrets
import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mateo_emulator.records.failure import RowFailure
from mateo_emulator.records.fields import (
    CONTACT_IDENTIFIERS,
    CONTACT_KEYS,
    HANDLE_COLUMNS,
    FieldRules,
    JsonValue,
    merged,
    read_identifier,
)
from mateo_emulator.records.phones import first_valid, read_country_codes
from mateo_emulator.settings import Behaviour

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONES = ("whatsapp", "sms")
Hint = dict[str, object]


@dataclass(frozen=True)
class ContactRow:
    """A readable row; a handle that is None is to be removed."""

    identifiers: Mapping[str, str]
    handles: Mapping[str, str | None]
    fields: Mapping[str, JsonValue]


@dataclass(frozen=True)
class Writing:
    """What all rows of one import share while they are applied."""

    connection: sqlite3.Connection
    import_id: str
    now_us: int
    behaviour: Behaviour
    contact_list_ids: Sequence[str] = ()
    allow_reassignment: bool = False


def read_contact(row: Mapping[str, object], rules: FieldRules, behaviour: Behaviour) -> ContactRow:
    """Check a row and convert its values into the stored form.

    Raises:
        RowFailure: the row cannot be imported, whatever is stored already.
    """
    found = {name: read_identifier(row, name) for name in CONTACT_IDENTIFIERS}
    identifiers = {name: value for name, value in found.items() if value is not None}
    handles = _read_handles(row, behaviour)
    if not identifiers and not any(handles.values()):
        raise RowFailure("23514", "a contact needs an external_id or a handle")
    fields = {
        name: rules.read(name, value) for name, value in row.items() if name not in CONTACT_KEYS
    }
    return ContactRow(identifiers, handles, fields)


def _read_handles(row: Mapping[str, object], behaviour: Behaviour) -> dict[str, str | None]:
    regions = read_country_codes(row.get("country_codes")) or behaviour.default_country_codes
    handles: dict[str, str | None] = {}
    for kind in HANDLE_COLUMNS:
        if kind not in row:
            continue
        value = row[kind]
        if value is None:
            handles[kind] = None
        elif kind in _PHONES:
            number = _read_phone(kind, value, regions, behaviour)
            if number is not None:
                handles[kind] = number
        else:
            handles[kind] = _read_handle(kind, value)
    return handles


def _read_phone(
    kind: str, value: object, regions: Sequence[str], behaviour: Behaviour
) -> str | None:
    number = first_valid(value, regions)
    if number is None and behaviour.no_valid_phone == "fail":
        raise RowFailure("23514", f'no valid phone number in "{kind}"')
    return number


def _read_handle(kind: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise RowFailure("22P02", f'invalid input syntax for type text ("{kind}")')
    handle = value.strip().lower()
    if kind == "email" and not _EMAIL.fullmatch(handle):
        raise RowFailure("23514", f'value for "{kind}" violates check constraint "valid_email"')
    return handle


def apply_contact(row: ContactRow, writing: Writing) -> list[Hint]:
    """Create or update the contact; returns a hint for each handle taken from someone else.

    Raises:
        RowFailure: the row contradicts what is stored. The caller rolls the row back.
    """
    owners = {
        kind: None if value is None else _owner(kind, value, writing.connection)
        for kind, value in row.handles.items()
    }
    known = _find(row, owners, writing.connection)
    contact_id = _insert(row, writing) if known is None else _update(known, row, writing)
    for list_id in writing.contact_list_ids:
        writing.connection.execute(
            "INSERT OR IGNORE INTO contact_list_member VALUES (?, ?)", (list_id, contact_id)
        )
    if known is not None:
        _free_changed_handles(contact_id, owners, writing.connection)
    hints = [_set_handle(contact_id, kind, owner, row, writing) for kind, owner in owners.items()]
    return [hint for hint in hints if hint is not None]


def _find(
    row: ContactRow, owners: Mapping[str, sqlite3.Row | None], connection: sqlite3.Connection
) -> sqlite3.Row | None:
    """The contact that a row means, None for a new one.

    By ``id``, ``external_id``, ``secondary_external_id``, in this order; else by the first handle
    whose owner is not known under an id that contradicts the row's.
    """
    for name, value in row.identifiers.items():
        found: sqlite3.Row | None = connection.execute(
            f"SELECT * FROM contact WHERE {name} = ?",  # noqa: S608 - one of three names
            (value,),
        ).fetchone()
        if found is not None:
            return found
        if name == "id":
            raise RowFailure("23503", 'Key (id) is not present in table "contact"')
    possible = (owner for owner in owners.values() if owner is not None and _may_be(owner, row))
    return next(possible, None)


def _owner(kind: str, handle: str, connection: sqlite3.Connection) -> sqlite3.Row | None:
    found: sqlite3.Row | None = connection.execute(
        "SELECT contact.* FROM handle JOIN contact ON contact.id = handle.contact_id"
        " WHERE kind = ? AND value = ?",
        (kind, handle),
    ).fetchone()
    return found


def _may_be(owner: sqlite3.Row, row: ContactRow) -> bool:
    return all(owner[name] in (None, value) for name, value in row.identifiers.items())


def _insert(row: ContactRow, writing: Writing) -> str:
    contact_id = _new_id(writing.now_us)
    writing.connection.execute(
        "INSERT INTO contact VALUES (?, ?, ?, ?, ?, ?, 1, ?)",
        (
            contact_id,
            row.identifiers.get("external_id"),
            row.identifiers.get("secondary_external_id"),
            json.dumps(merged({}, row.fields), ensure_ascii=False),
            writing.now_us,
            writing.now_us,
            writing.import_id,
        ),
    )
    return contact_id


def _new_id(now_us: int) -> str:
    """A random id that begins with the time: those of one import share few pages of an index."""
    return str(uuid.UUID(int=now_us << 76 | secrets.randbits(76), version=4))


def _update(known: sqlite3.Row, row: ContactRow, writing: Writing) -> str:
    try:
        writing.connection.execute(
            "UPDATE contact SET external_id = coalesce(?, external_id),"
            " secondary_external_id = coalesce(?, secondary_external_id), fields = ?,"
            " updated_at = ?, rows_applied = rows_applied + 1, last_import_id = ? WHERE id = ?",
            (
                row.identifiers.get("external_id"),
                row.identifiers.get("secondary_external_id"),
                json.dumps(merged(json.loads(known["fields"]), row.fields), ensure_ascii=False),
                writing.now_us,
                writing.import_id,
                known["id"],
            ),
        )
    except sqlite3.IntegrityError as error:
        name = str(error).rpartition(".")[2]
        message = f'duplicate key value violates unique constraint "contact_{name}_key"'
        raise RowFailure("23505", message) from error
    return str(known["id"])


def _free_changed_handles(
    contact_id: str,
    owners: Mapping[str, sqlite3.Row | None],
    connection: sqlite3.Connection,
) -> None:
    """Remove those of the contact's handles that the row sets anew, or to nothing."""
    connection.executemany(
        "DELETE FROM handle WHERE contact_id = ? AND kind = ?",
        [
            (contact_id, kind)
            for kind, owner in owners.items()
            if owner is None or owner["id"] != contact_id
        ],
    )


def _set_handle(
    contact_id: str, kind: str, owner: sqlite3.Row | None, row: ContactRow, writing: Writing
) -> Hint | None:
    if row.handles[kind] is None or (owner is not None and owner["id"] == contact_id):
        return None
    if owner is not None and writing.behaviour.handle_conflict == "fail":
        message = f'duplicate key value violates unique constraint "unique_{kind}"'
        raise RowFailure("23514", message)
    writing.connection.execute(
        "REPLACE INTO handle VALUES (?, ?, ?)", (kind, row.handles[kind], contact_id)
    )
    return None if owner is None else _moved(kind, owner["id"], contact_id)


def _moved(kind: str, loser: str, winner: str) -> Hint:
    return {
        "code": "handle_moved",
        "field": kind,
        "message": f'"{kind}" was taken from another contact',
        "from_contact_id": loser,
        "to_contact_id": winner,
    }
