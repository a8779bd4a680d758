"""Which successes close a problem. It keeps only those of identities that have a problem."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from import_relay.domain.notes import Note
from import_relay.domain.provenance import RowProvenance, parse_rows
from import_relay.report.problems import (
    Identity,
    Problem,
    Received,
    ReportedImport,
    identities_of_row,
    original_item,
    received_of_row,
)
from import_relay.report.row_lines import ROWS_FILE, RowLine
from import_relay.storage.bucket_reads import Bucket

_ID_NAMES = ("id", "objectid", "recordid", "contactid", "resourceid", "entityid", "record_id")
Successes = Sequence[tuple[Identity, Received]]


class Closing:
    """Knows when each identity with a problem last succeeded.

    If the line of a rejected item names no record, the item is known by the first id in it, which
    is a guess. For these problems alone, the items of imports are read. The lines of the reports
    have everything else.
    """

    def __init__(self, bucket: Bucket, problems: Iterable[Problem]) -> None:
        self._bucket = bucket
        self._newest: dict[Identity, Received] = {}
        self._open_since: dict[Identity, Received] = {}
        for problem in problems:
            for one in problem.identities:
                since = self._open_since.get(one, problem.received)
                self._open_since[one] = min(since, problem.received)
        self._with_columns = {one[:3] for one in self._open_since if one[0] == "column"}
        self._guessed: dict[str, dict[str, Received]] = {}
        for one, since in self._open_since.items():
            if one[0] == "guess":
                self._guessed.setdefault(one[1], {})[one[2]] = since
        self._first_by_type: dict[str, int] = {}
        for one, since in self._open_since.items():
            type_ = _type_of(one)
            self._first_by_type[type_] = min(since.at, self._first_by_type.get(type_, since.at))

    def add(self, successes: Successes) -> None:
        """Take what `successes` found."""
        for one, received in successes:
            self._newest[one] = max(received, self._newest.get(one, received))

    def is_closed(self, problem: Problem) -> bool:
        """Whether something that succeeded is newer."""
        return any(
            self._newest.get(one, problem.received) > problem.received for one in problem.identities
        )

    def successes(self, reported: ReportedImport) -> Successes:
        """The rows of an import that may close a problem; its lines are read only if it can."""
        if not self._may_close(reported):
            return []
        lines = map(RowLine.read, self._bucket.each_line(f"{reported.folder}/{ROWS_FILE}"))
        imported = [line for line in lines if line.outcome == "imported"]
        frozen = _Frozen(self._bucket, reported.reference)
        return [success for line in imported for success in self._of_line(line, frozen)]

    def _of_line(self, line: RowLine, frozen: _Frozen) -> Successes:
        known = [one for one in self._identities(line, frozen) if one in self._open_since]
        received = received_of_row(line) if known else Received(0, 0)
        return [(one, received) for one in known if received > self._open_since[one]]

    def _may_close(self, reported: ReportedImport) -> bool:
        """Whether a problem of its type, or of no known type, is older than a row of it."""
        firsts = (self._first_by_type.get(type_) for type_ in ("", reported.type))
        return any(first is not None and first <= reported.newest for first in firsts)

    def _identities(self, line: RowLine, frozen: _Frozen) -> Iterator[Identity]:
        yield from identities_of_row(line)
        for item_id in line.item_ids:
            yield ("item", original_item(item_id))
        column = ("column", str(line.type), str(line.key_digest))
        if column in self._with_columns:
            lost = {one["field"] for one in line.notes if Note(one["code"], "").is_listed}
            for name in frozen.columns(line.row) - lost:
                yield (*column, name)
        for connection in dict.fromkeys(line.connections):
            if guessed := self._guessed.get(connection):
                for record in _records(line, guessed, frozen):
                    yield ("guess", connection, record)


def _type_of(identity: Identity) -> str:
    """The type of a record that has a problem; empty if it is not known."""
    places = {"key": 1, "id": 2, "column": 1}
    return identity[places[identity[0]]] if identity[0] in places else ""


def _records(line: RowLine, guessed: Iterable[str], frozen: _Frozen) -> Iterator[str]:
    """Ids by which a guessed problem may know a row: in its external id, else in its items."""
    if line.external_id:
        yield line.external_id
        yield line.external_id.rpartition("-")[2]
    elif frozen.has_any(guessed):
        yield from (record_in(one.occurrence.item) for one in frozen.rows()[line.row].items)


class _Frozen:
    """An import as it was frozen, read when it is first needed."""

    def __init__(self, bucket: Bucket, reference: str) -> None:
        self._bucket = bucket
        self._key = f"imports/{reference}/request.json.gz"
        self._parts: tuple[bytes, bytes] | None = None
        self._payload: list[Mapping[str, Any]] | None = None
        self._rows: list[RowProvenance] | None = None

    def columns(self, number: int) -> set[str]:
        """The columns of a row; none if the import is gone."""
        if self._payload is None:
            self._payload = json.loads(self._content()[0] or b'{"payload": []}')["payload"]
        return set(self._payload[number]) if number < len(self._payload) else set()

    def has_any(self, texts: Iterable[str]) -> bool:
        """Whether one of these texts is anywhere in its items; a fast look."""
        content = self._content()[1]
        return any(json.dumps(text)[1:-1].encode() in content for text in texts)

    def rows(self) -> list[RowProvenance]:
        """The items behind its rows."""
        if self._rows is None:
            self._rows = parse_rows(json.loads(self._content()[1]))
        return self._rows

    def _content(self) -> tuple[bytes, bytes]:
        if self._parts is None:
            body, _, items = (self._bucket.content(self._key) or b"").partition(b"\n")
            self._parts = (body, items)
        return self._parts


def record_in(item: object) -> str:
    """The first id in an item, those outside before those inside; empty if it has none."""
    level: list[object] = [item]
    while level:
        inner: list[object] = []
        for one in level:
            values = one if isinstance(one, dict) else {}
            for name, value in values.items():
                if str(name).casefold() in _ID_NAMES and isinstance(value, str | int) and value:
                    return str(value)
            inner += (each for each in values.values() if isinstance(each, dict))
        level = inner
    return ""
