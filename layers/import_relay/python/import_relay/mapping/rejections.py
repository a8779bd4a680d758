"""When a record is rejected because of a value that cannot be left out. Called by `mapping`."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from import_relay.domain.notes import Note, RejectedRecord
from import_relay.mapping.keys import IDENTIFIERS

NEEDED_COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "contact": (),
        "deal": ("contact_external_id", "contact_id"),
        "appointment": ("contact_external_id", "contact_id", "start_time"),
    }
)
"""Columns whose unusable value cannot be left out: the row would mean something else."""
_REJECTIONS: Mapping[str, str] = MappingProxyType(
    {
        "value.bad_date": "row.bad_datetime",
        "value.bad_datetime": "row.bad_datetime",
        "value.bad_email": "row.bad_value",
        "value.bad_expression": "row.bad_mapping",
        "value.bad_text": "row.bad_text",
        "value.bad_type": "row.bad_value",
        "value.too_many_values": "row.too_many_values",
    }
)
"""Code of a note → code of the rejection where the value cannot be left out."""


def rejection(note: Note, notes: Sequence[Note] = ()) -> RejectedRecord:
    """The rejection of a record for the value that this note is about."""
    return RejectedRecord(
        _REJECTIONS.get(note.code, "row.no_valid_phone"),
        notes,
        field=note.field,
        value=note.value,
        detail=note.reason,
    )


def check_key(type_name: str, values: Mapping[str, object], notes: Sequence[Note]) -> None:
    """Return if the record's identifiers, and the columns that its row needs, are usable.

    Raises:
        RejectedRecord: its key is there and unusable, and the next identifier may be another
            person's; or the row would mean something else without the column.
    """
    if not notes:
        return
    unusable = {note.field: note for note in reversed(notes) if note.is_left_out}
    for column in ("id", *IDENTIFIERS):
        if column in unusable:
            raise rejection(unusable[column], notes)
        if values.get(column):
            break
    for column in NEEDED_COLUMNS[type_name]:
        if column in unusable:
            raise rejection(unusable[column], notes)


def check_required(
    required: Sequence[str],
    read: Iterable[str],
    values: Mapping[str, object],
    notes: Sequence[Note],
) -> None:
    """Return if every required column that was read has a value.

    Raises:
        RejectedRecord: `row.required`.
    """
    if not required:
        return
    missing = [column for column in required if values.get(column) is None]
    for column in missing and sorted(set(missing).intersection(read)):
        note = next((note for note in notes if note.field == column), Note("", column))
        raise RejectedRecord(
            "row.required", notes, field=column, value=note.value, detail=note.reason
        )
