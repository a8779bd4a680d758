"""Which rows of an import an entry of Mateo's list of failures is about. Pure; called by findings.

Mateo documents that an entry echoes the row. It does not say whether the row comes back as it was
sent, or with it how often, so that an entry is joined by what it has: the whole row, the
external id, a handle that no other row has, the number of the row, a handle.
"""

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from import_relay.mapping.keys import HANDLES, IDENTIFIERS, PHONE_COLUMNS
from import_relay.report.failures import Failure, FailureRow


class Joined(NamedTuple):
    """For each failure the number of its row, from 0, or None if no row fits.

    `suspects`: further rows that may be meant: several have the handle, or nothing shows from where
    Mateo counts.
    """

    numbers: list[int | None]
    suspects: AbstractSet[int]


def join(failures: Sequence[Failure], rows: Sequence[FailureRow]) -> Joined:
    """Find the row of each failure.

    Two failures may be about one row. Where several rows share a handle, each gets one first.
    """
    if not failures:
        return Joined([], frozenset())
    found: list[int | None] = [None] * len(failures)
    _match(found, [{_canonical(one.input)} for one in failures], [{_canonical(r)} for r in rows])
    by_columns = [  # two records may share a second id
        (
            [_values(one.columns, columns) for one in failures],
            [_values(row, columns) for row in rows],
        )
        for columns in (*((one,) for one in IDENTIFIERS), HANDLES)
    ]
    for wanted, offered in by_columns:
        _match(found, wanted, offered, only_sure=True)
    # Only now: a column of the row may look like its number.
    suspects = _match_numbers(found, failures, len(rows))
    for wanted, offered in by_columns:
        suspects |= _match(found, wanted, offered)
    return Joined(found, suspects - set(found))


def _match_numbers(found: list[int | None], failures: Sequence[Failure], rows: int) -> set[int]:
    """Find rows by their numbers; returns the neighbours that may be meant instead."""
    first = _first_number(failures, found, rows)
    suspects: set[int] = set()
    for position, one in enumerate(failures):
        if found[position] is None and one.row is not None:
            number = one.row - (one.counts_from if first is None else first)
            found[position] = number if 0 <= number < rows else None
            if first is None:
                suspects.update(near for near in (one.row - 1, one.row) if 0 <= near < rows)
    return suspects


def _first_number(
    failures: Sequence[Failure], found: Sequence[int | None], rows: int
) -> int | None:
    """Whether Mateo numbers rows from 0 or from 1, if the list itself shows it."""
    numbered = [
        (one.row, row) for one, row in zip(failures, found, strict=True) if one.row is not None
    ]
    distances = {number - row for number, row in numbered if row is not None}
    for first in (0, 1):
        if distances == {first}:
            return first
    numbers = {number for number, _ in numbered}
    if 0 in numbers:
        return 0
    return 1 if rows in numbers else None


def _match(
    found: list[int | None],
    wanted: Sequence[set[str]],
    offered: Sequence[set[str]],
    *,
    only_sure: bool = False,
) -> set[int]:
    """Give each failure without a row one that has a value of it; a free row goes first.

    `only_sure`: by a value that no other row has.

    Returns:
        all rows that these failures may be about.
    """
    index: dict[str, list[int]] = defaultdict(list)
    for number, values in enumerate(offered):
        for value in values:
            index[value].append(number)
    if only_sure:
        index = {value: numbers for value, numbers in index.items() if len(numbers) == 1}
    taken = {number for number in found if number is not None}
    possible: set[int] = set()
    for position, values in enumerate(wanted):
        if found[position] is not None:
            continue
        rows = sorted({row for value in values for row in index.get(value, ())})
        free = [row for row in rows if row not in taken]
        if len(rows) == 1 or (rows and not only_sure):
            found[position] = (free or rows)[0]
            taken.add((free or rows)[0])
            possible.update(rows)
    return possible


def _values(row: FailureRow, columns: Sequence[str]) -> set[str]:
    """`column:value` of those columns, without what Mateo may have changed about a value."""
    found = set()
    for column in columns:
        value = row.get(column)
        for one in value if isinstance(value, list) else [value]:
            if one not in (None, ""):
                found.add(f"{column}:{_plain(column, str(one))}")
    return found


def _plain(column: str, text: str) -> str:
    if column in PHONE_COLUMNS:
        return re.sub(r"\D", "", text).removeprefix("00")
    text = unicodedata.normalize("NFC", text).strip()
    return text if column in IDENTIFIERS else text.casefold()


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
