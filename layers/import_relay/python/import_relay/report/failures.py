"""The list of rows that Mateo failed, as texts or JSON.

Called by reporting. The shape of an entry is documented (Contact Import guide): code, message and
the row as it was sent. Whether an entry may have a row's number instead is not documented, nor is
the format of the file behind `failed_url`: a JSON array, JSON lines and CSV are read.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from types import MappingProxyType

MAX_CELL_B = 10_000_000
"""A CSV cell may hold a whole row as JSON."""

ROW_NUMBERS: Mapping[str, int] = MappingProxyType(
    {"row": 0, "rowindex": 0, "index": 0, "rownumber": 1, "line": 1, "linenumber": 1}
)
"""Names that a row's number may have, without `_`, and from where such numbers usually count."""

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


def distinct(failures: Iterable[Failure]) -> list[Failure]:
    """The failures, each once: Mateo may list one both in its answer and in its file."""
    found = {json.dumps(astuple(one), sort_keys=True, default=str): one for one in failures}
    return list(found.values())


def read_failures(content: bytes) -> list[Failure] | None:
    """The failures of a file, or None when it is of no format that can be read."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    entries = _json_entries(text)
    if entries is None:
        entries = _csv_entries(text)
    return None if entries is None else listed_failures(entries)


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
        entry.get("input", rest),
        row,
        counts_from,
    )


def _row_number(entry: Mapping[str, object]) -> tuple[int | None, int]:
    """The number of a row, and from where such numbers are counted."""
    for name, value in entry.items():
        counts_from = ROW_NUMBERS.get(_plain_name(name))
        text = str(value)
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
    if isinstance(content, dict):
        lists = [value for value in content.values() if isinstance(value, list)]
        is_wrapped = len(lists) == 1 and "code" not in content
        content = lists[0] if is_wrapped else [content]
    return content if isinstance(content, list) else None


def _json_lines(text: str) -> Sequence[object] | None:
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        return None


def _csv_entries(text: str) -> Sequence[object] | None:
    csv.field_size_limit(MAX_CELL_B)
    try:
        delimiter = csv.Sniffer().sniff(text.split("\n", 1)[0], ",;\t").delimiter
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        entries = [{name: value for name, value in line.items() if name} for line in reader]
    except csv.Error:
        return None
    if not {"code", "message"} & set(reader.fieldnames or ()):
        return None
    return [_with_parsed_input(entry) for entry in entries]


def _with_parsed_input(entry: Mapping[str, object]) -> Mapping[str, object]:
    given = entry.get("input")
    if not isinstance(given, str):
        return entry
    try:
        return {**entry, "input": json.loads(given)}
    except (ValueError, RecursionError):
        return entry
