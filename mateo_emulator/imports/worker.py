"""The background worker: takes stored imports one by one and applies their rows in chunks.

`emulator` starts it in a thread of its own. A chunk, the count of rows done and the failures found
are one transaction, so a process that is killed loses no row and applies none twice. Rows are
read before the transaction begins: the database is held for a few milliseconds at a time.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mateo_emulator.clock import MICROSECONDS, Clock, machine_time_us, steady_time_us
from mateo_emulator.imports.rows import ENTITIES, ReadRow, apply_row, read_import_rows
from mateo_emulator.records.contacts import Hint, Writing
from mateo_emulator.records.failure import RowFailure
from mateo_emulator.settings import Behaviour
from mateo_emulator.storage import Storage

CHUNK_ROWS = 200
MAX_HINTS = 20
OVER_QUOTA = RowFailure("429", "the day's limit of entities is reached")
_ORDERS = {"due": "due", "newest": "sequence DESC", "random": "lottery"}
"""What decides between imports whose delay is over; one that has begun is finished first."""


@dataclass
class _Progress:
    """What a chunk adds to its import."""

    succeeded: int
    hints: list[Hint]
    failures: list[tuple[int, RowFailure]]


class Worker:
    """One thread that processes imports until it is stopped."""

    def __init__(self, storage: Storage, clock: Clock, behaviour: Callable[[], Behaviour]) -> None:
        self._storage = storage
        self._clock = clock
        self._behaviour = behaviour
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mateo-worker", daemon=True)

    def start(self) -> None:
        """Begin, with whatever an earlier process left unfinished."""
        self._thread.start()

    def wake(self) -> None:
        """Look again: there is a new import, or the behaviour changed."""
        self._woken.set()

    def stop(self) -> None:
        """Stop after the current chunk and wait for it."""
        self._stopping.set()
        self._woken.set()
        self._thread.join(timeout=0.7)

    def _run(self) -> None:
        connection = self._storage.connect()
        try:
            while not self._stopping.is_set():
                self._turn(connection)
        finally:
            connection.close()

    def _turn(self, connection: sqlite3.Connection) -> None:
        """Process one import, or wait for one; an error is shown and the turn comes again."""
        self._woken.clear()
        try:
            found, wait_s = self._next(connection)
            if found is None:
                self._woken.wait(wait_s)
            else:
                self._process(connection, found)
        except Exception:  # noqa: BLE001 - a full disk must not end the processing for ever
            traceback.print_exc(file=sys.stderr)
            self._stopping.wait(1)

    def _next(self, connection: sqlite3.Connection) -> tuple[sqlite3.Row | None, float | None]:
        """The import to process now; else how long nothing is due (None: until woken)."""
        behaviour = self._behaviour()
        if behaviour.stalled:
            return None, None
        now_us = machine_time_us()
        found = connection.execute(
            "SELECT *, created_real_us + ? + lottery * ? AS due FROM import"  # noqa: S608
            " WHERE total_count IS NULL"
            f" ORDER BY next_row = 0, max(due, ?), {_ORDERS[behaviour.processing_order]} LIMIT 1",
            (
                behaviour.processing_delay_s * MICROSECONDS,
                behaviour.processing_jitter_s * MICROSECONDS,
                now_us,
            ),
        ).fetchone()
        if found is None:
            return None, None
        wait_s = (found["due"] - now_us) / MICROSECONDS
        return (found, 0) if wait_s <= 0 or found["next_row"] > 0 else (None, wait_s)

    def _process(self, connection: sqlite3.Connection, found: sqlite3.Row) -> None:
        body = connection.execute(
            "SELECT body FROM import_payload WHERE import_id = ?", (found["id"],)
        ).fetchone()
        rows = json.loads(body[0]) if body else []
        rows = rows if isinstance(rows, list) else []
        first = found["next_row"]
        while True:
            behaviour = self._behaviour()
            if self._stopping.is_set() or behaviour.stalled:
                return
            begun_us = steady_time_us()
            chunk = rows[first : first + CHUNK_ROWS]
            readings = read_import_rows(found["type"], chunk, behaviour)
            last = first + len(chunk) == len(rows)
            if not self._apply(connection, found, (first, chunk, readings), last=last) or last:
                return
            first += len(chunk)
            self._rest(begun_us, len(chunk))

    def _rest(self, begun_us: int, rows: int) -> None:
        """Wait until these rows have taken their time; a change of the behaviour counts at once."""
        while not (self._stopping.is_set() or self._behaviour().stalled):
            over_us = begun_us + rows * self._behaviour().processing_per_row_us
            wait_s = (over_us - steady_time_us()) / MICROSECONDS
            if wait_s <= 0:
                return
            self._woken.wait(wait_s)
            self._woken.clear()

    def _apply(
        self,
        connection: sqlite3.Connection,
        found: sqlite3.Row,
        part: tuple[int, Sequence[object], Sequence[ReadRow]],
        *,
        last: bool,
    ) -> bool:
        """Apply one chunk; False if the import is no longer where it was (a reset)."""
        first, chunk, readings = part
        with self._storage.writing(connection):
            now = connection.execute(
                "SELECT next_row, found_hints FROM import WHERE id = ?", (found["id"],)
            ).fetchone()
            if now is None or now["next_row"] != first:
                return False
            writing = self._writing(connection, found)
            progress = _Progress(0, json.loads(now["found_hints"]), [])
            for number, reading in enumerate(readings, start=first):
                if number < found["rows_within_quota"]:
                    _count_row(found["type"], number, reading, writing, progress)
                else:
                    progress.failures.append((number, OVER_QUOTA))
            _record_failures(connection, found["id"], first, chunk, progress.failures)
            _record_progress(writing, first + len(chunk), progress)
            if last:
                _finish(writing)
        return True

    def _writing(self, connection: sqlite3.Connection, found: sqlite3.Row) -> Writing:
        entity = ENTITIES[found["type"]]
        flag = None if entity == "contact" else found[f"allow_{entity}_reassignment"]
        contact_lists = connection.execute(
            "SELECT id FROM contact_list WHERE id = ? OR external_id = ?",
            (found["contact_list_id"], found["contact_list_external_id"]),
        ).fetchall()
        return Writing(
            connection,
            found["id"],
            self._clock.now_us(),
            self._behaviour(),
            [list_id for (list_id,) in contact_lists],
            bool(flag),
        )


def _count_row(
    import_type: str, number: int, reading: ReadRow, writing: Writing, progress: _Progress
) -> None:
    outcome = apply_row(import_type, reading, writing)
    if isinstance(outcome, RowFailure):
        progress.failures.append((number, outcome))
    else:
        progress.succeeded += 1
        progress.hints += [{"row": number, **hint} for hint in outcome]


def _record_failures(
    connection: sqlite3.Connection,
    import_id: str,
    first: int,
    chunk: Sequence[object],
    failures: Sequence[tuple[int, RowFailure]],
) -> None:
    connection.executemany(
        "INSERT INTO import_failure VALUES (?, ?, ?, ?, ?)",
        [
            (
                import_id,
                number,
                failure.code,
                failure.message,
                json.dumps(chunk[number - first], ensure_ascii=False),
            )
            for number, failure in failures
        ],
    )


def _record_progress(writing: Writing, next_row: int, progress: _Progress) -> None:
    writing.connection.execute(
        "UPDATE import SET next_row = ?, succeeded = succeeded + ?, failures = failures + ?,"
        " found_hints = ?, updated_at = ? WHERE id = ?",
        (
            next_row,
            progress.succeeded,
            len(progress.failures),
            json.dumps(progress.hints[:MAX_HINTS]),
            writing.now_us,
            writing.import_id,
        ),
    )


def _finish(writing: Writing) -> None:
    """The counts appear, all at once; the documents know no other sign of completion."""
    behaviour = writing.behaviour
    linked_from = 0 if behaviour.failed_url_always else behaviour.failed_inline_max
    writing.connection.execute(
        "UPDATE import SET total_count = row_count, success_count = succeeded,"
        " failed_count = failures, finished_real_us = ?, updated_at = ?,"
        " hints = CASE WHEN found_hints <> '[]' THEN found_hints END,"
        " failed_path = CASE WHEN failures > ? THEN 'imports/' || id || '/failed.json' END"
        " WHERE id = ?",
        (machine_time_us(), writing.now_us, linked_from, writing.import_id),
    )
