"""A failed row as a line of a table: its own columns, then line, code and reason.

A person can correct the table and import it again. Called by `file_reports` and `relay`.
"""

from collections.abc import Iterable, Mapping, Sequence

from import_relay.report.failure_file import MAX_COLUMNS, MORE
from import_relay.report.tables import json_cell, spread

_OWN = ("line", "code", "reason")
MAX_FIRST_COLUMNS = 2_000
"""Columns of the first row, which has all columns of a table: as many as its header may have."""


def columns_within(records: Iterable[Mapping[str, object]]) -> list[str]:
    """The columns of records in their order; objects may have any number of them.

    If there are more than `MAX_COLUMNS`, and than the first record has, the last one is `MORE`.
    """
    columns: dict[str, None] = {}
    most = MAX_COLUMNS
    for record in records:
        if not columns:
            most = max(most, min(len(record), MAX_FIRST_COLUMNS))
        for name in record:
            if name not in columns and len(columns) == most:
                return [*(one for one in columns if one != MORE), MORE]
            columns[name] = None
    return list(columns)


def failure_header(columns: Sequence[str]) -> list[str]:
    """The columns of the file, then the relay's own, with another name where the file has it."""
    return [*columns, *(name if name not in columns else f"relay_{name}" for name in _OWN)]


def failure_cells(
    columns: Sequence[str], record: Mapping[str, object] | None, text: str, own: Sequence[str]
) -> list[str]:
    """The cells of a row.

    Args:
        columns: of the file; what the row has besides shares the last one as JSON.
        record: None for a row that cannot be read; `text` is its beginning.
        own: line, code and reason.
    """
    if record is None:
        given = {columns[0]: text} if columns else {}
    else:
        _, (given,) = spread([record])
        known = frozenset(columns)
        other = [name for name in given if name not in known]
        if other:
            given[MORE] = json_cell(
                {name: record[name] for name in (*other, MORE) if name in record}
            )
    return [*(given.get(name, "") for name in columns), *own]


def reason_text(field: str, what: str) -> str:
    """Why a row was not imported, after the name of the wrong column if there is one."""
    return f"{field}: {what}" if field else what
