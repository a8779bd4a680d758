"""Rows grouped into imports that Mateo and today's quota allow. Pure.

Called by `submission`, after `merge_changes` and `part_handles`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby

from import_relay.domain.models import CONTACT_TYPE, ImportOptions, Row
from import_relay.mapping.row_texts import MAX_IMPORT_BODY_B

FULL_SHARE = 0.98
"""An import with this share of the rows that it may have is full. It is less than one, since
several changes of one record make one row."""


@dataclass(slots=True)
class Batches:
    """Imports that may be sent today, and rows that today's entities no longer cover."""

    imports: list[Sequence[Row]] = field(default_factory=list)
    over_quota: list[Row] = field(default_factory=list)


def batch_rows(rows: Sequence[Row], *, rows_per_import: int, entities_left: int) -> Batches:
    """Group rows by what an import fixes for all its rows, and cut the groups to size.

    An import holds at most `rows_per_import` rows and `MAX_IMPORT_BODY_B` bytes; all together hold
    at most `entities_left` rows. Contacts come first, since deals and appointments belong to them;
    rows keep their order within a group, and joined ones share an import if one can hold them.
    """
    batches = Batches(over_quota=list(rows[max(entities_left, 0) :]))
    within = sorted(rows[: max(entities_left, 0)], key=lambda row: _sort_key(row.options))
    for _, of_group in groupby(within, key=lambda row: row.options):
        chunk: list[Row] = []
        bytes_ = 0
        for row in of_group:
            if chunk and (
                len(chunk) == rows_per_import or bytes_ + len(row.text) + 1 > MAX_IMPORT_BODY_B
            ):
                begun = _begun(chunk, row)
                batches.imports.append(chunk[: len(chunk) - len(begun)])
                chunk, bytes_ = begun, sum(len(one.text) + 1 for one in begun)
            chunk.append(row)
            bytes_ += len(row.text) + 1
        batches.imports.append(chunk)
    return batches


def _begun(chunk: list[Row], row: Row) -> list[Row]:
    """The rows at the end of a full chunk that `row` is joined with; none if no import has room.

    They begin the next import, together with it.
    """
    if not row.joined:
        return []
    start = len(chunk) - 1
    while start and chunk[start].joined:
        start -= 1
    bytes_ = sum(len(one.text) + 1 for one in (*chunk[start:], row))
    return chunk[start:] if start and bytes_ <= MAX_IMPORT_BODY_B else []


def take_partial(
    batches: Batches,
    *,
    full_rows: float,
    is_due: Callable[[Sequence[Row]], bool],
    may_take_all: bool,
) -> list[Row]:
    """Take out imports that are not full, because more rows will come.

    All but the last import of a group are full; the last one is with `full_rows`. One that is due
    stays. If none is left then, the largest stays, unless `may_take_all`. All stay if today's
    entities end with them.
    """
    if batches.over_quota:
        return []
    last = {rows[0].options: number for number, rows in enumerate(batches.imports)}
    partial = {number for number in last.values() if len(batches.imports[number]) < full_rows}
    taken = {number for number in partial if not is_due(batches.imports[number])}
    if taken and len(taken) == len(batches.imports) and not may_take_all:
        taken.remove(max(taken, key=lambda number: len(batches.imports[number])))
    rows = [row for number in sorted(taken) for row in batches.imports[number]]
    batches.imports = [rows for number, rows in enumerate(batches.imports) if number not in taken]
    return rows


@lru_cache(maxsize=64)
def _sort_key(options: ImportOptions) -> tuple[str, ...]:
    return ("0" if options.type == CONTACT_TYPE else "1", *(str(part) for part in options))
