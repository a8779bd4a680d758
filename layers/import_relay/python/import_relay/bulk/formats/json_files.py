"""Rows of JSON files: an object on each line, an array of objects, or an object with a list.

A row's line is its number in the array where there are no lines.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any, BinaryIO, NoReturn

from import_relay.bulk.formats.file_error import MAX_ROW_TEXT, FileUnreadable
from import_relay.bulk.formats.list_pages import Outlined, outline_of, rows_path
from import_relay.bulk.formats.texts import MAX_LINE, texts
from import_relay.domain.files import FileRow

_LONG_DIGITS = 1_000
_LONG = re.compile(f"[0-9]{{{_LONG_DIGITS}}}")
_HALF = re.compile(
    r"\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F]|(?:\\(?:u[dD]?)?)?\Z)"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD])[c-fC-F])"
)
"""Half a surrogate pair; one at the end, whose other half may follow, is found with that."""
_ESCAPE = len(r"\ud83d")
_TOO_LONG = object()
"""Stands for a row that is too large to be built: in memory it takes ten times its bytes."""


def ndjson_rows(lines: Iterator[str]) -> Iterator[FileRow]:
    """An object per line. A line that is no object is unreadable; the others are not affected."""
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text:
            yield _line(number, text)


def is_object(line: str) -> bool:
    """Whether a line is a whole object: then its file has one on each line."""
    return _line(1, line.strip()).record is not None


def holds_list(line: str) -> bool:
    """Whether an object is no row but a page with a list of rows."""
    return bool(rows_path(outline_of(json.loads(line))))


def json_rows(opened: Callable[[], BinaryIO]) -> Iterator[FileRow]:
    """The elements of an array, or of the list in an object; else the object itself.

    Raises:
        FileUnreadable: the JSON is broken.
    """
    import ijson  # only for JSON that is not on lines
    from ijson.backends import python as exact

    number = 0
    try:
        try:
            for number, value in enumerate(_values(ijson, opened), 1):
                yield _element(number, value)
        except (_NeedsExact, ijson.JSONError) as error:
            if not isinstance(error, _NeedsExact) and not _is_overflow(error):
                raise
            known = number
            for number, value in enumerate(_values(exact, opened), 1):
                if number > known:
                    yield _element(number, _with_floats(value))
    except (ijson.JSONError, ValueError) as error:
        what = f"it is no JSON after {number} rows"
        raise FileUnreadable("file.broken_json", what, line=number + 1) from error


def _values(parser: Any, opened: Callable[[], BinaryIO]) -> Iterator[Any]:
    """The elements.

    The fast parser ends the whole process at an integer of many digits, refuses numbers that 64
    bits do not hold, and loses half a surrogate pair. The other parser takes them, with fractions
    as decimals.
    """
    is_fast = parser.__name__ == "ijson"
    with closing(opened()) as file:
        prefix = _prefix(parser.basic_parse(_Utf8(file, is_fast=is_fast)))
    if not prefix and _is_long(opened):
        yield _TOO_LONG
        return
    with closing(opened()) as file:
        yield from parser.items(_Utf8(file, is_fast=is_fast), prefix, use_float=is_fast)


def _is_long(opened: Callable[[], BinaryIO]) -> bool:
    """Whether a file is longer than a line may be; only its beginning is read."""
    length = 0
    with closing(opened()) as file:
        for text in texts(file):
            length += len(text)
            if length > MAX_LINE:
                return True
    return False


def _with_floats(value: Any) -> Any:
    """The same with floats for decimals."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {name: _with_floats(one) for name, one in value.items()}
    return [_with_floats(one) for one in value] if isinstance(value, list) else value


def _prefix(events: Iterable[tuple[str, Any]]) -> str:
    """Where the rows stand, as ijson says it: `item` for the elements of an array.

    If the JSON is damaged, that is where they stand as far as it can be read.
    """
    from ijson import JSONError

    outlined, is_whole = Outlined(), True
    try:
        for event, value in events:
            if outlined.take(event, value):
                break
    except JSONError as error:
        if _is_overflow(error):
            raise
        is_whole = False
    path = rows_path(outlined.page, is_whole=is_whole)
    return ".".join((*path, "item")) if path or outlined.is_array else ""


def _is_overflow(error: Exception) -> bool:
    """Whether the fast parser read a number that 64 bits do not hold."""
    return "overflow" in str(error)


def _line(number: int, text: str) -> FileRow:
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return FileRow(number, None, "row.not_json", text=text[:MAX_ROW_TEXT])
    return _element(number, value, text)


def _element(number: int, value: object, text: str = "") -> FileRow:
    if isinstance(value, dict):
        return FileRow(number, value)
    if value is _TOO_LONG:
        what = f"it is the whole file, of more than {MAX_LINE:,} characters"
        return FileRow(number, None, "row.too_large", what)
    try:
        shown = text or str(value)
    except RecursionError:
        shown = ""
    return FileRow(number, None, "row.not_an_object", text=shown[:MAX_ROW_TEXT])


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


class _NeedsExact(Exception):
    """The fast parser cannot read what stands here: many digits, or half a surrogate pair."""


class _Utf8:
    """The text of a file as UTF-8, whatever its encoding: the parser takes nothing else."""

    def __init__(self, file: BinaryIO, *, is_fast: bool) -> None:
        self._is_fast = is_fast
        self._texts = texts(file)
        self._before = ""

    def read(self, size: int = -1) -> bytes:
        """At least some bytes, and none at the end."""
        if size == 0:  # asks for the type alone
            return b""
        text = next(filter(None, self._texts), "")
        if self._is_fast:
            seen = self._before + text
            if _LONG.search(seen) or _HALF.search(seen, _ESCAPE if self._before else 0):
                raise _NeedsExact
            self._before = seen[-_LONG_DIGITS:]
        return text.encode("utf-8", "backslashreplace")
