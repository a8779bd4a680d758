"""One row of an import: read outside a transaction, applied inside one, failing alone.

Called by `worker` for each row of a chunk.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

from mateo_emulator.records.contacts import ContactRow, Hint, Writing, apply_contact, read_contact
from mateo_emulator.records.deals_and_appointments import (
    EngagementRow,
    apply_engagement,
    read_engagement,
)
from mateo_emulator.records.failure import RowFailure
from mateo_emulator.records.fields import FieldRules
from mateo_emulator.settings import Behaviour, Entity

ENTITIES: dict[str, Entity] = {
    "contact_details": "contact", "deal_details": "deal", "appointment_details": "appointment",
}  # fmt: skip
ReadRow = ContactRow | EngagementRow | RowFailure


def read_import_rows(
    import_type: str, rows: Sequence[object], behaviour: Behaviour
) -> list[ReadRow]:
    """Each row as it is to be applied, or why it cannot be."""
    rules = FieldRules.of(ENTITIES[import_type], behaviour)
    return [_read_row(row, rules, behaviour) for row in rows]


def _read_row(row: object, rules: FieldRules, behaviour: Behaviour) -> ReadRow:
    try:
        if not isinstance(row, dict):
            return RowFailure("22023", "a row must be an object")
        if rules.entity == "contact":
            return read_contact(row, rules, behaviour)
        return read_engagement(row, rules)
    except RowFailure as failure:
        return failure
    except Exception:  # noqa: BLE001 - one row must not stop the others
        return _internal()


def apply_row(import_type: str, reading: ReadRow, writing: Writing) -> list[Hint] | RowFailure:
    """Apply one row, and return its hints; whatever a failing row has written is rolled back."""
    if isinstance(reading, RowFailure):
        return reading
    writing.connection.execute("SAVEPOINT row")
    try:
        return _apply_reading(import_type, reading, writing)
    except Exception as error:  # noqa: BLE001 - one row must not stop the others
        writing.connection.execute("ROLLBACK TO row")
        return error if isinstance(error, RowFailure) else _internal()
    finally:
        writing.connection.execute("RELEASE row")


def _apply_reading(
    import_type: str, reading: ContactRow | EngagementRow, writing: Writing
) -> list[Hint]:
    if isinstance(reading, ContactRow):
        return apply_contact(reading, writing)
    apply_engagement("deal" if import_type == "deal_details" else "appointment", reading, writing)
    return []


def _internal() -> RowFailure:
    traceback.print_exc(file=sys.stderr)
    return RowFailure("XX000", "internal error")
