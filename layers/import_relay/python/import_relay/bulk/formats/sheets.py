"""The sheets of an Excel workbook, cell by cell, in flat memory. Called by `workbooks`.

openpyxl reads what a workbook says of its cells: sheets, styles, dates. Its reader of rows keeps
each row's size and all texts, of which a million rows have millions. So `cells` reads the rows,
each is forgotten once it is read, and the texts are on disk.
"""

import array
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from math import isfinite
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, NamedTuple, overload

from import_relay.bulk.formats.cells import RawCell, column_letters, rows_in, texts_in
from import_relay.bulk.formats.file_error import FileUnreadable

MAX_ROW_NUMBER = 16_777_216
"""Rows of the largest sheet that any spreadsheet has (LibreOffice; Excel: 1,048,576)."""
_TRUTHS = {"1": True, "true": True, "0": False, "false": False}
"""What a cell of type `b` holds (XML Schema: boolean)."""
_MAX_ERROR = 40
_NO_SHEET = "its sheets cannot be found, as in a Strict Open XML workbook; save it as plain .xlsx"


class SheetCell(NamedTuple):
    """A cell that is no plain text: it may be one with an apostrophe.

    Attributes:
        value: None if it has none.
        format: its number format.
        fault: why the value is not what the person meant, after "cell 2"; "" if it is.
    """

    value: object
    format: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet with cells. `rows` gives each row's number and its cells, none left out."""

    title: str
    is_visible: bool
    _sheet: Any

    def rows(self) -> Iterator[tuple[int, list[str | SheetCell]]]:
        """The rows that the file has, with increasing numbers; "" is an empty cell.

        Raises:
            ValueError, LookupError: the sheet is damaged.
        """
        last, values = 0, _Values(self._sheet)
        with self._sheet._get_source() as source:  # noqa: SLF001 - there is no other way to its XML
            for given, raw in rows_in(source):
                number = last + 1 if given is None else given
                last = max(last + 1, number)
                if not 0 < number <= MAX_ROW_NUMBER or last > MAX_ROW_NUMBER:
                    raise ValueError(f"row {number}")
                yield last, values.placed(raw)


class _Values:
    """What the cells of a sheet hold, as openpyxl reads them."""

    def __init__(self, sheet: Any) -> None:
        from openpyxl.utils import column_index_from_string

        self._book = sheet.parent
        self._texts: Sequence[str] = sheet._shared_strings  # noqa: SLF001 - `_TextsOnDisk`
        self._formats: dict[str, str] = {}
        self._column = cache(column_index_from_string)

    def placed(self, raw: Sequence[RawCell]) -> list[str | SheetCell]:
        """The cells at their columns."""
        row: list[str | SheetCell] = []
        column = 0
        for cell in raw:
            column = self._column(column_letters(cell.place)) if cell.place else column + 1
            value = self._value(cell)
            if column == len(row) + 1:
                row.append(value)
            else:
                row += [""] * (column - len(row))
                row[column - 1] = value
        return row

    def _value(self, cell: RawCell) -> str | SheetCell:
        value, type_ = cell.value, cell.type
        if not value:
            # The result of a formula that is a text may be empty.
            is_missing = cell.has_formula and type_ != "str"
            return SheetCell(None, fault="is a formula without its result") if is_missing else ""
        if type_ == "n":
            return self._number(value, cell.style)
        if type_ == "b":
            is_true = _TRUTHS.get(value.strip().lower())
            fault = "is neither true nor false" if is_true is None else ""
            return SheetCell(value if is_true is None else is_true, fault=fault)
        if type_ == "e":
            return SheetCell(value, fault=f"is the error {value[:_MAX_ERROR]}")
        if type_ == "d":
            return _timestamp(value)
        text = self._texts[int(value)] if type_ == "s" else value
        return SheetCell(text, self._format(cell.style)) if "'" in text else text

    def _number(self, text: str, style: str) -> SheetCell:
        """A number, or the time that its style makes of it."""
        try:
            number = _finite(text) if any(one in text for one in ".eE") else int(text)
        except ValueError:
            return SheetCell(text, fault="is no number")
        format_ = self._format(style)
        if int(style) not in self._book._date_formats:  # noqa: SLF001 - as its own sheets do
            return SheetCell(number, format_)
        from openpyxl.utils.datetime import from_excel

        is_duration = int(style) in self._book._timedelta_formats  # noqa: SLF001
        try:
            return SheetCell(from_excel(number, self._book.epoch, timedelta=is_duration))
        except (OverflowError, ValueError):
            return SheetCell(number, fault="is formatted as a date and is none (####)")

    def _format(self, style: str) -> str:
        if style not in self._formats:
            self._formats[style] = _format_of(self._book, int(style))
        return self._formats[style]


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(text)
    return number


def _timestamp(text: str) -> SheetCell:
    from openpyxl.utils.datetime import from_ISO8601

    try:
        return SheetCell(from_ISO8601(text))  # type: ignore[no-untyped-call]
    except ValueError:
        return SheetCell(text, fault="is no date")


@contextmanager
def sheets_of(path: Path) -> Iterator[list[Sheet]]:
    """The sheets of a workbook, as long as it is open.

    Raises:
        FileUnreadable: openpyxl finds none, and each workbook has one.
    """
    with (
        path.open("rb") as file,  # openpyxl leaves its own open if it cannot read it
        closing(_TextsOnDisk()) as texts,
        closing(_book(file, texts)) as book,
    ):
        sheets = book._sheets  # noqa: SLF001 - those of `_book`; a chart has a sheet of its own
        if not sheets:
            raise FileUnreadable("file.broken_workbook", _NO_SHEET)
        yield [Sheet(one.title, one.sheet_state == "visible", one) for one in sheets]


def _format_of(book: Any, style: int) -> str:
    from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE

    styles = book._cell_styles  # noqa: SLF001 - as its own cells do
    number = styles[style].numFmtId if style < len(styles) else 0
    if number < BUILTIN_FORMATS_MAX_SIZE:
        return BUILTIN_FORMATS.get(number, "")
    return str(book._number_formats[number - BUILTIN_FORMATS_MAX_SIZE])  # noqa: SLF001


def _book(file: BinaryIO, texts: "_TextsOnDisk") -> Any:
    from openpyxl.reader.excel import ExcelReader  # only for workbooks
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet
    from openpyxl.xml.constants import SHARED_STRINGS

    class Worksheet(ReadOnlyWorksheet):
        """openpyxl's own, except for its size: a sheet that does not give it would be read."""

        def _get_size(self) -> None:
            """Nobody asks for it."""

    class Reader(ExcelReader):
        """openpyxl's own, except for its sheets and for where the shared texts are kept."""

        shared_strings: Any

        def read_strings(self) -> None:
            package: Any = self.package
            part = package.find(SHARED_STRINGS)
            self.shared_strings = texts
            if part is not None:
                with self.archive.open(part.PartName[1:]) as source:
                    texts.write(texts_in(source))

        def read_worksheets(self) -> None:
            book: Any = self.wb
            for sheet, part in self.parser.find_sheets():
                if part.target in self.valid_files and "chartsheet" not in part.Type:
                    one = Worksheet(book, sheet.name, part.target, self.shared_strings)
                    one.sheet_state = sheet.state or "visible"
                    book._sheets.append(one)  # noqa: SLF001 - as openpyxl's own reader does

    reader = Reader(file, read_only=True, data_only=True, keep_links=False)
    reader.read()
    return reader.wb


class _TextsOnDisk(Sequence[str]):
    """Texts by their numbers, in a temporary file: eight bytes of memory for each."""

    def __init__(self) -> None:
        self._file = TemporaryFile()  # noqa: SIM115 - lives as long as the workbook
        self._ends = array.array("Q", [0])

    def write(self, texts: Iterator[str]) -> None:
        """Store all of them, once."""
        for text in texts:
            content = text.encode("utf-8", "surrogatepass")
            self._file.write(content)
            self._ends.append(self._ends[-1] + len(content))
        self._file.flush()

    def close(self) -> None:
        """Delete them."""
        self._file.close()

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
