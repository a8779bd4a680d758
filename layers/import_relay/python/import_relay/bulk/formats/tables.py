"""Rows of tables: a header names the columns, each row is `{header: text}`. Called by `formats`.

The separator is the one that splits the first lines alike: tab, semicolon, bar or comma.
"""

import csv
import io
import re
import string
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from import_relay.bulk.formats.file_error import MAX_ROW_TEXT, FileUnreadable
from import_relay.domain.files import FileRow
from import_relay.report.tables import as_sent

SEPARATORS = "\t;|,"
"""Of equals the first counts: commas are frequent in texts, tabs are not."""
SAMPLE_LINES = 20
MAX_CELL = 1_000_000
MAX_TABLE_COLUMNS = 2_000
_NO_TEXT = SEPARATORS + string.whitespace
_QUOTED_FORMULA = re.compile(r'="((?:[^"]|"")*)"')


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
    skipped, first = _first_filled(lines)
    sample = [*first, *islice(lines, SAMPLE_LINES - 1)]
    separator = _named_separator(sample)
    if separator:
        skipped, sample = skipped + 1, sample[1:]
    records = _records(chain(sample, lines), separator or _separator(sample), skipped)
    return table_rows(records)


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
            is_plain = not any("'" in line or '="' in line for line in taken)
            yield first, cells if is_plain else list(map(_meant, cells))


def _meant(cell: str) -> str:
    """A cell without what was put around it for a spreadsheet: `="00123"` keeps its zeros."""
    found = _QUOTED_FORMULA.fullmatch(cell)
    return found[1].replace('""', '"') if found else as_sent(cell)


def _header(cells: Sequence[str], line: int) -> list[str]:
    names = [cell.replace("\ufeff", "").strip() for cell in cells]
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
    if len(cells) > len(header) and any(map(str.strip, cells[len(header) :])):
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


def _first_filled(lines: Iterator[str]) -> tuple[int, list[str]]:
    """How many lines before the first one with a text are empty, and that line."""
    for number, line in enumerate(lines):
        if line.strip(_NO_TEXT):
            return number, [line]
    return 0, []


def _named_separator(sample: Sequence[str]) -> str:
    """Excel's own first line, `sep=;`, which says what separates."""
    first = sample[0].strip(" \n").strip('"') if sample else ""
    return first[4:] if first.lower().startswith("sep=") and len(first) == 5 else ""


def _separator(sample: Sequence[str]) -> str:
    """What splits most lines into as many cells as the header; of equals, more cells win.

    Commas that stand in texts, as in `Doe, Jane`, split lines only if nothing else does.
    """
    scores = {one: _score(sample, one) for one in SEPARATORS}
    best = max(SEPARATORS, key=lambda one: scores[one])
    return best if any(scores[best]) else ","


def _score(sample: Sequence[str], separator: str) -> tuple[int, bool, int, bool]:
    lines = list(_sample_cells(sample, separator))
    width = len(lines[0]) if lines else 0
    if width < 2:
        return 0, False, 0, False
    alike = [cells for cells in lines if len(cells) == width]
    is_in_texts = all(_is_rest_of_text(cell) for cells in alike for cell in cells[1:])
    return len(alike), not (is_in_texts and separator == ","), width, not is_in_texts


def _sample_cells(sample: Sequence[str], separator: str) -> Iterator[list[str]]:
    """The cells of the lines that have any; lines that cannot be read are left out."""
    reader = csv.reader(sample, delimiter=separator)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            continue
        if any(map(str.strip, cells)):
            yield cells


def _is_rest_of_text(cell: str) -> bool:
    """Whether a cell begins as words behind a comma do, or ends a quotation."""
    return cell.startswith(" ") or cell.count('"') % 2 == 1
