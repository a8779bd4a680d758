"""Contacts of one batch that have a handle in common: who keeps it, and what stays together. Pure.

Called between merging and batching. A handle belongs to one contact in Mateo: of two
rows with the same one, the row that Mateo applies last has it. Two cases are told apart:

- Records with keys of their own that name one handle: a family's address. `shared_handles` of the
  connection says which of them keeps it.
- A record whose key is that handle, beside one that has an id: one person under two keys. Nothing
  is left out; their rows stand one after the other in one import, the older one first.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from import_relay.domain.connections import SharedHandles
from import_relay.domain.models import MATEO_TYPES, ItemOutcome, MappedChange, Outcome, Row
from import_relay.domain.models import receipt_order as by_receipt
from import_relay.domain.notes import Note
from import_relay.mapping.keys import HANDLES, IDENTIFIERS
from import_relay.mapping.row_texts import row_text
from import_relay.mapping.same_handles import Handle, handles_of
from import_relay.submit.freshness import Order, is_time_version

STRICTEST: tuple[SharedHandles, ...] = ("leave_out", "first_keeps", "last_takes")
"""If connections of contacts with one handle choose differently, the choice that comes first here
holds."""
MAX_NAMED_PEOPLE = 3
_CONTACTS = MATEO_TYPES["contact"]


@dataclass(slots=True)
class Parted:
    """Rows in the order in which they are to be sent, rows that wait, and what ends here.

    A row waits if it is about the same person as an older row of the batch that goes into another
    import, since Mateo might apply that one last.
    """

    rows: Sequence[Row]
    waiting: list[Row] = field(default_factory=list)
    outcomes: list[ItemOutcome] = field(default_factory=list)


def part_handles(rows: Sequence[Row]) -> Parted:
    """Decide who keeps each handle that several rows of a batch have."""
    shared = _shared(rows)
    return _Parting(rows, shared).parted() if shared else Parted(rows)


def _shared(rows: Sequence[Row]) -> Mapping[Handle, Sequence[int]]:
    """Handle → the numbers of the rows that have it, where these are several."""
    first: dict[str, dict[str, int]] = {column: {} for column in HANDLES}
    shared: dict[Handle, list[int]] = {}
    for number, row in enumerate(rows):
        if row.options.type == _CONTACTS:
            for column, value in handles_of(_columns(row)):
                other = first[column].setdefault(value, number)
                if other != number:
                    shared.setdefault((column, value), [other]).append(number)
    return shared


def _columns(row: Row) -> Mapping[str, object]:
    first = row.changes[0]
    if row.text is first.text:
        return first.columns
    columns: Mapping[str, object] = json.loads(row.text)
    return columns


class _Parting:
    """The rows of one batch while it is decided who keeps what."""

    def __init__(self, rows: Sequence[Row], shared: Mapping[Handle, Sequence[int]]) -> None:
        self._rows = list(rows)
        self._shared = shared
        self._groups = _groups(shared.values(), rows)
        self._rank = {number: rank for group in self._groups for rank, number in enumerate(group)}
        self._waiting: set[int] = set()
        self._left_out: set[int] = set()

    def parted(self) -> Parted:
        for (column, _), numbers in self._shared.items():
            holders = sorted(numbers, key=self._rank.__getitem__)
            people = [one for one in holders if _key_column(self._rows[one]) != column]
            if len(people) > 1:
                self._choose(column, people)
            if len(people) < len(holders):
                self._hold_together(holders)
        codes = {number: _why_rejected(self._rows[number]) for number in sorted(self._left_out)}
        rejected = {number for number, code in codes.items() if code}
        outcomes = [
            end
            for number in sorted(rejected)
            for end in _rejected(self._rows[number], codes[number])
        ]
        self._waiting -= rejected
        waiting = [self._rows[number] for number in sorted(self._waiting)]
        return Parted(list(self._in_order(rejected | self._waiting)), waiting, outcomes)

    def _choose(self, column: str, people: Sequence[int]) -> None:
        """Decide which of these contacts keeps the handle in `column`; they are in their order."""
        choices = {self._rows[number].changes[-1].shared_handles for number in people}
        choice = next(one for one in STRICTEST if one in choices)
        keeper = {"leave_out": None, "first_keeps": people[0], "last_takes": people[-1]}[choice]
        for number in people:
            if number == keeper:
                continue
            row = self._rows[number]
            if keeper is None:
                reason = f"also of {self._names(people, number)}: none of them gets it"
            elif choice == "first_keeps":
                reason = f"{self._name(keeper)} was first with it"
            else:
                reason = f"{self._name(keeper)} came last with it"
            # Mateo may apply two imports in any order: it would give the handle back.
            if choice == "last_takes" and row.options == self._rows[people[-1]].options:
                self._rows[number] = _with_note(row, column, "note.shared_handle", reason)
            else:
                self._rows[number] = _without(row, column, reason)
                self._left_out.add(number)

    def _names(self, people: Sequence[int], number: int) -> str:
        others = (one for one in people if one != number)
        names = ", ".join(self._name(one) for one in islice(others, MAX_NAMED_PEOPLE))
        more = len(people) - 1 - MAX_NAMED_PEOPLE
        return f"{names} and {more} more" if more > 0 else names

    def _name(self, number: int) -> str:
        columns = _columns(self._rows[number])
        known = (columns.get(column) for column in IDENTIFIERS)
        return next((str(one) for one in known if one), "a contact without an id")

    def _hold_together(self, holders: Sequence[int]) -> None:
        """Let what cannot be in the import of the oldest row wait for another batch."""
        options = self._rows[holders[0]].options
        self._waiting.update(one for one in holders if self._rows[one].options != options)

    def _in_order(self, without: set[int]) -> Iterator[Row]:
        """All rows; those that belong together follow the first of them, older ones first."""
        begins = {min(group): group for group in self._groups}
        for number, row in enumerate(self._rows):
            if number in begins:
                yield from self._joined([one for one in begins[number] if one not in without])
            elif number not in self._rank:
                yield row

    def _joined(self, group: Sequence[int]) -> Iterator[Row]:
        begun = set()
        for row in (self._rows[number] for number in group):
            yield row._replace(joined=True) if row.options in begun else row
            begun.add(row.options)


def _groups(shared: Iterable[Sequence[int]], rows: Sequence[Row]) -> list[list[int]]:
    """The numbers of rows that share handles, directly or through other rows; older ones first."""
    leader: dict[int, int] = {}

    def find(number: int) -> int:
        while leader.setdefault(number, number) != number:
            leader[number] = number = leader[leader[number]]
        return number

    for numbers in shared:
        for number in numbers:
            leader[find(number)] = find(numbers[0])
    members: dict[int, list[int]] = defaultdict(list)
    for number in sorted(leader):
        members[find(number)].append(number)
    return [_sorted(group, rows) for group in members.values()]


def _sorted(group: Sequence[int], rows: Sequence[Row]) -> list[int]:
    """By version where all of them are times, else by receipt: counters of two records differ."""
    newest = {number: rows[number].changes[-1] for number in group}
    are_times = all(is_time_version(change.version) for change in newest.values())

    def order(number: int) -> Order:
        change = newest[number]
        return change.version if are_times else 0, by_receipt(change.occurrence.item_id)

    return sorted(group, key=order)


def _key_column(row: Row) -> str:
    return row.key.partition("#")[2].partition(":")[0]


def _with_note(row: Row, column: str, code: str, reason: str) -> Row:
    """The row with a note of what became of the handle, in the change that said it last."""
    says = [number for number, one in enumerate(row.changes) if one.columns.get(column)]
    changes = list(row.changes)
    noted = changes[says[-1]]
    note = Note(code, column, noted.columns[column], reason)
    changes[says[-1]] = noted._replace(notes=(*noted.notes, note))
    return row._replace(changes=tuple(changes))


def _without(row: Row, column: str, reason: str) -> Row:
    columns = {name: value for name, value in _columns(row).items() if name != column}
    noted = _with_note(row, column, "value.shared_handle", reason)
    return noted._replace(text=row_text(columns))


def _why_rejected(row: Row) -> str:
    """The code of its rejection if a row without its handle cannot be sent, else ""."""
    for change in row.changes:
        lost = {note.field for note in change.notes if note.code == "value.shared_handle"}
        if not lost.isdisjoint(change.required):
            return "row.required"
    return "row.shared_handle" if _says_nothing(row) else ""


def _says_nothing(row: Row) -> bool:
    """Whether a row of partial changes sets nothing any more."""
    rest = _columns(row).keys() - {_key_column(row), "country_codes"}
    return not rest and all(change.partial for change in row.changes)


def _rejected(row: Row, code: str) -> Iterator[ItemOutcome]:
    yield from row.shadowed
    for change in row.changes:
        note = _note_of(change)
        yield ItemOutcome(
            change.occurrence,
            Outcome.REJECTED,
            code,
            note.field,
            note.value,
            note.reason,
            change.notes,
            change.record,
        )


def _note_of(change: MappedChange) -> Note:
    notes = (note for note in change.notes if note.code == "value.shared_handle")
    return next(notes, Note("value.shared_handle", ""))
