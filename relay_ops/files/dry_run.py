"""What the rows of a file would become: records, rejections, values left out. Pure.

The same formats and mapping as in the relay do it. The memory does not grow with the rejected rows,
and by eight bytes with each row that is sent.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from import_relay.domain.batches import batches
from import_relay.domain.codes import CODES
from import_relay.domain.connections import Connection
from import_relay.domain.files import FileRow, file_delivery, row_received_at
from import_relay.domain.models import ItemOutcome, MappedChange, Occurrence, Outcome
from import_relay.submit.changes import Mapper
from import_relay.submit.fetched_records import RecordsFetched

BATCH_ROWS = 1_000
_BUCKETS = 256


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A row that would not be sent, and why. `record`: None if it cannot be read, then `text`."""

    line: int
    code: str
    field: str
    reason: str
    record: Mapping[str, object] | None
    text: str = ""

    def as_json(self) -> dict[str, object]:
        """The same for programs, without the record."""
        return {name: getattr(self, name) for name in ("line", "code", "field", "reason")}


@dataclass(frozen=True, slots=True)
class Example:
    """The first row of a type: its line and the columns that Mateo is sent."""

    line: int
    columns: Mapping[str, object]


@dataclass(slots=True)
class DryRun:
    """What a file would become, counted.

    Attributes:
        sent: type of record → rows that become one.
        records: different records among them; several rows of one record overwrite each other.
        rejected: code and field → rows.
        ignored: reason → rows that the mapping takes for nothing.
        left_out: code and column → values that would not be sent.
        examples: type of record → its first row.
    """

    rows: int = 0
    sent: Counter[str] = field(default_factory=Counter)
    records: int = 0
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[str, Example] = field(default_factory=dict)


def dry_run(
    connections: Mapping[str, Connection],
    name: str,
    rows: Iterable[FileRow],
    *,
    now: int,
    reject: Callable[[RejectedLine], object],
) -> DryRun:
    """Map all rows for a connection, and send nothing.

    Args:
        name: of a connection without mistakes.
        now: when the rows count as received (µs since the epoch).
        reject: is called with each row that would be rejected, in the order of the file.

    Raises:
        FileUnreadable: by `rows`.
    """
    return _Run(Mapper({name: connections[name]}), name, now, reject).run(rows)


class _Run:
    """One dry run."""

    def __init__(
        self, mapper: Mapper, name: str, now: int, reject: Callable[[RejectedLine], object]
    ) -> None:
        self._mapper = mapper
        self._name = name
        self._now = now
        self._delivery = file_delivery("dry-run", now)
        self._reject = reject
        self._keys = [array("Q") for _ in range(_BUCKETS)]
        self._found = DryRun()

    def run(self, rows: Iterable[FileRow]) -> DryRun:
        """Map them batch by batch, as submission does."""
        for batch in batches(rows, BATCH_ROWS):
            self._found.rows += len(batch)
            self._map(batch)
        self._found.records = sum(len(set(keys)) for keys in self._keys)
        return self._found

    def _map(self, batch: list[FileRow]) -> None:
        readable = [self._occurrence(row) for row in batch if row.record is not None]
        mapped = self._mapper.map(self._mapper.interpret(readable), RecordsFetched(at=self._now))
        for change in mapped.changes:
            self._sent(change)
        ended = {outcome.occurrence.number: outcome for outcome in mapped.outcomes + mapped.raised}
        for row in batch:
            if row.record is None:
                self._rejected(row, row.code, "", row.detail)
            elif row.line in ended:
                self._ended(row, ended[row.line])

    def _occurrence(self, row: FileRow) -> Occurrence:
        at = row_received_at(self._now, row.line)
        event, delivery = str(row.line), self._delivery
        return Occurrence("", self._name, delivery, row.line, event, at, 0, row.record)

    def _sent(self, change: MappedChange) -> None:
        found, type_ = self._found, change.options.type.removesuffix("_details")
        found.sent[type_] += 1
        if type_ not in found.examples:
            found.examples[type_] = Example(change.occurrence.number, change.columns)
        for note in change.notes:
            if note.is_left_out:
                found.left_out[note.code, note.field] += 1
        digest = blake2b(change.key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        self._keys[digest[0]].append(int.from_bytes(digest, "big"))

    def _ended(self, row: FileRow, outcome: ItemOutcome) -> None:
        if outcome.outcome is Outcome.REJECTED:
            self._rejected(row, outcome.reason, outcome.field, outcome.detail)
        else:
            self._found.ignored[outcome.reason] += 1

    def _rejected(self, row: FileRow, code: str, field_: str, detail: str) -> None:
        self._found.rejected[code, field_] += 1
        reason = detail or CODES[code].what
        self._reject(RejectedLine(row.line, code, field_, reason, row.record, row.text))
