"""The list of rows that Mateo failed, as texts or JSON.

Called by reporting. The shape of an entry is documented (Contact Import guide): code, message and
the row as it was sent. Whether an entry may have a row's number instead is not documented, nor is
the format of the file behind `failed_url`: a JSON array or object, JSON lines and CSV are read.
"""

import codecs
import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from types import MappingProxyType

from import_relay.mapping.keys import HANDLES, IDENTIFIERS

MAX_CELL_B = 10_000_000
"""A CSV cell may hold a whole row as JSON."""

ROW_NUMBERS: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("row", "index", "idx", "position"), 0),
        **dict.fromkeys(("rowindex", "recordindex", "itemindex", "payloadindex"), 0),
        **dict.fromkeys(("rownumber", "recordnumber", "itemnumber", "line", "linenumber"), 1),
    }
)
"""Names that a row's number may have, without `_`, and from where such numbers usually count."""
ECHOES = ("input", "row", "record", "data", "item", "payload")
"""Names under which an entry may have the row itself; the first one is documented."""

_SEPARATORS = ",;\t|"
_SEPARATOR_LINE = re.compile(rf"\A\"?sep=[{_SEPARATORS}]\"?\r?\n", re.IGNORECASE)
"""The line that tells Excel how a CSV is separated."""
_KNOWN = frozenset(("code", "message", "input", *IDENTIFIERS, *HANDLES))

FailureRow = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Failure:
    """One entry of the list. `input` is the row as Mateo gives it back, texts only from a CSV.

    `row` is the number of the row as Mateo gives it, if it does; `counts_from`, whether a number of
    that name usually begins at 0 or at 1.
    """

    code: str
    message: str
    input: object
    row: int | None = None
    counts_from: int = 0

    @property
    def columns(self) -> FailureRow:
        """The input if it is a row, else nothing."""
        return self.input if isinstance(self.input, dict) else {}


def listed_failures(entries: Iterable[object]) -> list[Failure]:
    """The failures of a list that is already JSON."""
    return [_failure(entry) for entry in entries]


def inline_failures(failed: object) -> list[Failure]:
    """The failures of the column `failed`: a list, or what a file of them may hold."""
    if isinstance(failed, str):
        return read_failures(failed.encode()) or []
    entries = _entries_of(failed)
    return [] if entries is None else listed_failures(entries)


def distinct(failures: Iterable[Failure]) -> list[Failure]:
    """The failures, each once: Mateo may list one both in its answer and in its file."""
    found = {json.dumps(astuple(one), sort_keys=True, default=str): one for one in failures}
    return list(found.values())


def read_failures(content: bytes) -> list[Failure] | None:
    """The failures of a file, or None when it is of no format that can be read."""
    text = _text(content)
    if text is None:
        return None
    entries = _json_entries(text)
    if entries is None:
        entries = _csv_entries(text)
    return None if entries is None else listed_failures(entries)


def _text(content: bytes) -> str | None:
    """A file's text. In an unknown encoding only ASCII is certain, such as ids. None: binary."""
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = content.decode("utf-16" if is_wide else "utf-8-sig", errors="replace")
    return None if "\0" in text else text


def _failure(entry: object) -> Failure:
    if not isinstance(entry, dict):
        return Failure("", "", entry)
    row, counts_from = _row_number(entry)
    known = ("code", "message")
    rest = {
        name: value
        for name, value in entry.items()
        if name not in known and (row is None or _plain_name(name) not in ROW_NUMBERS)
    }
    return Failure(
        str(entry.get("code") or ""),
        str(entry.get("message") or ""),
        _echo(entry, rest),
        row,
        counts_from,
    )


def _echo(entry: Mapping[str, object], rest: FailureRow) -> object:
    """The row that an entry is about: under one of its names, alone in a list, or the entry."""
    is_flat = not {*IDENTIFIERS, *HANDLES}.isdisjoint(entry)
    for name in ECHOES[:1] if is_flat else ECHOES:
        value = _parsed(entry.get(name))
        if isinstance(value, list) and len(value) == 1:
            (value,) = value
        if value and isinstance(value, dict):
            return value
    return entry.get("input") or rest


def _parsed(value: object) -> object:
    """A row that is JSON in a text, as it is in a CSV; anything else as it is."""
    if not isinstance(value, str) or not value.startswith(("{", "[")):
        return value
    try:
        parsed: object = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return parsed


def _row_number(entry: Mapping[str, object]) -> tuple[int | None, int]:
    """The number of a row, and from where such numbers are counted."""
    for name, value in entry.items():
        counts_from = ROW_NUMBERS.get(_plain_name(name))
        text = str(int(value) if isinstance(value, float) and value.is_integer() else value)
        if counts_from is not None and text.isascii() and text.isdecimal() and len(text) < 10:
            return int(text), counts_from
    return None, 0


def _plain_name(name: object) -> str:
    return str(name).replace("_", "").replace(" ", "").lower()


def _json_entries(text: str) -> Sequence[object] | None:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return _json_lines(text)
    return _entries_of(content)


def _entries_of(content: object) -> Sequence[object] | None:
    """The entries of JSON: a list, in an object or not, an object with one for each row, or one."""
    if not isinstance(content, dict):
        return content if isinstance(content, list) else None
    if "code" in content or "message" in content:
        return [content]
    lists = [value for value in content.values() if isinstance(value, list)]
    if len(lists) == 1:
        return lists[0]
    entries = [{"index": name, **one} for name, one in content.items() if isinstance(one, dict)]
    return entries if len(entries) == len(content) else None


def _json_lines(text: str) -> Sequence[object] | None:
    try:
        return [json.loads(line) for line in re.split(r"[\r\n]", text) if line.strip()]
    except (ValueError, RecursionError):
        return None


def _csv_entries(text: str) -> Sequence[object] | None:
    csv.field_size_limit(MAX_CELL_B)
    text = _SEPARATOR_LINE.sub("", text)
    header = text.split("\n", 1)[0].rstrip("\r")
    try:
        delimiter = csv.Sniffer().sniff(header, _SEPARATORS).delimiter
        reader = csv.DictReader(
            io.StringIO(text, newline=""),
            delimiter=delimiter,
            strict=True,
            skipinitialspace=delimiter != "\t",
        )
        reader.fieldnames = list(map(_column, reader.fieldnames or ()))
        entries = [{name: value for name, value in line.items() if name} for line in reader]
    except csv.Error:
        return None
    return entries if _is_header(reader.fieldnames) else None


def _column(name: str) -> str:
    """The name of a column, in small letters if that is one that is looked for."""
    name = name.strip()
    return name.lower() if name.lower() in _KNOWN else name


def _is_header(names: Sequence[str]) -> bool:
    """Whether a table is about rows, by its header: which they are, or what is wrong with them."""
    return any(name in _KNOWN or _plain_name(name) in ROW_NUMBERS for name in names)
