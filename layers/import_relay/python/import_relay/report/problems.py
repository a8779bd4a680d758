"""Things that are open, and how they are counted. Made by open_problems and closing. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from import_relay.domain.models import item_of
from import_relay.domain.replays import original_delivery
from import_relay.report.row_lines import RowLine

ROW_FAILED, ITEM_REJECTED, VALUE_LEFT_OUT = "failed", "rejected", "left out"
Identity = tuple[str, ...]


class Received(NamedTuple):
    """Orders what was received: its time in µs since the epoch, then the attempt at it."""

    at: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is open. `row_json`: the row as it was sent, or the item if there is none.

    JSON takes a fifth of the memory of what it holds. `identities`: by what a later success is
    known to be about the same record. `field`: the column whose value was left out, or that caused
    a rejection. `type`: Mateo's type of the record; empty if it is not known. `row`: which row of
    the import `reference` it is.
    """

    kind: str
    code: str
    connection: str
    field: str
    received: Received
    identities: tuple[Identity, ...]
    row_json: str
    reason: str
    what_to_do: str
    item_id: str
    reference: str = ""
    value: object = None
    type: str = ""
    row: int = 0

    @property
    def columns(self) -> dict[str, object]:
        """The row or item; an item that is no object is one column, `item`."""
        found = json.loads(self.row_json)
        return found if isinstance(found, dict) else {"item": found}


@dataclass(frozen=True, slots=True)
class ReportedImport:
    """One import by its report. `newest`: no imported row of it was received later (µs since the
    epoch); 0 if it has none.
    """

    folder: str
    type: str
    newest: int

    @property
    def reference(self) -> str:
        """Its name."""
        return self.folder.rpartition("import=")[2]


def received_of_row(line: RowLine) -> Received:
    """When the newest occurrence of a row counts as received."""
    return max(Received(one.at, item_of(one.item_id)[1]) for one in line.received_items())


def original_item(item_id: str) -> str:
    """An item as its sender sent it, at whatever attempt and replay."""
    delivery, _, number = item_of(item_id)[0].rpartition("/")
    return f"{original_delivery(delivery)}/{number}"


def identities_of(
    type_: str | None, external_id: str | None, key_digest: str | None, connections: Iterable[str]
) -> Iterator[Identity]:
    """What a line says of its record's identity: its key, and its id in each connection."""
    if key_digest:
        yield ("key", str(type_), key_digest)
    if external_id:
        for connection in dict.fromkeys(connections):
            yield ("id", connection, str(type_), str(external_id))


def identities_of_row(line: RowLine) -> Iterator[Identity]:
    """The same of a row."""
    return identities_of(line.type, line.external_id, line.key_digest, line.connections)


def newest_of_each(problems: Sequence[Problem]) -> list[Problem]:
    """The problems without those that a newer attempt at the same item had again.

    A newer row that leaves out the same column of the same record counts like such an attempt.
    """
    newest: dict[Identity, Received] = {}
    for problem in problems:
        for one in problem.identities:
            newest[one] = max(problem.received, newest.get(one, problem.received))
    return [
        problem
        for problem in problems
        if not any(
            one[0] in ("item", "column") and newest[one] > problem.received
            for one in problem.identities
        )
    ]


@dataclass(slots=True)
class ProblemGroup:
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


def grouped(problems: Iterable[Problem]) -> list[ProblemGroup]:
    """The problems counted, the most frequent first."""
    groups: dict[tuple[str, ...], ProblemGroup] = {}
    for one in problems:
        names = (one.kind, one.connection, one.code, one.field)
        group = groups.setdefault(names, ProblemGroup(*names, one.reason, one.what_to_do))
        at = one.received.at
        group.first = min(group.first or at, at)
        group.last = max(group.last, at)
        group.count += 1
    return sorted(groups.values(), key=lambda one: (-one.count, one.connection, one.code))
