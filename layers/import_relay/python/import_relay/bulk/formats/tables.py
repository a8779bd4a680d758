"""Rows of tables: a header names the columns, each row is `{header: text}`. Called by `formats`.

The separator is the one that splits the first lines alike: comma, semicolon, tab or bar.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from import_relay.bulk.formats.file_error import MAX_ROW_TEXT, FileUnreadable
from import_relay.domain.files import FileRow
from import_relay.report.tables import as_sent

SEPARATORS = ",;\t|"
SAMPLE_LINES = 20
MAX_CELL = 1_000_000
MAX_TABLE_COLUMNS = 2_000


@dataclass(frozen=True, slots=True)
class BrokenLine:
    """A line that is no row, or a part of no row. `text`: how it begins."""

    what: str
    text: str


def csv_rows(lines: Iterator[str]) -> Iterator[FileRow]:
    """The rows of a CSV, each with the line on which it begins; empty lines are left out.

    A quotation mark that is not closed, or has more behind it, may swallow rows: every line that
    it reaches is unreadable then, and the next one begins anew. An apostrophe before what would
    begin a formula is no part of a cell: the relay's own tables have them, and other exports.

    Raises:
        FileUnreadable: there is no header.
    """
    csv.field_size_limit(MAX_CELL)
    sample = list(islice(lines, SAMPLE_LINES))
    separator = _named_separator(sample) or _separator(sample)
    skipped = int(bool(_named_separator(sample)))
    return table_rows(_records(chain(sample[skipped:], lines), separator, skipped))


def table_rows(records: Iterator[tuple[int, Sequence[str] | BrokenLine]]) -> Iterator[FileRow]:
    """The rows of a table, given as line number and cells, header first."""
    header: list[str] | None = None
    for line, cells in records:
        if isinstance(cells, BrokenLine):
            if header is None:
                raise FileUnreadable("file.no_header", cells.what, line=line)
            yield FileRow(line, None, "row.unreadable", cells.what, cells.text)
        elif any(map(str.strip, cells)):
            if header is None:
                header = _header(cells, line)
            else:
                yield _row(header, line, cells)
    if header is None:
        raise FileUnreadable("file.empty")


def _records(
    lines: Iterator[str], separator: str, skipped: int
) -> Iterator[tuple[int, Sequence[str] | BrokenLine]]:
    taken: list[str] = []

    def noted() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line

    reader = csv.reader(noted(), delimiter=separator, strict=True)
    while True:
        first = reader.line_num + 1 + skipped
        taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            for number, line in enumerate(taken, first):
                if line.strip():
                    yield number, BrokenLine(str(error), line.strip()[:MAX_ROW_TEXT])
        else:
            yield first, [as_sent(cell) for cell in cells]


def _header(cells: Sequence[str], line: int) -> list[str]:
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    twice = sorted(name for name, many in Counter(filter(None, names)).items() if many > 1)
    if twice:
        what = f"{', '.join(map(repr, twice[:5]))} names several columns"
        raise FileUnreadable("file.header_twice", what, line=line)
    if len(names) > MAX_TABLE_COLUMNS:
        raise FileUnreadable("file.too_many_columns", f"{len(names)} columns", line=line)
    return names


def _row(header: Sequence[str], line: int, cells: Sequence[str]) -> FileRow:
    """Columns without a name are left out; a short row has empty cells at its end."""
    if len(cells) > len(header) and any(cells[len(header) :]):
        detail = f"it has {len(cells)} cells, and the header {len(header)}"
        return FileRow(line, None, "row.too_many_cells", detail, _as_text(cells)[:MAX_ROW_TEXT])
    record = dict(zip(header, cells, strict=False))
    if len(cells) < len(header):
        record |= dict.fromkeys(header[len(cells) :], "")
    record.pop("", None)
    return FileRow(line, record)


def _as_text(cells: Sequence[str]) -> str:
    """The cells as a line of a CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()


def _named_separator(sample: Sequence[str]) -> str:
    """Excel's own first line, `sep=;`, which says what separates."""
    first = sample[0].strip() if sample else ""
    return first[4:] if first.lower().startswith("sep=") and len(first) == 5 else ""


def _separator(sample: Sequence[str]) -> str:
    """What splits most lines into as many cells as the header; of equals, more cells win."""
    return max(SEPARATORS, key=lambda one: _score(sample, one))


def _score(sample: Iterable[str], separator: str) -> tuple[int, int]:
    reader = csv.reader(iter(sample), delimiter=separator)
    try:
        widths = [len(cells) for cells in reader if any(cells)]
    except csv.Error:
        return 0, 0
    width = widths[0] if widths else 0
    return (widths.count(width), width) if width > 1 else (0, 0)
