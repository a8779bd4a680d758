"""Tables that a person opens in a spreadsheet, or a program reads; called by reporting. Pure.

Cells come from senders. Whatever separator a spreadsheet splits the CSV at (comma, semicolon, tab
or line break), no cell begins a formula (OWASP: CSV injection). The workbook holds texts only, so
that ids of 19 digits and leading zeros survive, and nothing in it is computed.
"""

import csv
import io
import math
import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Protocol

from import_relay.domain.report_text import defused, json_text, without_signs

MAX_CELL_CHARACTERS = 32_000
"""Excel takes 32,767 characters in a cell."""
MAX_COLUMN_WIDTH = 60
"""In characters, so that a table of many columns stays readable."""
MAX_WRAPPED = 4 * MAX_COLUMN_WIDTH
"""A reason is read whole; a longer text, such as a record, would fill the screen."""

_FORMULA = "=+\\-@\uff1d\uff0b\uff0d\uff20"
"""What a spreadsheet takes for the beginning of a formula, full-width forms included."""
_SKIPPED = (
    '"\\t\\v\\f\\r\\x1c-\\x20\\x85\\xa0\\xad\u1680\u2000-\u200d'
    "\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)
"""What a spreadsheet may drop before it looks at a cell's first character, but for line feeds."""
_BREAK = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
_ODD_BREAK = re.compile(r"[\t\v\f\x1c-\x1e\x85\u2028\u2029]+")
_SPLIT = ",;\n"
"""Where a spreadsheet may split a cell: one that takes no quotation marks splits at a line feed."""
_CELL_BEGIN = re.compile(
    f'(\\A|[{_SPLIT}])(?=[{_SKIPPED}]*[{_FORMULA}])|[{_SPLIT}](?=[{_SKIPPED}]*("|\\Z))'
)
"""Where a formula could begin; or a quotation that swallows what separates the next cells."""
_APOSTROPHE = re.compile(
    f"(\\A|[{_SPLIT}])'(?=[{_SKIPPED}]*[{_FORMULA}])|([{_SPLIT}])'(?=[{_SKIPPED}]*(?:\"|\\Z))"
)
"""What `as_csv` puts there."""
_JSON_CELL_BEGIN = re.compile(f"(^|[,;])([\n{_SKIPPED}]*)([{_FORMULA}])")


class JsonCell(str):
    """JSON in which no cell begins a formula; see `json_cell`."""

    __slots__ = ()


class RowCell(str):
    """A text of a row that a person corrects; see `row_cell`."""

    __slots__ = ()


def visible(text: str) -> str:
    r"""The text on one line, with a space for a line break or tab.

    Characters that a viewer would obey are escapes, e.g. `\u202e`.
    """
    return defused(_BREAK.sub(" ", text))


def row_cell(text: str) -> RowCell:
    """The text as it comes back from a table that is corrected and uploaded again.

    Line breaks stay; a tab becomes a space. Signs that nobody sees, e.g. U+200B, are left out, as
    their escapes would become a part of the record.
    """
    if text.isprintable():
        return RowCell(text)
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return RowCell(without_signs(_ODD_BREAK.sub(" ", lines)))


def json_cell(value: object) -> JsonCell:
    """A value as JSON that stays the same JSON, whatever separator it is split at.

    Semicolons, and formula characters where a cell could begin, are escaped. A negative number
    within a list cannot be: it becomes a text.
    """
    text = json_text(_signed_as_text(_without_bare_minus(value)))
    text = text.replace(";", "\\u003b").replace(",'", ",\\u0027")  # see `as_sent`
    return JsonCell(
        _JSON_CELL_BEGIN.sub(lambda found: f"{found[1]}{found[2]}\\u{ord(found[3]):04x}", text)
    )


def as_csv(header: Sequence[str], lines: Iterable[Sequence[str]]) -> bytes:
    """A CSV for programs: UTF-8 with BOM, comma, CRLF.

    An apostrophe precedes whatever could begin a formula.
    """
    return b"".join(csv_chunks(header, lines))


def csv_chunks(header: Sequence[str], lines: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """The same line by line, for a table that does not fit into memory."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    yield BOM_UTF8
    for line in chain([header], lines):
        writer.writerow([_harmless(cell) for cell in line])
        yield text.getvalue().encode("utf-8", "backslashreplace")
        text.seek(0)
        text.truncate()


def as_sent(cell: str) -> str:
    """A cell of such a CSV without the apostrophes: people correct it and upload it again."""
    return _APOSTROPHE.sub(r"\1\2", cell) if "'" in cell else cell


class AsWorkbook(Protocol):
    """`as_workbook`, or a stub of it where nobody opens the file."""

    def __call__(
        self,
        title: str,
        header: Sequence[str],
        lines: Iterable[Sequence[str]],
        *,
        created_at: float,
    ) -> bytes:
        """Make the file of a table."""


def as_workbook(
    title: str, header: Sequence[str], lines: Iterable[Sequence[str]], *, created_at: float
) -> bytes:
    """An Excel workbook (.xlsx) of one sheet whose cells are all texts.

    A longer text than a cell takes is cut, and says so. The same table gives the same bytes.

    Args:
        title: name of the sheet.
        created_at: when what it tells of happened, in s since the epoch; a property of the file.
    """
    target = io.BytesIO()
    _write_workbook(target, title, header, lines, created_at, {"in_memory": True})
    return target.getvalue()


def write_workbook(
    target: Path,
    title: str,
    header: Sequence[str],
    lines: Iterable[Sequence[str]],
    *,
    created_at: float,
) -> None:
    """Write such a workbook to a file, with one line in memory at a time."""
    options = {"constant_memory": True, "tmpdir": str(target.parent)}
    _write_workbook(target, title, header, lines, created_at, options)


def _write_workbook(  # noqa: PLR0917 - two callers share it
    target: Path | io.BytesIO,
    title: str,
    header: Sequence[str],
    lines: Iterable[Sequence[str]],
    created_at: float,
    options: Mapping[str, object],
) -> None:
    import xlsxwriter  # only where a report has failures

    with xlsxwriter.Workbook(target, dict(options)) as workbook:
        workbook.set_properties({"created": datetime.fromtimestamp(created_at, UTC)})
        sheet = workbook.add_worksheet(title)
        text = workbook.add_format({"num_format": "@", "valign": "top"})
        bold = workbook.add_format({"num_format": "@", "bold": True})
        prose = workbook.add_format({"num_format": "@", "valign": "top", "text_wrap": True})
        widths = [0] * len(header)
        for number, line in enumerate(chain([header], lines)):
            for column, cell in enumerate(line):
                shown = _fitting(_shown(cell))
                plain = prose if MAX_COLUMN_WIDTH < len(shown) <= MAX_WRAPPED else text
                sheet.write_string(number, column, shown, plain if number else bold)
                widths[column] = max(widths[column], len(shown))
        for column, width in enumerate(widths):
            sheet.set_column(column, column, min(width + 2, MAX_COLUMN_WIDTH))
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, number, len(header) - 1)


def cell_text(value: object) -> str:
    """A value as the text of a cell; nothing for None."""
    return value if isinstance(value, str) else "" if value is None else str(value)


def spread(rows: Sequence[object]) -> tuple[list[str], list[dict[str, str]]]:
    """Columns of rows in the order in which they first appear, and each row's cells by column.

    A row that is no object becomes one cell, `input`.
    """
    cells = [
        {name: _text(value) for name, value in row.items()}
        if isinstance(row, Mapping)
        else {"input": _text(row)}
        for row in rows
    ]
    return list(dict.fromkeys(name for row in cells for name in row)), cells


def _harmless(cell: str) -> str:
    return cell if isinstance(cell, JsonCell) else _CELL_BEGIN.sub(r"\g<0>'", _shown(cell))


def _shown(cell: str) -> str:
    return cell if isinstance(cell, RowCell) else visible(cell)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return json_text(value)


def _fitting(text: str) -> str:
    text = text.encode("utf-8", "backslashreplace").decode()
    if len(text) <= MAX_CELL_CHARACTERS:
        return text
    return f"{text[:MAX_CELL_CHARACTERS]} [cut: {len(text)} characters]"


def _without_bare_minus(value: object) -> object:
    if isinstance(value, dict):
        return {name: _without_bare_minus(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_signed_as_text(_without_bare_minus(one)) for one in value]
    return value


def _signed_as_text(value: object) -> object:
    is_signed = isinstance(value, int | float) and -math.inf < value < 0
    return str(value) if is_signed else value
