"""The XML of a workbook's sheets and shared texts, read in pieces. Called by `sheets`.

openpyxl builds an element of each tag, which takes longer than everything else that reads a row.
Here the parser of the standard library calls functions that collect the cells. A document type is
refused: no part of a workbook may have one (ECMA-376, part 2), and entities could grow without end.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any, NamedTuple
from xml.parsers.expat import ExpatError, ParserCreate

SHEET_MAIN_NS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
MAX_CELL_TEXT = 10_000_000
"""Characters of a cell; spreadsheets keep 32,767 (Excel: specifications and limits)."""
MAX_CELLS = 100_000
"""Of a row; the last column of a spreadsheet is the 16,384th."""
_CHUNK_B = 65_536
_ROW, _CELL, _VALUE, _FORMULA, _INLINE, _DATA, _SHARED, _TEXT, _PHONETIC = (
    f"{SHEET_MAIN_NS} {name}"
    for name in ("row", "c", "v", "f", "is", "sheetData", "si", "t", "rPh")
)
_DIGITS = "0123456789"


class RawCell(NamedTuple):
    """A cell as the XML has it.

    Attributes:
        place: its reference, such as `B7`; "" for the place after the cell before it.
        type: `n`, `s`, `b`, `e`, `d`, `str` or `inlineStr`.
        style: number of its style, as text.
        value: its text, a shared one's number; "" if there is none.
        has_formula: whether it has one.
    """

    place: str
    type: str
    style: str
    value: str
    has_formula: bool


def rows_in(source: IO[bytes]) -> Iterator[tuple[int | None, list[RawCell]]]:
    """The rows of a sheet: the number that the row gives itself, and the cells.

    Raises:
        ValueError: it is no XML, or has a document type.
    """
    return _found(source, _Rows())


def texts_in(source: IO[bytes]) -> Iterator[str]:
    """The shared texts of a workbook, without what says how they are pronounced.

    Raises:
        ValueError: as in `rows_in`.
    """
    return _found(source, _Texts())


def column_letters(place: str) -> str:
    """`B` of `B7`."""
    return place.rstrip(_DIGITS)


class _Collector(ABC):
    """Collects what the tags hold.

    Attributes:
        taken: what is complete.
        texts: the text of the tag that begins last, in pieces.
        is_text: whether that text is wanted.
        is_over: whether nothing more is wanted.
    """

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.texts: list[str] = []
        self.is_text = self.is_over = False

    @abstractmethod
    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """A tag begins."""

    @abstractmethod
    def end(self, name: str) -> None:
        """A tag ends."""

    def check(self) -> None:
        """Drop texts that nobody wants, and refuse what would fill the memory."""
        if not self.is_text:
            self.texts.clear()
        elif sum(map(len, self.texts)) > MAX_CELL_TEXT:
            raise ValueError(f"a text of more than {MAX_CELL_TEXT:,} characters")


class _Rows(_Collector):
    def __init__(self) -> None:
        super().__init__()
        self._number: int | None = None
        self._cells: list[RawCell] = []
        self._cell: tuple[str, str, str] = "", "n", "0"
        self._value = ""
        self._inline: list[str] | None = None
        self._has_formula = self._is_phonetic = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == _CELL:
            get = attributes.get
            self._cell = get("r", ""), get("t", "n"), get("s", "0")
            self._value, self._has_formula = "", False
        elif name in (_VALUE, _TEXT):
            self.texts.clear()
            self.is_text = True
        elif name == _ROW:
            number = attributes.get("r")
            self._number = None if number is None else int(number)
            self._cells = []
        elif name == _FORMULA:
            self._has_formula = True
        elif name == _INLINE:
            self._inline = []
        elif name == _PHONETIC:
            self._is_phonetic = True

    def end(self, name: str) -> None:
        if name == _CELL:
            self._cells.append(RawCell(*self._cell, self._value, self._has_formula))
        elif name == _VALUE:
            self.is_text = False
            if self._cell[1] != "inlineStr":
                self._value = "".join(self.texts)
        elif name == _ROW:
            self.taken.append((self._number, self._cells))
        elif name == _DATA:
            self.is_over = True
        else:
            self._end_inline(name)

    def _end_inline(self, name: str) -> None:
        if name == _TEXT:
            self.is_text = False
            if self._inline is not None and not self._is_phonetic:
                self._inline += self.texts
        elif name == _INLINE:
            if self._cell[1] == "inlineStr":
                self._value = "".join(self._inline or ())
            self._inline = None
        elif name == _PHONETIC:
            self._is_phonetic = False

    def check(self) -> None:
        super().check()
        if len(self._cells) > MAX_CELLS:
            raise ValueError(f"a row of more than {MAX_CELLS:,} cells")


class _Texts(_Collector):
    def __init__(self) -> None:
        super().__init__()
        self._parts: list[str] = []
        self._is_phonetic = False

    def start(self, name: str, _: Mapping[str, str]) -> None:
        if name == _TEXT:
            self.texts.clear()
            self.is_text = True
        elif name == _SHARED:
            self._parts = []
        elif name == _PHONETIC:
            self._is_phonetic = True

    def end(self, name: str) -> None:
        if name == _TEXT:
            self.is_text = False
            if not self._is_phonetic:
                self._parts += self.texts
        elif name == _SHARED:
            self.taken.append("".join(self._parts))
        elif name == _PHONETIC:
            self._is_phonetic = False


def _found(source: IO[bytes], collector: _Collector) -> Iterator[Any]:
    """What the collector takes from the XML, piece by piece."""
    parser = ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = collector.start
    parser.EndElementHandler = collector.end
    parser.CharacterDataHandler = collector.texts.append
    parser.StartDoctypeDeclHandler = _refused
    parse: Callable[[bytes, bool], object] = parser.Parse
    is_read = False
    while not (is_read or collector.is_over):
        chunk = source.read(_CHUNK_B)
        is_read = not chunk
        try:
            parse(chunk, is_read)
        except ExpatError as error:
            raise ValueError(str(error)) from error
        collector.check()
        yield from collector.taken
        collector.taken.clear()


def _refused(*_: object) -> None:
    raise ValueError("it has a document type")
