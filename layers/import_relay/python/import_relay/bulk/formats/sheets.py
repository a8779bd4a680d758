"""The sheets of an Excel workbook, cell by cell, in flat memory. Called by `workbooks`.

openpyxl reads the cells. It keeps every row's size and all texts, of which a million rows have
millions: here rows are forgotten once they are read, and the texts lie on the disk.
"""

import array
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, NamedTuple, overload

MAX_ROW_NUMBER = 16_777_216
"""Rows of the largest sheet that any spreadsheet has (LibreOffice; Excel: 1,048,576)."""


class SheetCell(NamedTuple):
    """A cell. `format`: its number format. `is_computed`: it has a formula without a result."""

    value: object
    format: str = ""
    is_computed: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet with cells. `rows` gives each row's number and its cells, none left out."""

    title: str
    is_visible: bool
    _sheet: Any

    def rows(self) -> Iterator[tuple[int, list[SheetCell]]]:
        """The rows that the file has, with increasing numbers.

        Raises:
            ValueError, KeyError, ParseError: the sheet is damaged.
        """
        last = 0
        formats: dict[int, str] = {}
        for number, cells in _parsed(self._sheet):
            last = max(last + 1, number)
            if not 0 < number <= MAX_ROW_NUMBER or last > MAX_ROW_NUMBER:
                raise ValueError(f"row {number}")
            yield last, self._placed(cells, formats)

    def _placed(self, cells: Sequence[Any], formats: dict[int, str]) -> list[SheetCell]:
        """The cells at their columns."""
        placed = [EMPTY_CELL] * max((cell["column"] for cell in cells), default=0)
        for cell in cells:
            style, value = cell["style_id"], cell["value"]
            if style not in formats:
                formats[style] = _format_of(self._sheet.parent, style)
            placed[cell["column"] - 1] = SheetCell(value, formats[style], cell["data_type"] == "f")
        return placed


EMPTY_CELL = SheetCell(None)


@contextmanager
def sheets_of(path: Path) -> Iterator[list[Sheet]]:
    """The sheets of a workbook, as long as it is open."""
    with (
        path.open("rb") as file,  # openpyxl leaves its own open if it cannot read it
        closing(_TextsOnDisk()) as texts,
        closing(_book(file, texts)) as book,
    ):
        yield [
            Sheet(one.title, one.sheet_state == "visible", one)
            for one in book.worksheets
            if hasattr(one, "_get_source")  # a chart has a sheet of its own
        ]


def _parsed(sheet: Any) -> Iterator[tuple[int, list[Any]]]:
    """Row numbers and cells of a sheet as openpyxl reads them."""
    from openpyxl.xml.constants import SHEET_MAIN_NS
    from openpyxl.xml.functions import iterparse

    rows_tag, row_tag = f"{{{SHEET_MAIN_NS}}}sheetData", f"{{{SHEET_MAIN_NS}}}row"
    with sheet._get_source() as source:  # noqa: SLF001 - there is no other way to its XML
        parser, rows = _parser(sheet, source), None
        for event, element in iterparse(source, events=("start", "end")):
            if event == "start":
                rows = element if element.tag == rows_tag else rows
            elif element.tag == row_tag:
                yield parser.cells(element)
                element.clear()
                if rows is not None:
                    rows.clear()
            elif element.tag == rows_tag:
                return


def _parser(sheet: Any, source: Any) -> Any:
    from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

    class Parser(WorkSheetParser):
        """openpyxl's own, but for rows, of which it keeps something."""

        def cells(self, row: Any) -> tuple[int, list[Any]]:
            self.row_counter = int(row.get("r", self.row_counter + 1))
            self.col_counter = 0
            return self.row_counter, [self.parse_cell(one) for one in row]

        def parse_cell(self, element: Any) -> Any:
            cell = super().parse_cell(element)
            if cell["value"] is None and element.find(FORMULA_TAG) is not None:
                is_text = element.get("t") == "str"  # a result, and it is empty
                cell["data_type"] = "s" if is_text else "f"
            return cell

    book = sheet.parent
    return Parser(
        source,
        sheet._shared_strings,  # noqa: SLF001 - `_TextsOnDisk`
        data_only=True,
        epoch=book.epoch,
        date_formats=book._date_formats,  # noqa: SLF001 - as its own sheets do
        timedelta_formats=book._timedelta_formats,  # noqa: SLF001
    )


def _format_of(book: Any, style: int) -> str:
    from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE

    styles = book._cell_styles  # noqa: SLF001 - as its own cells do
    number = styles[style].numFmtId if style < len(styles) else 0
    if number < BUILTIN_FORMATS_MAX_SIZE:
        return BUILTIN_FORMATS.get(number, "")
    return str(book._number_formats[number - BUILTIN_FORMATS_MAX_SIZE])  # noqa: SLF001


def _book(file: BinaryIO, texts: "_TextsOnDisk") -> Any:
    from openpyxl.reader.excel import ExcelReader  # only for workbooks
    from openpyxl.xml.constants import SHARED_STRINGS

    class Reader(ExcelReader):
        """openpyxl's own, but for where the shared texts are kept."""

        shared_strings: Any

        def read_strings(self) -> None:
            package: Any = self.package
            part = package.find(SHARED_STRINGS)
            self.shared_strings = texts
            if part is not None:
                with self.archive.open(part.PartName[1:]) as source:
                    texts.write(_shared_texts(source))

    reader = Reader(file, read_only=True, data_only=True, keep_links=False)
    reader.read()
    return reader.wb


def _shared_texts(source: Any) -> Iterator[str]:
    from openpyxl.cell.text import Text
    from openpyxl.xml.functions import iterparse

    root = None
    for event, node in iterparse(source, events=("start", "end")):
        if root is None:
            root = node
        if event == "end" and node.tag.endswith("}si"):
            if len(node) == 1 and node[0].tag.endswith("}t"):  # nearly all; the rest has runs
                yield node[0].text or ""
            else:
                text: Any = Text.from_tree(node)
                yield text.content
            root.clear()


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
