"""Which rows of an import an entry of Mateo's list of failures is about. Pure; called by findings.

Mateo documents that an entry echoes the row. It does not say whether the row comes back as it was
sent, or with its number. So an entry is joined by what it has: the whole row, the external id, a
handle that no other row has, the number of the row, a handle.
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

    `suspects`: rows of which not all are meant: several have the handle, or nothing shows from
    where Mateo counts.
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
    whole = [{_canonical(one.input)} for one in failures], [{_canonical(row)} for row in rows]
    _match(found, _candidates(found, *whole))
    by_columns = [  # two records may share a second id
        (
            [_values(one.columns, columns) for one in failures],
            [_values(row, columns) for row in rows],
        )
        for columns in (*((one,) for one in IDENTIFIERS), HANDLES)
    ]
    for wanted, offered in by_columns:
        sure = _candidates(found, wanted, offered, only_unique=True)
        _match(found, [numbers if len(numbers) == 1 else [] for numbers in sure])
    # Only now: a column of the row may look like its number.
    groups = _match_numbers(found, failures, len(rows))
    for wanted, offered in by_columns:
        candidates = _candidates(found, wanted, offered)
        groups += _match(found, _alike_first(candidates, failures, rows))
    return Joined(found, {row for group in groups if not group <= set(found) for row in group})


def _match_numbers(
    found: list[int | None], failures: Sequence[Failure], rows: int
) -> list[set[int]]:
    """Find rows by their numbers; returns the rows between which nothing decides."""
    first = _first_number(failures, found, rows)
    groups = []
    for position, one in enumerate(failures):
        if found[position] is None and one.row is not None:
            number = one.row - (one.counts_from if first is None else first)
            found[position] = number if 0 <= number < rows else None
            if first is None:
                groups.append({near for near in (one.row - 1, one.row) if 0 <= near < rows})
    return groups


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


def _candidates(
    found: Sequence[int | None],
    wanted: Sequence[set[str]],
    offered: Sequence[set[str]],
    *,
    only_unique: bool = False,
) -> list[list[int]]:
    """For each failure without a row the rows that have one of its values.

    `only_unique`: a value that several rows have does not count.
    """
    index: dict[str, list[int]] = defaultdict(list)
    for number, values in enumerate(offered):
        for value in values:
            index[value].append(number)
    if only_unique:
        index = {value: numbers for value, numbers in index.items() if len(numbers) == 1}
    return [
        [] if row is not None else sorted({one for value in values for one in index.get(value, ())})
        for values, row in zip(wanted, found, strict=True)
    ]


def _alike_first(
    candidates: Sequence[list[int]], failures: Sequence[Failure], rows: Sequence[FailureRow]
) -> list[list[int]]:
    """The candidates, those first that have ids in the same columns as the failure."""
    ids = [_ids(row) for row in rows]
    wanted = [_ids(one.columns) for one in failures]
    return [
        sorted(numbers, key=lambda row: ids[row] != own)
        for numbers, own in zip(candidates, wanted, strict=True)
    ]


def _match(found: list[int | None], candidates: Sequence[list[int]]) -> list[set[int]]:
    """Give each failure without a row the first of its candidates, free rows before others.

    Returns:
        the candidates of each of these failures, if there are several.
    """
    taken = set(found)
    groups = []
    for failure, numbers in enumerate(candidates):
        if numbers and found[failure] is None:
            row = next((row for row in numbers if row not in taken), numbers[0])
            found[failure] = row
            taken.add(row)
            groups.append(set(numbers))
    return [group for group in groups if len(group) > 1]


def _ids(row: FailureRow) -> AbstractSet[str]:
    return {column for column in IDENTIFIERS if row.get(column)}


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
