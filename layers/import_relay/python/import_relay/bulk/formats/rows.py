"""The rows of a file, whatever its format: its first bytes say which, its name only helps.

A gzipped file is unpacked as it is read. One row is in memory at a time, and of a workbook its
texts are on disk.
"""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, BinaryIO, TypeVar, cast

from import_relay.bulk.formats.encodings import shown_encoding
from import_relay.bulk.formats.file_error import FileUnreadable
from import_relay.bulk.formats.json_files import holds_list, is_object, json_rows, ndjson_rows
from import_relay.bulk.formats.tables import csv_rows
from import_relay.bulk.formats.texts import text_encoding, text_lines, texts
from import_relay.bulk.formats.workbooks import OLE, workbook_rows
from import_relay.domain.files import FileRow

MAX_FILE_B = 1024**3
MAX_UNPACKED_B = 8 * 1024**3
MAX_FILE_ROW_B = 200_000
"""Of one record as JSON: what fits into a queue message."""
_MAX_CHARACTER_B = len(json.dumps("\U0001f600")) - 2
"""As a queue message has it: two escapes of six bytes."""
_MEMBER_B = len('"": "", ')
_T = TypeVar("_T")
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_REFUSED = {
    OLE: ("file.encrypted", "it has a password, or is of Excel 97"),
    b"%PDF": ("file.unknown_format", "it is a PDF"),
    b"PAR1": ("file.unknown_format", "it is Parquet"),
    b"SQLi": ("file.unknown_format", "it is an SQLite database"),
    b"Rar!": ("file.unknown_format", "it is a RAR archive"),
    b"7z\xbc\xaf": ("file.unknown_format", "it is a 7z archive"),
    b"BZh": ("file.unknown_format", "it is compressed with bzip2"),
    b"\xfd7zX": ("file.unknown_format", "it is compressed with xz"),
    b"\x28\xb5\x2f\xfd": ("file.unknown_format", "it is compressed with zstd"),
    _GZIP: ("file.unknown_format", "it is gzipped twice"),
}


def read_rows(opened: Callable[[], BinaryIO]) -> Iterator[FileRow]:
    """The rows, header and empty lines left out.

    Args:
        opened: opens the file from its beginning; it may be called twice.

    Raises:
        FileUnreadable: nothing of it can be read, or not all of it.
        Exception: whatever `opened`, or reading what it opened, raises.
    """
    source = _Source(opened)
    try:
        for row in _rows(source.open):
            yield _within(row)
    except Exception as error:
        if source.failure is not None:
            raise source.failure from None
        if isinstance(error, FileUnreadable):
            raise
        if isinstance(error, gzip.BadGzipFile | EOFError | zlib.error):
            what = "the gzip stream is damaged or cut"
            raise FileUnreadable("file.broken_gzip", what) from error
        raise FileUnreadable("file.unreadable", type(error).__name__) from error


def encoding_of(opened: Callable[[], BinaryIO]) -> str:
    """The encoding of a file that can be read, e.g. `UTF-8`; "" for a workbook."""
    with closing(_unpacking(opened)()) as file:
        is_workbook = _head(file).startswith(_ZIP)
    if is_workbook:
        return ""
    with closing(_unpacking(opened)()) as file:
        return shown_encoding(text_encoding(file))


def _rows(opened: Callable[[], BinaryIO]) -> Iterator[FileRow]:
    unpacked = _unpacking(opened)
    with closing(unpacked()) as file:
        head = _head(file)
    if head.startswith(_ZIP):
        yield from _of_workbook(unpacked)
        return
    for magic, why in _REFUSED.items():
        if head.startswith(magic):
            raise FileUnreadable(*why)
    yield from _of_text(unpacked)


def _of_text(opened: Callable[[], BinaryIO]) -> Iterator[FileRow]:
    with closing(opened()) as file:
        parts = (text.lstrip() for text in texts(file))
        begin = next(filter(None, parts), "")[:1]
    if begin == "<":
        raise FileUnreadable("file.unknown_format", "it is HTML or XML")
    if begin == "[" or (begin == "{" and not _is_on_lines(opened)):
        yield from json_rows(opened)
        return
    with closing(opened()) as file:
        lines = text_lines(file)
        yield from ndjson_rows(lines) if begin == "{" else csv_rows(lines)


def _is_on_lines(opened: Callable[[], BinaryIO]) -> bool:
    """Whether a file that begins with an object has one on each line."""
    with closing(opened()) as file:
        filled = (line for line in text_lines(file) if line.strip())
        try:
            first = next(filled)
            if is_object(first) and not holds_list(first):
                return True
            # The next line says whether only the first is broken, or a row with a list.
            is_cut = first.rstrip().endswith(tuple("[{,:"))
            return not is_cut and is_object(next(filled, ""))
        except FileUnreadable as error:
            if error.code == "file.line_too_long":
                return False
            raise


def _of_workbook(opened: Callable[[], BinaryIO]) -> Iterator[FileRow]:
    """A workbook is read from several places at once, so it is copied to the disk."""
    with NamedTemporaryFile(suffix=".xlsx") as copy:
        with closing(opened()) as file:
            while chunk := file.read(1024 * 1024):
                copy.write(chunk)
        copy.flush()
        yield from workbook_rows(Path(copy.name))


def _head(file: BinaryIO) -> bytes:
    head = file.read(8)
    if not head:
        raise FileUnreadable("file.empty")
    return head


def _unpacking(opened: Callable[[], BinaryIO]) -> Callable[[], BinaryIO]:
    """The file as it is, or what is gzipped in it."""
    with closing(opened()) as file:
        is_packed = _head(file).startswith(_GZIP)
    return (lambda: cast(BinaryIO, _Bounded(opened()))) if is_packed else opened


class _Source:
    """Opens the file. `failure`: why it could not be had, which is no fault of its content."""

    def __init__(self, opened: Callable[[], BinaryIO]) -> None:
        self._opened = opened
        self.failure: Exception | None = None

    def open(self) -> BinaryIO:
        file = self.had(self._opened)
        return cast(BinaryIO, _SourceFile(file, self))

    def had(self, action: Callable[[], _T]) -> _T:
        try:
            return action()
        except Exception as error:
            self.failure = error
            raise


class _SourceFile:
    def __init__(self, file: BinaryIO, source: _Source) -> None:
        self._file = file
        self._source = source

    def read(self, size: int = -1) -> bytes:
        return self._source.had(lambda: self._file.read(size))

    def close(self) -> None:
        self._file.close()


class _Bounded:
    """A gzipped file that must not unpack to more than the disk and the time allow."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._unpacked = gzip.GzipFile(fileobj=file)
        self._left = MAX_UNPACKED_B

    def read(self, size: int = -1) -> bytes:
        content = self._unpacked.read(size)
        self._left -= len(content)
        if self._left < 0:
            raise FileUnreadable("file.too_large", "unpacked it is larger than 8 GB")
        return content

    def close(self) -> None:
        self._file.close()


def _within(row: FileRow) -> FileRow:
    """A row that fits a queue message; one that does not is unreadable."""
    if row.record is None or _is_small(row.record):
        return row
    try:
        size = len(json.dumps(row.record))
    except RecursionError:
        return FileRow(row.line, None, "row.not_json", "it is nested too deeply")
    if size <= MAX_FILE_ROW_B:
        return row
    return FileRow(row.line, None, "row.too_large", f"it has {size} bytes")


def _is_small(record: Mapping[str, Any]) -> bool:
    """Whether a record of texts surely fits, without writing it as JSON; others are measured."""
    try:
        characters = len("".join(record)) + len("".join(record.values()))
    except TypeError:
        return False
    return characters * _MAX_CHARACTER_B + len(record) * _MEMBER_B <= MAX_FILE_ROW_B
