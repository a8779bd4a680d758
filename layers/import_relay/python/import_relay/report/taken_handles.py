"""Handles that moved from one contact to another while an import was applied. Pure.

Called by findings, for the report. Two things show it: rows of the import with the same handle, of
which Mateo gives it to the last one; and Mateo's hints, at most 20. Their format is not documented,
and they may name no contact that the relay knows.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from import_relay.domain.notes import Note
from import_relay.mapping.identifiers import PHONE_DIGITS, identifiers
from import_relay.mapping.keys import HANDLES, IDENTIFIERS
from import_relay.mapping.same_handles import handles_of

MAX_LISTED = 20
"""Moved handles that a summary shows; it counts all of them."""
MAX_HINT = 100
"""How many texts of one hint are read."""
PayloadRow = Mapping[str, Any]


class Taken(NamedTuple):
    """One handle that moved: to the contact of which row, and from which; None: not known.

    `hint` is what Mateo said of it, None if the rows alone show it.
    """

    field: str | None
    row: int | None
    from_row: int | None
    hint: object = None


def taken_handles(
    hints: object, rows: Sequence[PayloadRow], imported: Collection[int]
) -> list[Taken]:
    """The handles that moved, each once.

    Args:
        hints: what Mateo says, in whatever form.
        rows: the rows that were sent.
        imported: numbers of those that Mateo imported.
    """
    moved = list(_moved(rows, imported))
    by_taker = {(one.field, one.row): number for number, one in enumerate(moved)}
    given = hints if isinstance(hints, list) else [] if hints is None else [hints]
    by_identifier = _by_identifier(rows) if given else {}
    for hint in given:
        field, row = _field(hint), _taker(hint, len(rows), by_identifier)
        number = by_taker.pop((field, row), None) if row is not None else None
        if number is None:
            moved.append(Taken(field, row, None, hint))
        else:
            moved[number] = moved[number]._replace(hint=hint)
    return moved


def notes_of_taken(taken: Sequence[Taken]) -> dict[int, list[Note]]:
    """The notes of the rows that took a handle, by the number of the row.

    A handle that names no row stands with the first row, so that the rates count it. A loser in the
    same import has a note from before it was sent.
    """
    notes: dict[int, list[Note]] = {}
    for one in taken:
        if one.hint is not None and one.from_row is None:
            note = Note("note.taken_handle", one.field or "")
            notes.setdefault(one.row or 0, []).append(note)
    return notes


def as_summary(taken: Sequence[Taken], rows: Sequence[PayloadRow]) -> dict[str, object]:
    """How many handles moved, and of the first ones whose they are now and whose they were."""
    return {
        "count": len(taken),
        "first": [
            {
                "field": one.field,
                "row": one.row,
                "external_id": _name(one.row, rows),
                "taken_from": _name(one.from_row, rows),
                "hint": one.hint,
            }
            for one in sorted(taken, key=lambda one: one.hint is None)[:MAX_LISTED]
        ],
    }


def _moved(rows: Sequence[PayloadRow], imported: Collection[int]) -> Iterator[Taken]:
    """Of the imported rows with the same handle, each one takes it from the one before it.

    A row without an id is the contact that has the handle, whichever that is.
    """
    last: dict[tuple[str, str], int] = {}
    for number, row in enumerate(rows):
        if number in imported and _name(number, rows) is not None:
            for handle in handles_of(row):
                if handle in last:
                    yield Taken(handle[0], number, last[handle])
                last[handle] = number


def _name(number: int | None, rows: Sequence[PayloadRow]) -> str | None:
    if number is None or number >= len(rows):
        return None
    found = (rows[number].get(column) for column in IDENTIFIERS)
    return next((str(one) for one in found if one), None)


def _field(hint: object) -> str | None:
    """The handle's column: as the hint names it, else the first one that its texts mention."""
    given = hint.get("field") if isinstance(hint, Mapping) else None
    if isinstance(given, str) and given:
        return given
    words = {word for text in _texts(hint) for word in _words(text)}
    return next((column for column in HANDLES if column in words), None)


def _by_identifier(rows: Sequence[PayloadRow]) -> Mapping[str, list[int]]:
    """What identifies a row, in lower case, a phone number by its last digits → its number."""
    found: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        for _, value in identifiers(row):
            found.setdefault(value.casefold(), []).append(number)
    return found


def _taker(hint: object, count: int, by_identifier: Mapping[str, list[int]]) -> int | None:
    """The number of the row that a hint is about: as it says, else the one row that it mentions."""
    given = hint.get("row") if isinstance(hint, Mapping) else None
    if isinstance(given, int) and not isinstance(given, bool):
        return given if 0 <= given < count else None
    words = {word for text in _texts(hint) for word in (text.casefold(), *_words(text))}
    words |= {re.sub(r"\D", "", word)[-PHONE_DIGITS:] for word in words if word.startswith("+")}
    found = {number for word in words for number in by_identifier.get(word, ())}
    return found.pop() if len(found) == 1 else None


def _words(text: str) -> list[str]:
    return [word.strip("\"'`()[]{}.,:;!?").casefold() for word in text.split()]


def _texts(hint: object) -> Iterator[str]:
    """The texts of a hint, without the names of members; it may hold many."""
    waiting, left = [hint], MAX_HINT
    while waiting and left:
        left -= 1
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, Mapping):
            waiting += list(one.values())[:MAX_HINT]
        elif isinstance(one, list):
            waiting += one[:MAX_HINT]
