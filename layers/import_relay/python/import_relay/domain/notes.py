"""Notes: what a record said that its row does not, column by column, and how they are counted.

Made by the mapping, carried by changes and rows into the provenance of an import, and from there
into the report. A note's code is one of `codes.CODES`. Codes `value.…` say that a value was left
out because it cannot be used; all others are remarks, which are only counted.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from import_relay.domain.errors import RejectedRow

MAX_VALUE = 500
"""Characters of a value that a note keeps; a row of a report must stay readable."""
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
LEFT_OUT = "value."
"""How the codes of notes begin that say a value was left out."""


SENT = "sent"
"""Stands among counts of notes for the values that were sent; no report has such a note."""
LOST = ("note.shared_handle", "note.taken_handle")
"""Codes of notes of a handle that a contact lost to another one: as bad as a value left out."""


class Note(NamedTuple):
    """What is to be said of one column of one record.

    `value` may be personal data: it goes into the reports in the bucket and nowhere else. `reason`
    adds to the code what is known of this value, without the value itself.
    """

    code: str
    field: str
    value: object = None
    reason: str = ""

    @property
    def is_left_out(self) -> bool:
        """Whether the column has a value that was left out, instead of a remark."""
        return self.code.startswith(LEFT_OUT)

    @property
    def is_listed(self) -> bool:
        """Whether the report lists it, because the contact lacks the value afterwards."""
        return self.is_left_out or self.code == "note.shared_handle"


class RejectedRecord(RejectedRow):
    """A record that cannot become a row, with the notes that were made of it before."""

    def __init__(
        self,
        code: str,
        notes: Sequence[Note],
        *,
        field: str = "",
        value: object = None,
        detail: str = "",
    ) -> None:
        super().__init__(code, field=field, value=value, detail=detail)
        self.notes = tuple(notes)


NoteCounts = Mapping[tuple[str, str], int]
"""(code, field) → how many notes."""


def count_notes(notes: Iterable[Note]) -> Counter[tuple[str, str]]:
    """How many notes there are of each code and field."""
    return Counter((note.code, note.field) for note in notes)


def left_out_columns(notes: Iterable[Note]) -> tuple[str, ...]:
    """The columns whose value was left out, each once, in their order."""
    return tuple(dict.fromkeys(note.field for note in notes if note.is_left_out))


def as_lists(notes: Iterable[Note]) -> list[list[object]]:
    """Notes as JSON keeps them: code, field, value (bounded) and reason."""
    return [[note.code, note.field, _bounded(note.value), note.reason] for note in notes]


def from_lists(entries: Iterable[Sequence[object]]) -> list[Note]:
    """The notes that `as_lists` wrote."""
    return [
        Note(str(code), str(field), value, str(reason)) for code, field, value, reason in entries
    ]


def as_objects(notes: Iterable[Note], *, with_values: bool) -> list[dict[str, object]]:
    """Notes as lines of a report name them; without values they hold no personal data."""
    return [
        {"code": note.code, "field": note.field}
        | ({"value": _bounded(note.value), "reason": note.reason} if with_values else {})
        for note in notes
    ]


def _bounded(value: object) -> object:
    """The value as it is if it is short, else the beginning of its text."""
    if value is None or isinstance(value, bool):
        return value
    try:
        text = value if isinstance(value, str) else _encode(value)
    except (TypeError, ValueError, RecursionError):  # e.g. infinity
        return f"({type(value).__name__})"
    if len(text) > MAX_VALUE:
        return text[:MAX_VALUE] + "…"
    return value if isinstance(value, str | int | float | list | dict) else text
