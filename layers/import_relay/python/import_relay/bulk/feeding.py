"""Puts the rows of files on the bulk queue, a part at a time. Called by `importing_files`.

The queue forgets after 14 days and a million rows take forty. So the rows stay in the bucket, and
the queue holds at most `QUEUED_DAYS` days' entities, replayed items included, and at most one day's
entities of one connection. A connection whose rows get no outcome stops no other: each may have a
page under way, whatever else waits. Rows that are older than the queues keep them no longer count.
Files take turns, so that a small one does not wait for a large one.

A part of a file is counted as received, with the cursor, before it is sent.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from import_relay.bulk.bulk_day import QUEUED_DAYS, BulkDay
from import_relay.bulk.file_errors import FileErrors
from import_relay.bulk.reading import PAGE_ROWS
from import_relay.domain.files import MAX_WAIT_DAYS, FileRow, row_received_at
from import_relay.domain.models import ItemOutcome, Occurrence, Outcome
from import_relay.domain.queue_messages import repeat_bodies
from import_relay.storage.archive import Archive
from import_relay.storage.file_objects import FileObjects
from import_relay.storage.files import Files, RowFile
from import_relay.storage.outcome_counts import OutcomeCounts
from import_relay.storage.queue import Delayed, Sender


@dataclass(slots=True)
class Room:
    """How many more rows may be sent. `under_way`: connection → rows that may get an outcome.

    `replayed`: so many items of replays may get one besides.
    """

    day: BulkDay
    under_way: Counter[str]
    replayed: int
    page_rows: int
    total: int = field(init=False)

    def __post_init__(self) -> None:
        self.total = QUEUED_DAYS * self.day.entities - self.under_way.total() - self.replayed

    def of(self, connection: str) -> int:
        """How many more rows of this connection may be sent; zero or less: none."""
        a_day, under_way = self.day.of(connection), self.under_way[connection]
        of_its_page = min(self.page_rows, a_day) - under_way
        return max(min(self.total, a_day - under_way), of_its_page)

    def take(self, connection: str, rows: int) -> None:
        """Count rows of this connection that are sent, or may have been."""
        self.under_way[connection] += rows
        self.total -= rows


@dataclass(frozen=True, slots=True)
class FeedingParts:
    """Everything that feeding acts on."""

    files: Files
    objects: FileObjects
    queue: Sender
    archive: Archive
    outcome_counts: OutcomeCounts


@dataclass(frozen=True, slots=True)
class Feeding:
    """Feeds the queue. `clock` gives seconds since the epoch, `day` the day of such a time."""

    parts: FeedingParts
    bulk_day: BulkDay
    day: Callable[[float], str]
    clock: Callable[[], float]
    page_rows: int = PAGE_ROWS

    def feed(
        self,
        files: Iterable[RowFile],
        *,
        under_way: Mapping[str, int],
        replayed: int,
        errors: FileErrors,
        until: float,
    ) -> int:
        """Send what there is room for, a page of each file in turn; how many rows.

        At least one page is sent if any file has room, even after `until` (s since the epoch).
        Only the holder of the feeder's turn may do so. `under_way`: connection → rows of its files
        that count as received, and may still get an outcome; `replayed`: items of replays that may.
        """
        waiting = self._complete(files, errors)
        room = Room(self.bulk_day, Counter(under_way), replayed, self.page_rows)
        sent = 0
        while waiting:
            file = min(waiting, key=lambda one: (one.fed, one.received_at))
            waiting.remove(file)
            if room.of(file.connection) <= 0:
                continue
            with errors.caught(file, "feed"):
                fed = self._feed_part(file, room)
                sent += fed.counted - file.counted
                waiting += [fed] if fed.counted < fed.rows else []
            if sent and self.clock() >= until:
                break
        return sent

    def _complete(self, files: Iterable[RowFile], errors: FileErrors) -> list[RowFile]:
        """The files with rows left, after sending rows that were counted but perhaps not sent."""
        found = []
        for file in files:
            with errors.caught(file, "feed"):
                sent = self._sent(file) if file.fed < file.counted else file
                found += [sent] if sent.counted < sent.rows else []
        return found

    def _feed_part(self, file: RowFile, room: Room) -> RowFile:
        end = file.counted + room.of(file.connection)
        rows = self._in_time(file, self._rows(file, file.counted, end))
        room.take(file.connection, len(rows))  # they may be counted and sent although this fails
        lines = [row.line for row in rows]
        counted = self.parts.files.count(file, lines, counted=file.counted + len(rows))
        if counted is None:
            return replace(file, rows=file.counted)  # somebody else feeds it: leave it to them
        return self._send(counted, rows, file.counted)

    def _sent(self, file: RowFile) -> RowFile:
        """Send again rows that a process counted before it died, and perhaps did not send."""
        rows = self._rows(file, file.fed, file.counted)
        since = self._now()
        occurrences = {row.line: _occurrence(file, row, since) for row in rows if not row.code}
        known = self.parts.outcome_counts.recorded(occurrences.values())
        ended = {line for line, one in occurrences.items() if one.item_id in known}
        left = [row for row in rows if row.line not in ended]
        return self._send(file, self._in_time(file, left), file.fed)

    def _in_time(self, file: RowFile, rows: list[FileRow]) -> list[FileRow]:
        """The rows. Those of a file that waited too long have the code of their rejection."""
        if self.clock() - file.received_at / 1_000_000 <= MAX_WAIT_DAYS * 86_400:
            return rows
        return [row if row.code else row._replace(code="row.waited_too_long") for row in rows]

    def _send(self, file: RowFile, rows: Sequence[FileRow], first: int) -> RowFile:
        since = self._now()  # one time for all: rows share messages only if they have the same one
        bodies = repeat_bodies(_occurrence(file, row, since) for row in rows if not row.code)
        self.parts.queue.send(Delayed(body, 0) for body in bodies)
        self._reject([_rejected(file, row, since) for row in rows if row.code], file, first)
        self.parts.files.sent(file)
        return replace(file, fed=file.counted, fed_at=since)

    def _rows(self, file: RowFile, begin: int, end: int) -> list[FileRow]:
        """Rows by their numbers, of the page in which the first one is."""
        number, skipped = divmod(begin, self.page_rows)
        return self.parts.objects.page(file.id, number + 1)[skipped : skipped + end - begin]

    def _reject(self, outcomes: Sequence[ItemOutcome], file: RowFile, first: int) -> None:
        """Reject unreadable rows: they count as received, and have their outcome at once."""
        counts, now = self.parts.outcome_counts, self.clock()
        known = counts.recorded(one.occurrence for one in outcomes)
        new = [one for one in outcomes if one.occurrence.item_id not in known]
        if new:
            batch = f"file-{file.id}-{first}"
            self.parts.archive.record_outcomes(new, at=now, date=self.day(now), batch=batch)
            counts.record(new, batch=batch)

    def _now(self) -> int:
        """Now, in µs since the epoch."""
        return int(self.clock() * 1_000_000)


def _rejected(file: RowFile, row: FileRow, since: int) -> ItemOutcome:
    occurrence = _occurrence(file, row, since)
    return ItemOutcome(occurrence, Outcome.REJECTED, row.code, value=row.text, detail=row.detail)


def _occurrence(file: RowFile, row: FileRow, since: int) -> Occurrence:
    return Occurrence(
        "",
        file.connection,
        file.delivery,
        row.line,
        f"{file.id}:{row.line}",
        row_received_at(file.received_at, row.line),
        0,
        row.text if row.record is None else row.record,
        since,
    )
