"""What is still open of what failed, was rejected or lost a value: read from bucket reports.

A later success closes it: a newer change of the same record, or another attempt at the same item,
that was imported; a left-out value is closed by an import that has it. Called by `relay failures`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from import_relay.domain.codes import CODES
from import_relay.domain.provenance import ItemProvenance, RowProvenance, parse_rows
from relay_ops.bucket import Bucket, read_all
from relay_ops.import_report import ImportReport
from relay_ops.stack import Stack

SILENT: Callable[..., None] = lambda *_, **__: None  # noqa: E731 - as a default
FAILED, REJECTED, LEFT_OUT = "failed", "rejected", "left out"
_NOT_IMPORTED = ("failed", "unaccounted")
_ID_NAMES = ("id", "objectid", "recordid", "contactid", "resourceid", "entityid", "record_id")
Identity = tuple[str, ...]


class Received(NamedTuple):
    """Orders what was received: its time in µs since the epoch, then the attempt at it."""

    at: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is open. `columns`: the row as it was sent, or the item if there is none.

    `identities`: by what a later success is known to be about the same record. `field`: the column
    whose value was left out, or that caused a rejection.
    """

    kind: str
    code: str
    connection: str
    field: str
    received: Received
    identities: tuple[Identity, ...]
    columns: Mapping[str, object]
    reason: str
    what_to_do: str
    item_id: str
    reference: str = ""
    value: object = None


@dataclass(slots=True)
class Read:
    """What was read of one object: problems, and successes by identity."""

    problems: list[Problem] = field(default_factory=list)
    successes: list[tuple[Identity, Received]] = field(default_factory=list)


def open_problems(
    stack: Stack, *, days: float, connection: str = "", advance: Callable[..., None] = SILENT
) -> list[Problem]:
    """The problems of the last days that no later success closed, newest first.

    `advance` is told of each object, and first how many there are.
    """
    bucket, since = Bucket(stack), stack.clock() - days * 86_400
    keys = [
        one.key for prefix in ("imports/", "rejected/") for one in bucket.keys(prefix, since=since)
    ]
    advance(0, total=len(keys))
    problems: list[Problem] = []
    successes: dict[Identity, Received] = {}
    for read in read_all(lambda key: _read(stack, key), keys, advance):
        problems += read.problems
        for identity, received in read.successes:
            successes[identity] = max(received, successes.get(identity, received))
    still = [
        one
        for one in problems
        if connection in ("", one.connection)
        and one.received.at >= since * 1_000_000
        and not any(successes.get(each, one.received) > one.received for each in one.identities)
    ]
    return sorted(still, key=lambda one: one.received, reverse=True)


def _read(stack: Stack, key: str) -> Read:
    if key.startswith("rejected/"):
        return Read([_rejected(line) for line in Bucket(stack).lines(key)])
    content = Bucket(stack).content(key)
    if content is None:
        return Read()
    body, _, text = content.partition(b"\n")
    sent = json.loads(body)
    report = ImportReport.read(stack, key.split("/")[1], sent["type"])
    read = Read()
    if report.outcomes:
        rows = zip(sent["payload"], parse_rows(json.loads(text)), strict=True)
        for number, (row, provenance) in enumerate(rows):
            _add_row(read, report, number, row, provenance)
    return read


def _add_row(
    read: Read, report: ImportReport, number: int, row: Mapping[str, Any], provenance: RowProvenance
) -> None:
    newest = max(map(_received, provenance.items))
    if report.outcomes[number] == "imported":
        for identity in _identities(provenance):
            read.successes.append((identity, newest))
        lost = {note.field for one in provenance.items for note in one.notes if note.is_listed}
        for column in row.keys() - lost:
            read.successes.append((("column", provenance.key, column), newest))
    elif report.outcomes[number] in _NOT_IMPORTED:
        read.problems.append(_failed(report, row, provenance))
    read.problems += _left_out(report, row, provenance)


def _failed(report: ImportReport, row: Mapping[str, Any], provenance: RowProvenance) -> Problem:
    last = provenance.items[-1]
    failure = report.failure_of(provenance.items)
    retried = " It is retried by itself." if failure.get("will_retry") else ""
    return Problem(
        FAILED,
        str(failure.get("code") or "unaccounted"),
        last.occurrence.connection,
        "",
        _received(last),
        tuple(_identities(provenance)),
        row,
        str(failure.get("message") or "Mateo does not say why."),
        f"Correct the record in the CRM, or the row in this file.{retried}",
        last.occurrence.item_id,
        report.reference,
    )


def _left_out(
    report: ImportReport, row: Mapping[str, Any], provenance: RowProvenance
) -> Iterator[Problem]:
    for one in provenance.items:
        for note in one.notes:
            if note.is_listed:
                explained = CODES[note.code]
                yield Problem(
                    LEFT_OUT,
                    note.code,
                    one.occurrence.connection,
                    note.field,
                    _received(one),
                    (("column", provenance.key, note.field),),
                    row,
                    note.reason or explained.what,
                    explained.what_to_do,
                    one.occurrence.item_id,
                    report.reference,
                    note.value,
                )


def _rejected(line: Mapping[str, Any]) -> Problem:
    item_id, received_at = line["item_id"], line["received_at"]
    replay = line.get("replay")
    received = Received(replay["at"] if replay else received_at, _attempt(item_id))
    item = line["item"]
    identities = list(_of_item(line["connection"], line["event"], item_id, item))
    if line.get("key"):
        identities.append(("key", line["key"]))
    return Problem(
        REJECTED,
        line["code"],
        line["connection"],
        line["field"],
        received,
        tuple(identities),
        item if isinstance(item, dict) else {"item": item},
        line["what"],
        line["what_to_do"],
        item_id,
        value=line.get("value"),
    )


def _identities(provenance: RowProvenance) -> Iterator[Identity]:
    yield ("key", provenance.key)
    for one in provenance.items:
        occurrence = one.occurrence
        yield from _of_item(
            occurrence.connection, occurrence.event, occurrence.item_id, occurrence.item
        )


def _of_item(connection: str, event: str, item_id: str, item: object) -> Iterator[Identity]:
    """What an item is known by: its event, itself at any attempt, and the record's id in it."""
    yield ("event", connection, event)
    yield ("item", item_id.partition("~")[0])
    record = _id_in(item)
    if record:
        yield ("id", connection, record)


def _id_in(item: object) -> str:
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


def _received(one: ItemProvenance) -> Received:
    return Received(one.occurrence.counted_at, one.occurrence.attempt)


def _attempt(item_id: str) -> int:
    return int(item_id.partition("~")[2] or 0)


@dataclass(slots=True)
class Group:
    """Problems of one kind, connection, code and column. Times are in µs since the epoch."""

    kind: str
    connection: str
    code: str
    field: str
    reason: str
    what_to_do: str
    count: int = 0
    first: int = 0
    last: int = 0


def grouped(problems: Iterable[Problem]) -> list[Group]:
    """The problems counted, the most frequent first."""
    groups: dict[tuple[str, ...], Group] = {}
    for one in problems:
        names = (one.kind, one.connection, one.code, one.field)
        group = groups.setdefault(names, Group(*names, one.reason, one.what_to_do))
        at = one.received.at
        group.first = min(group.first or at, at)
        group.last = max(group.last, at)
        group.count += 1
    return sorted(groups.values(), key=lambda one: (-one.count, one.connection, one.code))
