"""Files of rows in the ledger table: how far reading and feeding have got.

One item per file, which also counts how its rows ended (`file_counts`), and one that names the
unfinished files. A file's rows are counted as received before they are sent, in one transaction
with the cursor: a process that dies then sends the same rows once more, and each ends once.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from import_relay.domain.files import INBOX, file_delivery, file_id, fitting, row_received_at
from import_relay.domain.queue_messages import MAX_REQUEUED_S
from import_relay.storage.attributes import Plain, from_attributes, to_attributes
from import_relay.storage.bulk_reads import read_items
from import_relay.storage.conditions import transact, update
from import_relay.storage.file_counts import ended_of, file_key, plain
from import_relay.storage.item_writes import IS_NEW, all_of, attribute, put_of, update_of
from import_relay.storage.outcome_counts import FROM_FILES, OutcomeCounts

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

FILE_DAYS = 400
"""How long a finished file is known; its object in the inbox is deleted long before."""
MAX_OPEN_FILES = 5_000
"""Their names share an item, which DynamoDB limits to 400 KB. More files wait in the inbox."""
ROWS_LOST_AFTER_S = MAX_REQUEUED_S + 14 * 86_400
"""A row waits in the queue until it is a dead letter; the dead-letter queue keeps that 14 days."""
_OPEN: dict[str, Any] = {"pk": {"S": "files#open"}}


class FileState(StrEnum):
    """Where a file is."""

    READING = "reading"
    FEEDING = "feeding"
    FINISHED = "finished"
    REFUSED = "refused"
    """Nothing of it can be read; an error file beside it says why."""


@dataclass(frozen=True, slots=True)
class RowFile:
    """A file as it is noted. `received_at`: when it was uploaded, in µs since the epoch.

    `rows`: what has been read of it, in `pages`. `counted`: rows that count as received, of which
    the first `fed` are certainly in the queue. `ended`: outcome → rows. `code`: why it is refused.
    `tries`: runs that began to read it, and did not come to the end of a page; once all is read,
    runs that began to report it. `fed_at`: when rows of it were last counted or sent, in µs since
    the epoch; 0: never. `lost`: rows that had waited longer by then than the queues keep them.
    """

    key: str
    etag: str
    connection: str
    received_at: int
    state: FileState = FileState.READING
    pages: int = 0
    rows: int = 0
    counted: int = 0
    fed: int = 0
    code: str = ""
    tries: int = 0
    fed_at: int = 0
    lost: int = 0
    ended: dict[str, int] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Of the content under this key."""
        return file_id(self.key, self.etag)

    @property
    def delivery(self) -> str:
        """The delivery of its rows."""
        return file_delivery(self.id, self.received_at)

    @property
    def folder(self) -> str:
        """Where its report is, without a slash at the end."""
        return f"files/{fitting(self.key.removeprefix(INBOX))}/{self.id}"

    @property
    def rows_ended(self) -> int:
        """How many of its rows have their outcome."""
        return sum(self.ended.values())

    @property
    def in_bucket(self) -> int:
        """How many of its rows are not queued yet."""
        return self.rows - self.counted

    def under_way(self, now: float) -> int:
        """Rows that count as received, and may still get an outcome. `now`: s since the epoch.

        None if the file was fed longer ago than the queues keep a row. Rows that a person redrives
        so late do not count.
        """
        if self.fed_at and now - self.fed_at / 1_000_000 > ROWS_LOST_AFTER_S:
            return 0
        return max(0, self.counted - self.lost - self.rows_ended)


@dataclass(frozen=True, slots=True)
class Files:
    """The files. `clock` gives seconds since the epoch."""

    client: "DynamoDBClient"
    table: str
    outcome_counts: OutcomeCounts
    clock: Callable[[], float]
    sleep: Callable[[float], None] = time.sleep

    def known(self, files: Iterable[str]) -> dict[str, RowFile]:
        """Those of the files that are noted, by their ids; read consistently."""
        keys = [file_key(one) for one in sorted(set(files))]
        items = read_items(self.client, self.table, keys, sleep=self.sleep)
        found = (from_attributes(plain(item)) for item in items)
        return {file.id: file for file in map(_file, found) if file is not None}

    def open(self) -> list[RowFile]:
        """The unfinished files, oldest first."""
        answer = self.client.get_item(TableName=self.table, Key=_OPEN, ConsistentRead=True)
        names = answer.get("Item", {}).get("names", {}).get("SS", [])
        return sorted(self.known(names).values(), key=lambda one: (one.received_at, one.id))

    def begin(self, file: RowFile, *, again: bool = False) -> bool:
        """Note a new file. `again`: one that was refused before begins anew.

        Returns:
            False when it is noted already, or too many are unfinished; nothing was changed then.
        """
        values: dict[str, Plain | None] = {
            "key": file.key,
            "etag": file.etag,
            "connection": file.connection,
            "received_at": file.received_at,
            "state": FileState.READING.value,
            **dict.fromkeys(("pages", "rows", "counted", "fed"), 0),
        }
        item = {**file_key(file.id), **to_attributes(values)}
        was_refused = attribute("state").eq(FileState.REFUSED.value)
        noted = put_of(self.table, item, IS_NEW | was_refused if again else IS_NEW)
        names = attribute("names")
        room = names.not_exists() | names.size().lt(MAX_OPEN_FILES)
        named = update_of(self.table, _OPEN, room, adds={"names": file.id})
        return not self._transact([{"Put": noted}, {"Update": named}])

    def advance(self, file: RowFile, *, pages: int, rows: int, is_read: bool = False) -> bool:
        """Note what has been read of it, if nobody else has noted anything since it was read."""
        state = FileState.FEEDING if is_read else FileState.READING
        changes: dict[str, Plain | None] = {"pages": pages, "rows": rows, "state": state.value}
        changes["tries"] = 0
        return self._change(file, changes, {"state": FileState.READING.value, "pages": file.pages})

    def tried(self, file: RowFile, tries: int) -> bool:
        """Note how often reading it was begun since its last page, or reporting it at all."""
        return self._change(file, {"tries": tries}, {"state": file.state.value})

    def count(self, file: RowFile, lines: Sequence[int], *, counted: int) -> RowFile | None:
        """Count rows as received, up to the one of the number `counted`, before they are sent.

        Returns:
            The file as it is now; None if somebody else fed it, and nothing was changed.
        """
        now = self.clock()
        lost = max(0, file.counted - file.rows_ended - file.under_way(now))
        fed = replace(file, counted=counted, fed_at=_us(now), lost=lost)
        days: Counter[str] = Counter()
        for line in lines:
            days[self.outcome_counts.day_of(row_received_at(file.received_at, line))] += 1
        expected: dict[str, Plain | None] = {"counted": file.counted, "fed": file.counted}
        operations = [
            {"Update": self._update(file, _as_counted(fed), expected)},
            *self.outcome_counts.operations(
                {day: {FROM_FILES: many} for day, many in days.items()}
            ),
        ]
        return None if self._transact(operations) else fed

    def sent(self, file: RowFile) -> bool:
        """Note that all rows that count as received are in the queue, too."""
        changes: dict[str, Plain | None] = {"fed": file.counted, "fed_at": _us(self.clock())}
        return self._change(file, changes, {"counted": file.counted})

    def finish(self, file: RowFile) -> bool:
        """Note that a file is reported."""
        return self._end(file, FileState.FINISHED, "")

    def refuse(self, file: RowFile, code: str) -> bool:
        """Note that nothing of a file can be read."""
        return self._end(file, FileState.REFUSED, code)

    def _end(self, file: RowFile, state: FileState, code: str) -> bool:
        expires = int(self.clock()) + FILE_DAYS * 86_400
        changes: dict[str, Plain | None] = {
            "state": state.value,
            "code": code,
            "expires_at": expires,
        }
        ended = self._update(file, changes, {"state": file.state.value})
        not_open = update_of(self.table, _OPEN, deletes={"names": file.id})
        return not self._transact([{"Update": ended}, {"Update": not_open}])

    def _change(
        self,
        file: RowFile,
        changes: dict[str, Plain | None],
        expected: dict[str, Plain | None],
    ) -> bool:
        changed = self._update(file, changes, expected)
        return update(self.client, changed, sleep=self.sleep)

    def _update(
        self,
        file: RowFile,
        changes: dict[str, Plain | None],
        expected: dict[str, Plain | None],
    ) -> dict[str, Any]:
        as_expected = [attribute(name).eq(value) for name, value in expected.items()]
        return update_of(self.table, file_key(file.id), all_of(as_expected), sets=changes)

    def _transact(self, operations: Sequence[Any]) -> Sequence[bool]:
        return transact(self.client, operations, sleep=self.sleep)


def _us(seconds: float) -> int:
    return int(seconds * 1_000_000)


def _as_counted(file: RowFile) -> dict[str, Plain | None]:
    return {"counted": file.counted, "fed_at": file.fed_at, "lost": file.lost}


def _file(found: Any) -> RowFile | None:
    """A file. None: its item has only counts, of rows that ended after it was forgotten."""
    if "key" not in found:
        return None
    numbers = {name: int(found[name]) for name in ("pages", "rows", "counted", "fed")}
    return RowFile(
        found["key"],
        found["etag"],
        found["connection"],
        int(found["received_at"]),
        FileState(found["state"]),
        code=found.get("code", ""),
        tries=int(found.get("tries", 0)),
        fed_at=int(found.get("fed_at", 0)),
        lost=int(found.get("lost", 0)),
        ended=ended_of(found),
        **numbers,
    )
