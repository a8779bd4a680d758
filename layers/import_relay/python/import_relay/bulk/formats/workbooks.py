"""Rows of an Excel workbook (.xlsx). Its texts lie on disk: a million rows share millions of them.

Numbers and dates become the texts that a CSV of the same table has, without the format of a cell.
"""

import array
import warnings
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, overload
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

from import_relay.bulk.formats.file_error import MAX_ROW_TEXT, FileUnreadable
from import_relay.bulk.formats.tables import BrokenLine, table_rows
from import_relay.domain.files import FileRow

OLE = b"\xd0\xcf\x11\xe0"
"""How a workbook with a password begins, and one of Excel 97."""
MAX_SHEETS_B = 8 * 1024**3
MAX_EXACT = 1e15
"""Spreadsheets keep 15 digits of a number (Excel: specifications and limits)."""
_EMPTY = (None, "")


def workbook_rows(path: Path) -> Iterator[FileRow]:
    """The rows of the only sheet that has any; the header is its first row.

    Raises:
        FileUnreadable: it is no workbook, or several sheets hold rows.
    """
    try:
        with ZipFile(path) as archive:
            if sum(one.file_size for one in archive.infolist()) > MAX_SHEETS_B:
                raise FileUnreadable("file.too_large", "unpacked it is larger than 8 GB")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what a workbook has besides cells
            yield from table_rows(_records(path))
    except (BadZipFile, ParseError, KeyError, ValueError, OSError, EOFError) as error:
        what = f"it is no workbook that can be read ({type(error).__name__})"
        raise FileUnreadable("file.broken_workbook", what) from error


def _records(path: Path) -> Iterator[tuple[int, Sequence[str] | BrokenLine]]:
    book = _reader(path)
    try:
        filled = [one for one in book.worksheets if _has_rows(one)]
        if len(filled) > 1:
            names = ", ".join(repr(one.title) for one in filled[:5])
            raise FileUnreadable("file.several_sheets", f"rows are in {names}")
        for sheet in filled:
            for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
                yield number, _broken(row) or [_text(value) for value in row]
    finally:
        book.close()


def _reader(path: Path) -> Any:
    from openpyxl.reader.excel import ExcelReader  # only for workbooks
    from openpyxl.xml.constants import SHARED_STRINGS

    class Reader(ExcelReader):
        """openpyxl's own, but for where the shared texts are kept."""

        shared_strings: Any

        def read_strings(self) -> None:
            package: Any = self.package
            part = package.find(SHARED_STRINGS)
            if part is not None:
                with self.archive.open(part.PartName[1:]) as source:
                    self.shared_strings = _TextsOnDisk(_shared_texts(source))

    reader = Reader(path, read_only=True, data_only=True, keep_links=False)
    reader.read()
    return reader.wb


def _shared_texts(source: Any) -> Iterator[str]:
    from openpyxl.cell.text import Text
    from openpyxl.xml.functions import iterparse

    for _, node in iterparse(source):
        if node.tag.endswith("}si"):
            text: Any = Text.from_tree(node)
            yield text.content.replace("x005F_", "")
            node.clear()


def _has_rows(sheet: Any) -> bool:
    if not hasattr(sheet, "iter_rows"):  # a chart has a sheet of its own
        return False
    sheet.reset_dimensions()  # what other programs write there may be wrong
    rows = sheet.iter_rows(values_only=True)
    return any(value not in _EMPTY for row in rows for value in row)


def _broken(row: Sequence[object]) -> BrokenLine | None:
    """What is wrong with a row of which a number was longer than a spreadsheet keeps."""
    for number, value in enumerate(row, 1):
        if _was_cut(value):
            what = f"cell {number} is a number of more than 15 digits, of which the others are lost"
            return BrokenLine(what, ", ".join(map(_text, row))[:MAX_ROW_TEXT])
    return None


def _was_cut(value: object) -> bool:
    """Whether a whole number lost the digits after its 15th; Excel stores zeros in their place."""
    if isinstance(value, float):
        return value.is_integer() and abs(value) >= MAX_EXACT
    if not isinstance(value, int) or abs(value) < MAX_EXACT:
        return False
    return not str(abs(value))[15:].strip("0")


def _text(value: object) -> str:
    """A cell as a CSV of the table would have it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        is_day = value.time() == time()
        return value.date().isoformat() if is_day else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < MAX_EXACT:
        return str(int(value))
    return str(value)


class _TextsOnDisk(Sequence[str]):
    """Texts by their numbers, in a temporary file: eight bytes of memory for each."""

    def __init__(self, texts: Iterator[str]) -> None:
        self._file = TemporaryFile()  # noqa: SIM115 - lives as long as the workbook
        self._ends = array.array("Q", [0])
        for text in texts:
            content = text.encode("utf-8", "surrogatepass")
            self._file.write(content)
            self._ends.append(self._ends[-1] + len(content))
        self._file.flush()

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[str]: ...
    def __getitem__(self, number: int | slice) -> str | Sequence[str]:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        if not 0 <= number < len(self):
            raise IndexError(number)
        begin, end = self._ends[number], self._ends[number + 1]
        self._file.seek(begin)
        return self._file.read(end - begin).decode("utf-8", "surrogatepass")
