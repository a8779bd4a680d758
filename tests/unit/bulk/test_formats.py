"""Files become rows, whatever their format, separator and encoding."""

import codecs
import gzip
import io
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn
from zipfile import ZipFile

import pytest
from openpyxl import Workbook

from import_relay.bulk.formats import rows
from import_relay.bulk.formats.file_error import FileUnreadable
from import_relay.bulk.formats.rows import read_rows
from import_relay.domain.files import FileRow
from import_relay.report.tables import as_csv
from tests.unit.bulk.file_rows import records_of, rows_of

RECORDS = [{"id": "1", "name": "Jörg Müßig"}, {"id": "2", "name": "Zoë"}]
TABLE = "id;name\n1;Jörg Müßig\n2;Zoë\n"


def workbook(*sheets: Sequence[Sequence[object]]) -> bytes:
    book = Workbook()
    book.remove(book.worksheets[0])
    for number, lines in enumerate(sheets):
        sheet = book.create_sheet(f"Sheet {number}")
        for row in lines:
            sheet.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    "separator", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "bar"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_the_separator_and_the_line_ends_of_a_csv_are_found(separator: str, end: str) -> None:
    text = TABLE.replace(";", separator).replace("\n", end)
    assert records_of(text.encode()) == RECORDS


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(TABLE.encode(), id="utf-8"),
        pytest.param(codecs.BOM_UTF8 + TABLE.encode(), id="utf-8 with a mark"),
        pytest.param(TABLE.encode("cp1252"), id="windows-1252"),
        pytest.param(TABLE.encode("utf-16"), id="utf-16 with a mark"),
        pytest.param(TABLE.encode("utf-16-le"), id="utf-16 little"),
        pytest.param(TABLE.encode("utf-16-be"), id="utf-16 big"),
    ],
)
def test_the_encoding_of_a_csv_is_found(content: bytes) -> None:
    assert records_of(content) == RECORDS


def test_a_separator_within_quotation_marks_is_text_and_a_line_is_where_its_row_begins() -> None:
    content = b'id,name\n1,"Doe, Jane\nBerlin"\n\n2,Max\n'
    assert rows_of(content) == [
        FileRow(2, {"id": "1", "name": "Doe, Jane\nBerlin"}),
        FileRow(5, {"id": "2", "name": "Max"}),
    ]


def test_the_line_in_which_excel_names_the_separator_is_no_header() -> None:
    assert rows_of(b"sep=;\nid;name\n1;A,B\n") == [FileRow(3, {"id": "1", "name": "A,B"})]


def test_cells_of_a_workbook_are_the_texts_of_a_csv() -> None:
    content = workbook([("id", "name", "new"), (1, "Zoë", True), (2.5, None, False)], [])
    assert rows_of(content) == [
        FileRow(2, {"id": "1", "name": "Zoë", "new": "true"}),
        FileRow(3, {"id": "2.5", "name": "", "new": "false"}),
    ]


def test_a_number_that_lost_digits_in_a_spreadsheet_is_no_id() -> None:
    """Two of them would be one record."""
    content = workbook([("id", "name"), (12_345_678_901_234_567_890, "Ada"), (2, "Bob")])
    first, second = rows_of(content)
    assert (first.line, first.record, first.code) == (2, None, "row.unreadable")
    assert first.detail.startswith("cell 1 is a number of more than 15 digits")
    assert second.record == {"id": "2", "name": "Bob"}


@pytest.mark.parametrize(
    ("number", "is_cut"),
    [
        (1_234_567_890_123_450, True),
        (-1_234_567_890_123_450, True),
        (1_000_000_000_000_000, True),
        (1_234_567_890_123_456, False),
        (123_456_789_012_340, False),
    ],
)
def test_a_whole_number_with_zeros_after_its_15th_digit_was_cut(number: int, is_cut: bool) -> None:
    (row,) = rows_of(workbook([("id",), (number,)]))
    assert row.code == ("row.unreadable" if is_cut else "")
    assert row.record == (None if is_cut else {"id": str(number)})


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("\n".join(map(json.dumps, RECORDS)), id="ndjson"),
        pytest.param(json.dumps(RECORDS), id="array"),
        pytest.param(json.dumps({"total": 2, "records": RECORDS}), id="list in an object"),
        pytest.param(json.dumps({"data": RECORDS}, indent=2), id="list in an indented object"),
    ],
)
def test_objects_of_json_are_rows(content: str) -> None:
    assert records_of(content.encode()) == RECORDS


@pytest.mark.parametrize("between", ["", "\n", " \n\r\n\n"], ids=["none", "one", "several"])
def test_empty_lines_after_a_broken_first_line_refuse_no_file(between: str) -> None:
    first, second = rows_of(f'\n{{"id": 1,, }}\n{between}{{"id": 2}}\n'.encode())
    assert (first.line, first.code) == (2, "row.not_json")
    assert second.record == {"id": 2}
    assert second.line == 3 + between.count("\n")


ORDER = {"id": 1, "items": [{"sku": "a"}]}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param('{"id": 1, "items": []}\n{"id": 2}\n', [{"id": 1, "items": []}, {"id": 2}]),
        pytest.param(json.dumps(ORDER), [ORDER]),
        pytest.param(json.dumps(ORDER, indent=2), [ORDER]),
        pytest.param(json.dumps(dict(reversed(ORDER.items())), indent=2), [ORDER]),
        pytest.param('{\n"data": {"a": 1}, "total": 1}', [{"data": {"a": 1}, "total": 1}]),
        pytest.param('{\n"@odata.count": 1, "value": [{"a": 1}]}', [{"a": 1}]),
    ],
    ids=["ndjson", "one line", "indented", "list first", "no list", "list page"],
)
def test_an_object_that_has_more_than_a_list_is_a_row(content: str, expected: object) -> None:
    assert records_of(content.encode()) == expected


@pytest.mark.parametrize(
    "content",
    [
        TABLE.encode(),
        json.dumps(RECORDS).encode(),
        workbook([("id", "name"), *[("1", "Jörg Müßig"), ("2", "Zoë")]]),
    ],
    ids=["csv", "json", "xlsx"],
)
def test_a_gzipped_file_is_read_like_the_one_in_it(content: bytes) -> None:
    assert records_of(gzip.compress(content, mtime=0)) == RECORDS


@pytest.mark.parametrize(
    ("content", "line", "code"),
    [
        pytest.param('{"id": 1}\n{"id": \n{"id": 3}\n', 2, "row.not_json", id="cut"),
        pytest.param('{"id": 1}\n{"id": NaN}\n{"id": 3}\n', 2, "row.not_json", id="NaN"),
        pytest.param('{"id": 1}\n[2]\n{"id": 3}\n', 2, "row.not_an_object", id="array"),
        pytest.param("id;name\n1;a\n2;b;c\n3;d\n", 3, "row.too_many_cells", id="cells"),
    ],
)
def test_a_broken_line_hurts_no_other(content: str, line: int, code: str) -> None:
    first, broken, last = rows_of(content.encode())
    assert (broken.line, broken.record, broken.code) == (line, None, code)
    assert first.record is not None
    assert last.record is not None


@pytest.mark.parametrize("first", ['{"id": 1', "{no JSON", '{"id": }', '{"id": 1} {"id": 2}'])
def test_a_broken_first_line_hurts_no_other(first: str) -> None:
    broken, *others = rows_of(f'\n{first}\n{{"id": 2}}\n{{"id": 3}}\n'.encode())

    assert (broken.line, broken.code) == (2, "row.not_json")
    assert [(row.line, row.record) for row in others] == [(3, {"id": 2}), (4, {"id": 3})]


@pytest.mark.parametrize(
    ("content", "broken", "read"),
    [
        pytest.param('1,"x\n2,y\n3,z\n', [2, 3, 4], [], id="not closed"),
        pytest.param('1,"x\n2,"y"\n3,z\n', [2, 3], [4], id="closed by the next cell's"),
        pytest.param('1,"x" y\n2,z\n', [2], [3], id="text behind it"),
        pytest.param('1,"x""\n2,z\n', [2, 3], [], id="doubled, not closed"),
        pytest.param('1,x "y" z\n2,a"b\n', [], [2, 3], id="within a bare cell"),
        pytest.param(
            '0,a\n1,"' + ("x" * 999 + "\n") * 1_001 + "2,b\n",
            [*range(3, 1_004)],
            [2, 1_004],
            id="long",
        ),
    ],
)
def test_rows_that_a_quotation_mark_joins_are_refused_one_by_one_and_none_is_lost(
    content: str, broken: list[int], read: list[int]
) -> None:
    found = rows_of(f"id,name\n{content}".encode())
    assert [row.line for row in found if row.code == "row.unreadable"] == broken
    assert [row.line for row in found if not row.code] == read


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(b"id,name,id\n1,a,2\n", "file.header_twice", id="header twice"),
        pytest.param(b"", "file.empty", id="empty"),
        pytest.param(
            workbook([("id",), (1,)], [("id",), (2,)]), "file.several_sheets", id="sheets"
        ),
        pytest.param(b'[{"id": 1}, {"id"', "file.broken_json", id="cut JSON"),
        pytest.param(
            gzip.compress(TABLE.encode(), mtime=0)[:-9], "file.broken_gzip", id="cut gzip"
        ),
    ],
)
def test_a_file_whose_rows_would_be_a_guess_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(FileUnreadable) as caught:
        rows_of(content)
    assert caught.value.code == code


def with_styles(styles: bytes) -> bytes:
    """A workbook whose styles are these."""
    file = io.BytesIO()
    with ZipFile(io.BytesIO(workbook([("id",), (1,)]))) as good, ZipFile(file, "w") as bad:
        for one in good.infolist():
            bad.writestr(one, styles if one.filename == "xl/styles.xml" else good.read(one))
    return file.getvalue()


SHEET_XML = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STYLES = b'<styleSheet xmlns="%s"><fills><fill/></fills></styleSheet>' % SHEET_XML
HOSTILE = {
    "csv": b"id\n1\n" + b"2" * 1_000_001 + b"\n",
    "json": b'[{"id": 1}, {"id": %s}]' % (b"9" * 5_000),
    "ndjson": b'{"id": 1}\n' + b'{"id": ' + b"[" * 200_000 + b"\n",
    "nested array": b'[{"id": ' + b"[" * 3_000 + b"]" * 3_000 + b"}]",
    "nested list": b"[" * 3_000 + b"]" * 3_000,
    "list in an object": b'{"records": [{"id": -%s}]}' % (b"9" * 5_000),
    "xlsx": with_styles(STYLES),
    "gzip": gzip.compress(TABLE.encode(), mtime=0)[:20],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_only_the_file_or_its_row_is_refused_whatever_is_in_it(name: str) -> None:
    with suppress(FileUnreadable):
        rows = list(rows_of(HOSTILE[name]))
        # Newer interpreters read deeper nesting.
        assert name.startswith("nested") or any(row.code for row in rows)


@pytest.mark.parametrize("error", [TypeError, RecursionError, MemoryError, KeyError, OSError])
@pytest.mark.parametrize("content", [TABLE.encode(), b"[{}]", workbook([("id",), (1,)])])
def test_whatever_a_library_raises_the_file_is_unreadable(
    content: bytes, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> NoReturn:
        raise error

    for name in ("csv_rows", "json_rows", "workbook_rows"):
        monkeypatch.setattr(rows, name, fail)
    with pytest.raises(FileUnreadable) as caught:
        rows_of(content)
    assert caught.value.code == "file.unreadable"


@pytest.mark.parametrize("content", [TABLE.encode(), b"[{}]", workbook([("id",), (1,)])])
@pytest.mark.parametrize("error", [OSError, LookupError, EOFError, ValueError])
def test_a_source_that_fails_is_no_fault_of_the_file(
    content: bytes, error: type[Exception]
) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if size == 8:
                return super().read(8)
            raise error("S3 is gone")

    with pytest.raises(error, match="S3 is gone"):
        list(read_rows(lambda: Broken(content)))


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('="00123"', "00123"),
        ('"=""00123"""', "00123"),
        ('"=""a;b"""', "a;b"),
        ('=""', ""),
        ('"=""5"""" pipe"""', '5" pipe'),
        ('="a"&"b"', '="a"&"b"'),
        ("=A1", "=A1"),
        ('x="00123"', 'x="00123"'),
        ('\'="00123"', '="00123"'),
    ],
)
def test_a_formula_that_only_quotes_a_text_is_that_text(cell: str, value: str) -> None:
    """People write it so that a spreadsheet keeps leading zeros."""
    assert records_of(f"id;name\n{cell};Ada\n".encode()) == [{"id": value, "name": "Ada"}]


def test_many_digits_in_a_text_are_a_text() -> None:
    records = [{"id": "1"}, {"id": "7" * 5_000}, {"id": "2"}]
    assert records_of(json.dumps(records).encode()) == records


def test_the_relays_own_table_is_read_as_the_rows_were_before() -> None:
    """A corrected failures.csv is uploaded again: a number must stay that number."""
    row = {
        "id": "-7",
        "phone": "+49 1522 1234567",
        "name": "a;=b,",
        "code": '="01"',
        "=x": "@home",
        "town": "'s-H",
    }
    table = as_csv([*row], [[*row.values()]])

    assert b"'+49" in table
    assert records_of(table) == [row]
