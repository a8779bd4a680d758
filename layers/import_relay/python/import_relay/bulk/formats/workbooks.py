"""Rows of an Excel workbook (.xlsx): its cells become the texts that a CSV of the table has.

Only number formats that complete a code count; see `number_formats`.
"""

import re
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import chain
from pathlib import Path
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

from import_relay.bulk.formats.file_error import MAX_ROW_TEXT, FileUnreadable
from import_relay.bulk.formats.number_formats import code_text
from import_relay.bulk.formats.sheets import Sheet, SheetCell, sheets_of
from import_relay.bulk.formats.tables import BrokenLine, table_rows
from import_relay.domain.files import ABOUT_ROW, FileRow
from import_relay.report.tables import as_sent

OLE = b"\xd0\xcf\x11\xe0"
"""How a workbook with a password begins, and one of Excel 97."""
MAX_SHEETS_B = 8 * 1024**3
MAX_EXACT = 1e15
"""Spreadsheets keep 15 digits of a number (Excel: specifications and limits)."""
_WAS_CUT = "is a number of more than 15 digits, of which the others are lost"
_CONTENT = "[Content_Types].xml"
"""What each workbook has (ECMA-376, part 2)."""
_DAMAGED = (BadZipFile, ParseError, LookupError, ValueError, OSError, EOFError, zlib.error)
_TEXT_FORMAT = "@"
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def workbook_rows(path: Path) -> Iterator[FileRow]:
    """The rows of the only sheet that has any; the header is its first row.

    Raises:
        FileUnreadable: it is no workbook, or several sheets hold rows.
    """
    try:
        with ZipFile(path) as archive:
            if _CONTENT not in archive.namelist():
                raise FileUnreadable(
                    "file.unknown_format", "it is a ZIP archive without a workbook"
                )
            if sum(one.file_size for one in archive.infolist()) > MAX_SHEETS_B:
                raise FileUnreadable("file.too_large", "unpacked it is larger than 8 GB")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what a workbook has besides cells
            yield from table_rows(_records(path))
    except _DAMAGED as error:
        what = f"it is no workbook that can be read ({type(error).__name__})"
        raise FileUnreadable("file.broken_workbook", what) from error


def _records(path: Path) -> Iterator[tuple[int, Sequence[str] | BrokenLine]]:
    with sheets_of(path) as sheets:
        for sheet in _meant(sheets):
            shown: Callable[[str | SheetCell], str] | None = None
            for number, cells in sheet.rows():
                if shown is None and any(_text(cell).strip() for cell in cells):
                    shown = _text_as_sent if _is_table_of_failures(cells) else _text
                yield number, _broken(cells) or list(map(shown or _text, cells))


def _meant(sheets: Sequence[Sheet]) -> Sequence[Sheet]:
    """The sheet with rows, if there is any. A hidden one counts only if it is alone."""
    filled = [one for one in sheets if _has_rows(one)]
    seen = [one for one in filled if one.is_visible] or filled
    if len(seen) > 1:
        names = ", ".join(repr(one.title) for one in seen[:5])
        raise FileUnreadable("file.several_sheets", f"rows are in {names}")
    return seen


def _has_rows(sheet: Sheet) -> bool:
    return any(map(_has_value, chain.from_iterable(cells for _, cells in sheet.rows())))


def _has_value(cell: str | SheetCell) -> bool:
    return bool(cell.strip()) if isinstance(cell, str) else cell.value is not None


def _broken(cells: Sequence[str | SheetCell]) -> BrokenLine | None:
    """What is wrong with a row that has an error, or a changed value."""
    for number, cell in enumerate(cells, 1):
        if isinstance(cell, str):
            continue
        what = cell.fault or (_WAS_CUT if _was_cut(cell.value) else "")
        if what:
            text = ", ".join(map(_text, cells))[:MAX_ROW_TEXT]
            return BrokenLine(f"cell {number} {what}", text)
    return None


def _is_table_of_failures(header: Sequence[str | SheetCell]) -> bool:
    """Whether a table of the relay says here why its rows were not imported."""
    return {_text(cell).strip() for cell in header}.issuperset(ABOUT_ROW)


def _text_as_sent(cell: str | SheetCell) -> str:
    """A cell of such a table without the apostrophes that its CSV has.

    All cells of the relay's own workbook are formatted as texts: it has none.
    """
    text = _text(cell)
    is_of_csv = isinstance(cell, SheetCell) and cell.format != _TEXT_FORMAT
    return as_sent(text) if is_of_csv else text


def _was_cut(value: object) -> bool:
    """Whether a whole number lost the digits after its 15th; Excel stores zeros in their place."""
    if isinstance(value, float):
        return value.is_integer() and abs(value) >= MAX_EXACT
    if not isinstance(value, int) or abs(value) < MAX_EXACT:
        return False
    return not str(abs(value))[15:].strip("0")


def _text(cell: str | SheetCell) -> str:
    """A cell as a CSV of the table would have it."""
    if isinstance(cell, str):
        return _unescaped(cell)
    value = cell.value
    if isinstance(value, str):
        return _unescaped(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < MAX_EXACT:
        value = int(value)
    if isinstance(value, int):
        return code_text(value, cell.format)
    return str(value) if isinstance(value, float) else _time_text(value)


def _time_text(value: object) -> str:
    if isinstance(value, datetime):
        is_day = value.time() == time()
        return value.date().isoformat() if is_day else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        total = round(value.total_seconds())
        minutes, seconds = divmod(abs(total), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{'-' * (total < 0)}{hours:02}:{minutes:02}:{seconds:02}"
    return str(value)


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(_control, text) if "_x" in text else text


def _control(found: re.Match[str]) -> str:
    """The character that a workbook writes as `_x000D_`, since XML has it not."""
    return chr(int(found[1], 16))
