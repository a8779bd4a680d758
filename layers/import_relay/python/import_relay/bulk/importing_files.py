"""The use case of import_files: objects of the inbox become items of the bulk lane, and a report.

An event of the bucket starts it for one object, a schedule every few minutes for whatever is there:
a lost event, a crash and the function's end all heal with the next run. Each step may be repeated:

    notice    an object is noted under its key and ETag; the same one is never begun twice
    read      its rows become pages in the bucket; a file that cannot be read ends here, with why
    feed      pages go to the queue, as much as it should hold, counted as received just before;
              so does what replays put back (`replay_feeding`)
    report    once every row has its outcome: summary and failures, then the pages are forgotten

What fails at one file stops that file alone: the log says so, and the next run tries it again.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from import_relay.bulk.feeding import Feeding
from import_relay.bulk.file_errors import FileErrors
from import_relay.bulk.file_reports import FileReports, error_key
from import_relay.bulk.formats.file_error import FileUnreadable
from import_relay.bulk.formats.rows import MAX_FILE_B
from import_relay.bulk.reading import Reading
from import_relay.bulk.replay_feeding import ReplayFeeding
from import_relay.domain.connections import Connection
from import_relay.domain.files import connection_of, file_id, is_row_file
from import_relay.domain.log_events import Emit
from import_relay.storage.connection_waits import ConnectionWait, ConnectionWaits
from import_relay.storage.feeder import Feeder
from import_relay.storage.file_objects import FileObjects, Upload
from import_relay.storage.files import Files, FileState, RowFile

UNKNOWN = "file.unknown_connection"
NOTICED_AT_A_TIME = 100
MAX_TRIES = 3
"""Processes that may die while they read the same page of a file."""


@dataclass(slots=True)
class FileRun:
    """What one run did. `fed`: rows sent; `refused`, `finished`: files; `failed`: and replays.

    `disabled`: connections with a mistake whose files wait.
    """

    noticed: int = 0
    fed: int = 0
    refused: int = 0
    finished: int = 0
    failed: int = 0
    disabled: int = 0


@dataclass(frozen=True, slots=True)
class FileParts:
    """Everything that it acts on. `disabled`: connections whose rows wait in the bucket."""

    connections: Mapping[str, Connection]
    disabled: Mapping[str, Mapping[str, str]]
    files: Files
    objects: FileObjects
    feeder: Feeder
    reading: Reading
    feeding: Feeding
    replays: ReplayFeeding
    reports: FileReports
    waits: ConnectionWaits


@dataclass(frozen=True, slots=True)
class FileImporting:
    """Imports files; made once per process. `clock` gives seconds since the epoch."""

    parts: FileParts
    clock: Callable[[], float]
    emit: Emit

    def run(self, key: str | None, *, invocation: str, until: float, deadline: float) -> FileRun:
        """Continue every file as far as there is time.

        Args:
            key: the object that an event names; None: look for all.
            invocation: unique name of who runs this.
            until: when it should end (s since the epoch).
            deadline: when its process is certainly gone.

        Raises:
            StoreUnavailable, ClientError, BotoCoreError: AWS failed at what is not of one file; the
                next run continues.
        """
        run, errors = FileRun(), FileErrors(self.emit, self._named)
        self._notice(key, run, errors)
        if self.parts.feeder.take(invocation, until=deadline):  # otherwise another process feeds
            try:
                self._take_on(run, errors, until)
            finally:
                self.parts.feeder.release(invocation)
        run.failed += len(errors.files)
        return run

    def _take_on(self, run: FileRun, errors: FileErrors, until: float) -> None:
        """Do each step for all files. Files at which a process died come last.

        Such a file may end this process as well: by then the others have had their turn.
        """
        to_feed: list[RowFile] = []
        for again in (False, True):
            self._read(run, errors, until, again=again)
            if not again:
                to_feed = self._feed(run, errors, until)
            self._report(run, errors, until, again=again)
        self._note_disabled(to_feed)

    # notice

    def _notice(self, key: str | None, run: FileRun, errors: FileErrors) -> None:
        found = self.parts.objects.upload(key) if key and is_row_file(key) else None
        if key is not None:
            self._notice_all([found] if found else [], run, errors)
            return
        uploads: list[Upload] = []
        for upload in self.parts.objects.inbox():
            if is_row_file(upload.key):
                uploads.append(upload)
            if len(uploads) == NOTICED_AT_A_TIME:
                self._notice_all(uploads, run, errors)
                uploads = []
        self._notice_all(uploads, run, errors)

    def _notice_all(self, uploads: list[Upload], run: FileRun, errors: FileErrors) -> None:
        known = self.parts.files.known(file_id(one.key, one.etag) for one in uploads)
        for upload in uploads:
            before = known.get(file_id(upload.key, upload.etag))
            if before is None or self._is_worth_another_try(before, upload):
                connection = connection_of(upload.key)
                file = RowFile(upload.key, upload.etag, connection, upload.modified)
                with errors.caught(file, "notice"):
                    self._begin(file, upload.size, run, again=before is not None)

    def _is_worth_another_try(self, before: RowFile, upload: Upload) -> bool:
        """Whether a refused file was uploaded again, or has its connection now."""
        if before.state is not FileState.REFUSED:
            return False
        healed = before.code == UNKNOWN and before.connection in self.parts.connections
        return healed or upload.modified > before.received_at

    def _begin(self, file: RowFile, size: int, run: FileRun, *, again: bool) -> None:
        if self.parts.files.begin(file, again=again):
            run.noticed += 1
            self.emit("file.noticed", file=file.id, connection=self._named(file), bytes=size)

    # read

    def _read(self, run: FileRun, errors: FileErrors, until: float, *, again: bool) -> None:
        """Read files on. `again`: those at which a process died, else all others."""
        for file in self.parts.files.open():
            is_next = file.state is FileState.READING and bool(file.tries) is again
            if is_next and not errors.has_failed(file) and self.clock() < until:
                with errors.caught(file, "read"):
                    self._read_or_refuse(file, run, until)

    def _read_or_refuse(self, file: RowFile, run: FileRun, until: float) -> None:
        try:
            self._read_on(file, until)
        except FileUnreadable as error:
            self._refuse(file, error, run)

    def _read_on(self, file: RowFile, until: float) -> None:
        self._prepare(file)
        self.parts.files.tried(file, file.tries + 1)
        try:
            read = self.parts.reading.read(file, until=until)
        except FileUnreadable:
            raise
        except Exception:  # AWS failed, which is no try of the file
            self.parts.files.tried(file, file.tries)
            raise
        if read.state is FileState.FEEDING:
            self.emit("file.read", file=file.id, rows=read.rows, pages=read.pages)

    def _prepare(self, file: RowFile) -> None:
        """Refuse a file that must not be read, else remove an older error beside it."""
        if file.connection not in self.parts.connections:
            raise FileUnreadable(UNKNOWN)
        if file.tries >= MAX_TRIES:
            raise FileUnreadable("file.killed_process")
        upload = None if file.pages else self.parts.objects.upload(file.key)
        if upload and upload.etag == file.etag:
            if upload.size > MAX_FILE_B:
                raise FileUnreadable("file.too_large", f"{upload.size:,} bytes")
            self.parts.objects.delete(error_key(file.key))  # of this content, or what it replaces

    def _refuse(self, file: RowFile, error: FileUnreadable, run: FileRun) -> None:
        if not self._has_other_content(file):  # which may be right
            self.parts.reports.refuse(file, error.code, error.detail, error.line)
        self.parts.objects.forget_rows(file.id)
        if self.parts.files.refuse(file, error.code):
            run.refused += 1
            self.emit("file.refused", file=file.id, connection=self._named(file), code=error.code)

    def _has_other_content(self, file: RowFile) -> bool:
        """Whether another content is under its key by now."""
        upload = self.parts.objects.upload(file.key)
        return upload is not None and upload.etag != file.etag

    def _named(self, file: RowFile) -> str:
        """Its connection; any other folder is somebody's text, and goes into no log."""
        return file.connection if file.connection in self.parts.connections else ""

    def _tell_disabled(self, files: Iterable[RowFile], run: FileRun) -> None:
        """Log which connections' rows wait for a correction of connections.toml."""
        waiting = self._disabled(files)
        for name, count in sorted(waiting.items()):
            why = self.parts.disabled[name]
            self.emit("connection.disabled", connection=name, files=count, **why)
        run.disabled = len(waiting)

    def _note_disabled(self, files: Iterable[RowFile]) -> None:
        """Note the same for `relay status`; last, as nothing else may wait for it."""
        noted = {
            name: ConnectionWait(
                "connection.disabled", self.clock(), self.parts.disabled[name]["key"]
            )
            for name in sorted(self._disabled(files))
        }
        self.parts.waits.note(noted)

    def _disabled(self, files: Iterable[RowFile]) -> Counter[str]:
        """Connection with a mistake → how many of the files are its own."""
        return Counter(one.connection for one in files if one.connection in self.parts.disabled)

    # feed

    def _feed(self, run: FileRun, errors: FileErrors, until: float) -> list[RowFile]:
        """Replays first, which leave files half of the room and time; returns the files to feed."""
        unfinished = self.parts.files.open()
        under_way = _under_way(unfinished, self.clock())
        of_files, half = under_way.total(), (self.clock() + until) / 2
        replays = self.parts.replays.feed(of_files=of_files, until=half)
        run.failed = replays.failed
        to_feed = [one for one in unfinished if one.state is FileState.FEEDING]
        run.fed = self.parts.feeding.feed(
            [one for one in to_feed if one.connection not in self.parts.disabled],
            under_way=under_way,
            replayed=replays.under_way,
            errors=errors,
            until=until,
        )
        self._tell_disabled(to_feed, run)
        return to_feed

    # report

    def _report(self, run: FileRun, errors: FileErrors, until: float, *, again: bool) -> None:
        """Report files that have ended. `again`: as in `_read`, the one tried least comes first."""
        for file in sorted(self.parts.files.open(), key=lambda one: one.tries):
            is_next = _has_ended(file) and bool(file.tries) is again
            if is_next and not errors.has_failed(file) and self.clock() < until:
                with errors.caught(file, "report"):
                    self._finish(file, run)

    def _finish(self, file: RowFile, run: FileRun) -> None:
        if not self.parts.reports.is_written(file):  # else its pages may be gone
            self.parts.files.tried(file, file.tries + 1)
            self.parts.reports.write(file)
        self.parts.objects.forget_rows(file.id)
        self.parts.files.finish(file)
        run.finished += 1
        self.emit("file.finished", file=file.id, rows=file.rows)


def _under_way(files: Iterable[RowFile], now: float) -> Counter[str]:
    """Connection → rows of its files that count as received, and may still get an outcome."""
    found: Counter[str] = Counter()
    for file in files:
        found[file.connection] += file.under_way(now)
    return found


def _has_ended(file: RowFile) -> bool:
    """Whether every row was sent, and has its outcome."""
    is_sent = file.state is FileState.FEEDING and file.fed == file.rows
    return is_sent and file.rows_ended >= file.rows
