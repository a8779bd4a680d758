"""Files in shapes that are less plain: JSON on one long line, blank lines, other archives."""

import gzip
import io
import json
import tracemalloc
from collections.abc import Generator
from contextlib import suppress
from itertools import chain, repeat
from zipfile import ZipFile

import pytest

from import_relay.bulk.formats import rows, texts
from import_relay.bulk.formats.file_error import FileUnreadable
from import_relay.bulk.formats.rows import read_rows
from import_relay.bulk.formats.tables import csv_rows
from import_relay.domain.files import FileRow
from import_relay.domain.models import Occurrence
from import_relay.domain.queue_messages import MAX_MESSAGE_B, repeat_bodies
from tests.unit.bulk.file_rows import records_of, rows_of

RECORDS = [{"id": "1", "name": "Jörg"}, {"id": "2", "name": "Zoë"}]


@pytest.mark.parametrize("key", ["", "records", "contacts"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_json_on_one_line_may_be_longer_than_a_line_of_text(
    key: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most programs write JSON without a line break, however long it is."""
    monkeypatch.setattr(texts, "MAX_LINE", 1_000)
    monkeypatch.setattr(texts, "CHUNK_B", 256)
    records = [{"id": str(number), "name": "Zoë"} for number in range(200)]
    value = {key: records} if key else records
    assert records_of(json.dumps(value, ensure_ascii=False).encode(encoding)) == records


@pytest.mark.parametrize("chunk_b", [7, 64, 999, 4_096])
def test_a_long_number_is_found_wherever_the_text_is_cut(
    chunk_b: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "CHUNK_B", chunk_b)
    content = b'[{"id": 1}, {"id": %s}, {"id": "%s"}]' % (b"9" * 3_000, b"8" * 3_000)
    assert records_of(content) == [{"id": 1}, {"id": int("9" * 3_000)}, {"id": "8" * 3_000}]


@pytest.mark.parametrize("number", ["12345678901234567890123", "-9223372036854775809", "1e400"])
def test_a_number_that_64_bits_do_not_hold_refuses_no_file(number: str) -> None:
    rest = '"price": 1.5, "parts": [{"price": 0.1}]'
    content = f'[{{"id": 1}}, {{"id": {number}, {rest}}}, {{"id": 2}}]'
    assert records_of(content.encode()) == json.loads(content)


@pytest.mark.parametrize("name", ["contacts", "results", "result", "rows", "people"])
def test_the_only_key_may_have_any_name_if_it_holds_a_list_of_objects(name: str) -> None:
    assert records_of(json.dumps({name: RECORDS}).encode()) == RECORDS
    assert records_of(json.dumps({"total": 2, name: RECORDS}, indent=1).encode()) == RECORDS


@pytest.mark.parametrize("value", [[], ["a"], [1, {"id": 2}], {"id": 1}, "a"])
def test_an_object_without_a_list_of_objects_is_a_row(value: object) -> None:
    record = {"tags": value}
    assert records_of(json.dumps(record).encode()) == [record]
    assert records_of(json.dumps(record, indent=1).encode()) == [record]


def test_rows_on_lines_may_each_be_nothing_but_a_list() -> None:
    lines = [{"lines": [{"sku": "a"}]}, {"lines": [{"sku": "b"}]}]
    assert records_of("\n".join(map(json.dumps, lines)).encode()) == lines


def test_a_flood_of_empty_lines_is_counted_and_not_kept() -> None:
    """A gigabyte of them would be eight of memory."""
    lines = chain(repeat("\n", 100_000), ["id\n", "1\n"])
    tracemalloc.start()
    try:
        (row,) = csv_rows(lines)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100_000
    assert row == FileRow(100_002, {"id": "1"})


def test_an_object_that_is_a_row_is_not_read_if_it_is_far_too_long() -> None:
    """An export that names its company beside its customers. A gigabyte would be ten of memory."""
    customers = ",".join(['{"id": "1", "email": "ada@example.com"}'] * 300_000)
    content = f'{{"company": "Roofs", "customers": [{customers}]}}'.encode()
    tracemalloc.start()
    try:
        (row,) = rows_of(content)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 50_000_000
    what = "it is the whole file, of more than 10,000,000 characters"
    assert row == FileRow(1, None, "row.too_large", what)


def test_a_line_is_counted_from_the_first_even_if_that_is_empty() -> None:
    assert rows_of(b"\n \n\r\nid\n\n1\n") == [FileRow(6, {"id": "1"})]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "text",
    [
        "\u0418\u043c\u044f;\u041c\u0435\u0441\u0442\u043e\n\u0410;\u0411\n",
        "名前;市\n太郎;東京\n花子;一宮\n",
    ],
    ids=["cyrillic", "japanese"],
)
def test_utf_16_without_a_mark_need_not_be_of_latin_letters(text: str, encoding: str) -> None:
    first, second = (line.split(";") for line in text.splitlines()[:2])
    assert records_of(text.encode(encoding))[0] == dict(zip(first, second, strict=True))


@pytest.mark.parametrize("content", [b"a;b\n1;\0\n", b"id\n\0\0\n1\n", b"\x89PNG\r\n\x1a\n\0\0\0"])
def test_text_with_a_zero_byte_is_no_utf_16(content: bytes) -> None:
    with pytest.raises(FileUnreadable) as caught:
        rows_of(content)
    assert (caught.value.code, caught.value.detail) == ("file.no_text", "it holds binary data")


def zipped(name: str) -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr(name, "id\n1\n")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"<html><body><table>\n<tr><td>1</td></tr></table>", "HTML or XML"),
        (b'\n <?xml version="1.0"?>\n<Workbook/>', "HTML or XML"),
        (zipped("contacts.csv"), "a ZIP archive without a workbook"),
        (zipped("mimetype"), "a ZIP archive without a workbook"),
        (b"\x28\xb5\x2f\xfdabcd", "compressed with zstd"),
        (b"\xfd7zXZ\0abcd", "compressed with xz"),
        (b"BZh91AY&SY", "compressed with bzip2"),
        (gzip.compress(gzip.compress(b"id\n1\n")), "gzipped twice"),
    ],
    ids=["html", "xml", "zip", "ods", "zstd", "xz", "bzip2", "gzip"],
)
def test_what_is_no_table_is_named(content: bytes, what: str) -> None:
    with pytest.raises(FileUnreadable) as caught:
        rows_of(content)
    assert caught.value.code == "file.unknown_format"
    assert what in caught.value.detail


def test_a_line_of_blanks_is_neither_a_header_nor_a_row() -> None:
    assert rows_of(b"  ; \nid;name\n1;A\n ; \n2;B\n") == [
        FileRow(3, {"id": "1", "name": "A"}),
        FileRow(5, {"id": "2", "name": "B"}),
    ]


def test_a_column_of_blanks_beyond_the_header_is_no_column() -> None:
    content = b"id;name; \n1;Ada; \n2;Bob; ;  \n3;Eve;;x\n"
    first, second, third = rows_of(content)
    assert (first.record, second.record) == ({"id": "1", "name": "Ada"}, {"id": "2", "name": "Bob"})
    assert third.code == "row.too_many_cells"


def test_members_of_a_gzipped_file_are_one_text() -> None:
    content = gzip.compress(b"id;name\n1;A\n2;") + gzip.compress(b"B\n") + b"\0" * 100
    assert records_of(content) == [{"id": "1", "name": "A"}, {"id": "2", "name": "B"}]


def test_a_gzip_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MAX_UNPACKED_B", 300_000)
    with pytest.raises(FileUnreadable) as caught:
        rows_of(gzip.compress(b"id\n" + b"1\n" * 200_000))
    assert caught.value.code == "file.too_large"


@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize(
    "content",
    [
        b"id;name\n1;Eve\n2;Ada\n",
        b'{"id": 1}\n{"id": 2}\n',
        json.dumps(RECORDS).encode(),
        json.dumps({"records": RECORDS}, indent=1).encode(),
        b'[{"id": 1}, {"id": 12345678901234567890123}, {"id": 3}]',
        b'[{"id": 1}, {"id": 2}, {"id"',
    ],
)
@pytest.mark.parametrize("rows_read", [0, 1, 9])
def test_whatever_was_opened_is_closed_even_if_nobody_reads_on(
    content: bytes, rows_read: int, *, is_packed: bool
) -> None:
    opened: list[io.BytesIO] = []

    def open_file() -> io.BytesIO:
        opened.append(io.BytesIO(gzip.compress(content) if is_packed else content))
        return opened[-1]

    found = read_rows(open_file)
    with suppress(FileUnreadable):
        for _ in range(rows_read):
            next(found, None)
    assert isinstance(found, Generator)
    found.close()

    assert bool(opened) == bool(rows_read)
    assert all(one.closed for one in opened)


@pytest.mark.parametrize("character", ["x", "\u00e4", "\U0001f600"])
@pytest.mark.parametrize("characters", [16_000, 60_000, 210_000])
@pytest.mark.parametrize("place", ["key", "value", "keys", "nested", "number"])
def test_a_row_that_is_read_fits_a_queue_message(
    character: str, characters: int, place: str
) -> None:
    """An item with a pointer instead of its text would never be found: nobody stored it."""
    text = character * characters
    records: dict[str, dict[str, object]] = {
        "key": {text: "x"},
        "value": {"id": text},
        "keys": {f"{number:04}{character * 60}": "" for number in range(characters // 60)},
        "nested": {"id": [{text: text}]},
        "number": {str(number): int("9" * 4_000) for number in range(characters // 4_000)},
    }
    record = records[place]
    other = {"id": 1}

    first, row, last = rows_of("\n".join(map(json.dumps, (other, record, other))).encode())

    size = len(json.dumps(record))
    assert first.record == last.record == other
    if size > rows.MAX_FILE_ROW_B:
        assert (row.record, row.code) == (None, "row.too_large")
        assert row.detail == f"it has {size} bytes"
    else:
        assert row.record == record
        (body,) = repeat_bodies([Occurrence("", "erp", "d", 1, "e", 7, 0, row.record)])
        assert '"at":' not in body
        assert len(body) <= MAX_MESSAGE_B
