"""Tables of rows that were not imported, which a person corrects and imports again.

A row has the columns of its file, then those of the relay. What an object holds inside of others
has a column at its path, e.g. `properties.email`; what no column can hold, such as a list, is in
`relay_more` as JSON. `connectors.file_rows` reads both. Called by `file_reports` and `relay`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from import_relay.bulk.formats.file_error import MAX_ROW_TEXT
from import_relay.domain.files import ABOUT_ROW, MORE, ROW_TEXT, with_more
from import_relay.domain.report_text import json_text
from import_relay.report.failure_file import MAX_COLUMNS
from import_relay.report.tables import cell_text, json_cell, row_cell

MAX_FIRST_COLUMNS = 2_000
"""Columns of the first row, which has all columns of a table: as many as its header may have."""
MAX_LEVELS = 10
"""Of objects within each other that have columns of their own."""
CUT = f" [the first {MAX_ROW_TEXT} characters]"
_OWN = frozenset((*ABOUT_ROW, ROW_TEXT, MORE))


@dataclass(frozen=True, slots=True)
class CorrectionTable:
    """A table of rows that `TableColumns` has seen.

    `columns`: of the file; `whole`: those of them whose objects are not split into columns, since
    other rows have a text there.
    """

    columns: Sequence[str]
    whole: frozenset[str]
    has_more: bool
    has_texts: bool

    @property
    def header(self) -> list[str]:
        """The columns of the file, then the relay's own, in place of those of an older table."""
        more, texts = [MORE] * self.has_more, [ROW_TEXT] * self.has_texts
        return [*map(row_cell, self.columns), *more, *texts, *ABOUT_ROW]

    def cells(self, record: Mapping[str, Any] | None, text: str, about: Sequence[str]) -> list[str]:
        """The cells of a row.

        Args:
            record: None for a row that cannot be read; `text` is its beginning.
            about: line, code and reason.
        """
        columns, more = _split(record or {}, self.whole)
        cells: list[str] = [row_cell(_text(columns.pop(name, None))) for name in self.columns]
        if self.has_more:
            more |= {name: value for name, value in columns.items() if value is not None}
            cells.append(_more_cell(more))
        if self.has_texts:
            shown = text if len(text) < MAX_ROW_TEXT else f"{text}{CUT}"
            cells.append(row_cell(shown if record is None else cell_text(record.get(ROW_TEXT))))
        return [*cells, *about]


class TableColumns:
    """Sees rows of a file, and says which columns a table of them needs.

    Objects may have any number of them. If there are more than `MAX_COLUMNS`, and than the first
    row has, the others share `relay_more`.
    """

    def __init__(self) -> None:
        self._names: dict[str, bool] = {}
        """Column → whether any row has a value there."""
        self._objects: dict[str, None] = {}
        """Paths at which rows have an object."""
        self._max_names = 0
        self._last: Sequence[str] = ()
        self._has_more = False
        self._has_texts = False

    def see(self, record: Mapping[str, Any] | None) -> None:
        """Make room for a row. None: it cannot be read, so that there is only its text."""
        if record is None:
            self._has_texts = True
            return
        self._has_texts |= bool(record.get(ROW_TEXT))
        is_plain = MORE not in record and all(isinstance(one, str) for one in record.values())
        names = tuple(record) if is_plain else ()
        if names and names == self._last:
            return  # the rows of a table are alike
        self._last = names
        columns, more = _split(record)
        if not self._names:
            self._max_names = max(MAX_COLUMNS, min(len(columns), MAX_FIRST_COLUMNS))
        self._has_more |= bool(more)
        if any(isinstance(one, Mapping) for one in record.values()):
            above = {path for name in (*columns, *more) for path in _paths_above(name)}
            left = MAX_FIRST_COLUMNS - len(self._objects)
            self._objects |= dict.fromkeys(islice(above.difference(self._objects), left))
        for name, value in columns.items():
            if name in self._names or len(self._names) < self._max_names:
                self._names[name] = self._names.get(name, False) or value is not None
            else:
                self._has_more = True

    def table(self) -> CorrectionTable:
        """The table of the rows so far."""
        objects = self._objects
        columns = [name for name, is_used in self._names.items() if is_used or name not in objects]
        whole = frozenset(objects).intersection(columns)
        return CorrectionTable(columns, whole, self._has_more or bool(whole), self._has_texts)


def reason_text(field: str, what: str) -> str:
    """Why a row was not imported, after the name of the wrong column if there is one."""
    return f"{field}: {what}" if field else what


def _split(
    record: Mapping[str, Any], whole: frozenset[str] = frozenset()
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Column → value, and what no column can hold: lists, and names that no header can have."""
    columns: dict[str, Any] = {}
    more: dict[str, Any] = {}
    try:
        record = with_more(record)
    except ValueError:  # whoever corrected it has made a mistake: it stays as it is
        more[MORE] = record[MORE]
    for name, value in record.items():
        if name in _OWN:
            continue
        if not isinstance(value, Mapping):
            (more if isinstance(value, list) or not _is_header(name) else columns)[name] = value
            continue
        found = [*_inside(name, value, whole)] if _is_step(name) else [(name, value)]
        if any(path in record for path, _ in found):  # also of what is not split
            found = [(name, value)]
        for path, inner in found:
            (more if isinstance(inner, list | Mapping) else columns)[path] = inner
    return columns, more


def _inside(
    path: str, value: object, whole: frozenset[str], levels: int = MAX_LEVELS
) -> Iterator[tuple[str, Any]]:
    """Path → value of what an object holds; an object itself if reading would not find it so."""
    is_split = isinstance(value, Mapping) and levels and path not in whole
    if isinstance(value, Mapping) and is_split and all(map(_is_step, value)):
        for name, inner in value.items():
            yield from _inside(f"{path}.{name}", inner, whole, levels - 1)
    else:
        yield path, value


def _paths_above(path: str) -> Iterator[str]:
    """`a` and `a.b` for `a.b.c`."""
    for at, sign in enumerate(path):
        if sign == ".":
            yield path[:at]


def _is_step(name: str) -> bool:
    return "." not in name and _is_header(name)


@lru_cache(maxsize=MAX_FIRST_COLUMNS)
def _is_header(name: str) -> bool:
    """Whether a name comes back from the first line of a table as it was."""
    return name != "" and name == row_cell(name).strip()


def _more_cell(more: Mapping[str, Any]) -> str:
    if more.keys() == {MORE}:
        return row_cell(cell_text(more[MORE]))
    return json_cell(more) if more else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else json_text(value)
