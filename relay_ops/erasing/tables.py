"""Takes a person's rows out of tables that were made for people: CSV and workbooks.

Which cell says who a row is about follows from the header, which is that of the report: columns of
Mateo, or `input` with the whole row.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from import_relay.report.tables import as_csv, as_workbook, row_cell
from relay_ops.erasing.person import Person
from relay_ops.erasing.rewriting import Rewritten

Cells = Sequence[str]
_TOLD = ("message", "value", "reason", "relay_value", "relay_reason")
"""Columns that may quote a value of theirs."""
_QUOTED = ("'=", "'+", "'-", "'@", "'\t", "'\r")
"""How a cell begins that would be a formula without its apostrophe."""


def table_without(
    person: Person, name: str, content: bytes, type_: str, made_at: float = 0.0
) -> Rewritten | None:
    """A table without their rows; None if it has none. The name's ending says which kind it is.

    `made_at`: when what a workbook tells of happened (s since the epoch).
    """
    return table_where(lambda columns: _is_theirs(person, type_, columns), name, content, made_at)


def table_where(
    is_theirs: Callable[[dict[str, Any]], bool], name: str, content: bytes, made_at: float = 0.0
) -> Rewritten | None:
    """A table without the rows for which that is true; None if there are none."""
    title, rows = _sheet(content) if name.endswith(".xlsx") else ("", _csv(content))
    header, body = (rows[0], rows[1:]) if rows else ([], [])
    kept = [cells for cells in body if not is_theirs(_columns(header, cells))]
    count = len(body) - len(kept)
    if not count:
        return None
    written = _kept(header), map(_kept, kept)
    if name.endswith(".xlsx"):
        return Rewritten(name, count, as_workbook(title, *written, created_at=made_at))
    return Rewritten(name, count, as_csv(*written))


def _kept(cells: Cells) -> Cells:
    """Cells whose line breaks stay, as those of a corrected table are read again."""
    return [row_cell(cell) for cell in cells]


def _columns(header: Cells, cells: Cells) -> dict[str, Any]:
    pairs = zip(header, cells, strict=False)
    return {name: cell for name, cell in pairs if cell not in ("", None)}


def _is_theirs(person: Person, type_: str, columns: dict[str, Any]) -> bool:
    sent = columns.get("input")
    if sent:
        try:
            columns |= dict(json.loads(sent))
        except (ValueError, TypeError):
            return person.has_text(sent)
    if person.has_row(type_, columns):
        return True
    told = [columns.get(one, "") for one in _TOLD]
    return person.has_record(list(columns.values())) or person.has_text(told)


def _csv(content: bytes) -> list[list[str]]:
    reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    return [[_plain(cell) for cell in line] for line in reader]


def _plain(cell: str) -> str:
    """A cell as it was before an apostrophe kept it from being a formula."""
    return cell[1:] if cell.startswith(_QUOTED) else cell


def _sheet(content: bytes) -> tuple[str, list[list[str]]]:
    """Title and rows of a workbook's only sheet."""
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    sheet = book.worksheets[0]
    rows: Iterable[Sequence[object]] = sheet.iter_rows(values_only=True)
    found = [["" if one is None else str(one) for one in row] for row in rows]
    title = sheet.title
    book.close()
    return title, found
