"""Rows that Mateo failed: reads their list, and finds our row for each.

Called by reporting. The shape of an entry is documented (Contact Import guide): code, message and
the row as it was sent. The format of the file behind `failed_url` is not: a JSON array, JSON lines
and CSV are read.
"""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from import_relay.records.keys import HANDLES, IDENTIFIERS

LARGEST_CELL_B = 10_000_000
"""A CSV cell may hold a whole row as JSON."""

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Failure:
    """One entry of the list. `input` is the row as Mateo gives it back, texts only from a CSV."""

    code: str
    message: str
    input: object

    @property
    def columns(self) -> Row:
        """The input if it is a row, else nothing."""
        return self.input if isinstance(self.input, dict) else {}


def listed_failures(entries: Iterable[object]) -> list[Failure]:
    """The failures of a list that is already JSON."""
    return [_failure(entry) for entry in entries]


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


def join(failures: Sequence[Failure], rows: Sequence[Row]) -> list[int | None]:
    """For each failure the number of the row that it is about; None if no row fits.

    The whole row decides, then the external id, then a handle. No row is given away twice.
    """
    found: list[int | None] = [None] * len(failures)
    free = set(range(len(rows)))
    _match(
        found,
        free,
        [{_canonical(one.input)} for one in failures],
        [{_canonical(row)} for row in rows],
    )
    for columns in (IDENTIFIERS, HANDLES):
        _match(
            found,
            free,
            [_values(one.columns, columns) for one in failures],
            [_values(row, columns) for row in rows],
        )
    return found


def _failure(entry: object) -> Failure:
    if not isinstance(entry, dict):
        return Failure("", "", entry)
    rest = {name: value for name, value in entry.items() if name not in ("code", "message")}
    return Failure(
        str(entry.get("code") or ""),
        str(entry.get("message") or ""),
        entry.get("input", rest),
    )


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
    csv.field_size_limit(LARGEST_CELL_B)
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


def _match(
    found: list[int | None],
    free: set[int],
    wanted: Sequence[set[str]],
    offered: Sequence[set[str]],
) -> None:
    """Give each failure without a row the first free row that has one of its values."""
    index: dict[str, list[int]] = defaultdict(list)
    for number in sorted(free, reverse=True):
        for value in offered[number]:
            index[value].append(number)
    for position, values in enumerate(wanted):
        if found[position] is not None:
            continue
        for value in sorted(values):
            rows = index.get(value, [])
            while rows and rows[-1] not in free:
                rows.pop()
            if rows:
                row = rows.pop()
                found[position] = row
                free.discard(row)
                break


def _values(row: Row, columns: Sequence[str]) -> set[str]:
    """`column:value` of those columns; e-mail addresses without regard to case."""
    found = set()
    for column in columns:
        value = row.get(column)
        for one in value if isinstance(value, list) else [value]:
            if one not in (None, ""):
                text = str(one)
                found.add(f"{column}:{text.lower() if column == 'email' else text}")
    return found


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
