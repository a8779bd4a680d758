"""The use case of import_files: objects of the inbox become items of the bulk lane, and a report.

An event of the bucket starts it for one object, a schedule every few minutes for whatever is there:
a lost event, a crash and the function's end all heal with the next run. Each step may be repeated:

    notice    an object is noted under its key and ETag; the same one is never begun twice
    read      its rows become pages in the bucket; a file that cannot be read ends here, with why
    feed      pages go to the queue, as much as it should hold, counted as received just before
    report    once every row has its outcome: summary and failures, then the pages are forgotten
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from import_relay.bulk.feeding import Feeding
from import_relay.bulk.file_reports import FileReports, error_key
from import_relay.bulk.formats.file_error import FileUnreadable
from import_relay.bulk.formats.rows import MAX_FILE_B
from import_relay.bulk.reading import Reading
from import_relay.domain.connections import Connection
from import_relay.domain.files import connection_of, file_id, is_row_file
from import_relay.domain.log_events import Emit
from import_relay.storage.feeder import Feeder
from import_relay.storage.file_objects import FileObjects, Upload
from import_relay.storage.files import Files, FileState, RowFile

UNKNOWN = "file.unknown_connection"
NOTICED_AT_A_TIME = 100
MAX_TRIES = 3
"""Processes that may die while they read the same page of a file."""


@dataclass(slots=True)
class FileRun:
    """What one run did. `fed`: rows sent; `refused` and `finished`: files.

    `disabled`: connections with a mistake whose files wait.
    """

    noticed: int = 0
    fed: int = 0
    refused: int = 0
    finished: int = 0
    disabled: int = 0


@dataclass(frozen=True, slots=True)
class FileParts:
    """Everything that it acts on.

    `disabled`: connection whose rows wait in the bucket → its mistake, as the log has it.
    """

    connections: Mapping[str, Connection]
    disabled: Mapping[str, Mapping[str, str]]
    files: Files
    objects: FileObjects
    feeder: Feeder
    reading: Reading
    feeding: Feeding
    reports: FileReports


@dataclass(frozen=True, slots=True)
class FileImporting:
    """Imports files; made once per process. `clock` gives seconds since the epoch."""

    parts: FileParts
    clock: Callable[[], float]
    emit: Emit

    def run(self, key: str | None, *, invocation: str, until: float, deadline: float) -> FileRun:
        """Take every file on as far as there is time.

        Args:
            key: the object that an event names; None: look for all.
            invocation: unique name of who runs this.
            until: when it should end (s since the epoch).
            deadline: when its process is certainly gone.

        Raises:
            StoreUnavailable, ClientError, BotoCoreError: AWS failed; the next run goes on.
        """
        run = FileRun()
        self._notice(key, run)
        if not self.parts.feeder.take(invocation, until=deadline):
            return run  # who has the turn, or the next run, takes it on
        try:
            self._read(run, until, again=False)
            to_feed = [one for one in self.parts.files.open() if one.state is FileState.FEEDING]
            usable = [one for one in to_feed if one.connection not in self.parts.disabled]
            run.fed = self.parts.feeding.feed(usable, until=until)
            self._tell_disabled(to_feed, run)
            self._report(run, until)
            self._read(run, until, again=True)  # last, since it may end the process once more
        finally:
            self.parts.feeder.release(invocation)
        return run

    # notice

    def _notice(self, key: str | None, run: FileRun) -> None:
        found = self.parts.objects.upload(key) if key and is_row_file(key) else None
        if key is not None:
            self._notice_all([found] if found else [], run)
            return
        uploads: list[Upload] = []
        for upload in self.parts.objects.inbox():
            if is_row_file(upload.key):
                uploads.append(upload)
            if len(uploads) == NOTICED_AT_A_TIME:
                self._notice_all(uploads, run)
                uploads = []
        self._notice_all(uploads, run)

    def _notice_all(self, uploads: list[Upload], run: FileRun) -> None:
        known = self.parts.files.known(file_id(one.key, one.etag) for one in uploads)
        for upload in uploads:
            before = known.get(file_id(upload.key, upload.etag))
            if before is None or self._is_worth_another_try(before, upload):
                self._begin(upload, before, run)

    def _is_worth_another_try(self, before: RowFile, upload: Upload) -> bool:
        """Whether a refused file was uploaded again, or has its connection now."""
        if before.state is not FileState.REFUSED:
            return False
        healed = before.code == UNKNOWN and before.connection in self.parts.connections
        return healed or upload.modified > before.received_at

    def _begin(self, upload: Upload, before: RowFile | None, run: FileRun) -> None:
        connection = connection_of(upload.key)
        file = RowFile(upload.key, upload.etag, connection, upload.modified)
        if not self.parts.files.begin(file, again=before is not None):
            return
        run.noticed += 1
        if before is not None:
            self.parts.objects.delete(error_key(file.key))
        self.emit("file.noticed", file=file.id, connection=self._named(file), bytes=upload.size)
        if connection not in self.parts.connections:
            self._refuse(file, FileUnreadable(UNKNOWN), run)
        elif upload.size > MAX_FILE_B:
            self._refuse(file, FileUnreadable("file.too_large", f"{upload.size:,} bytes"), run)

    # read

    def _read(self, run: FileRun, until: float, *, again: bool) -> None:
        """Read files on. `again`: those at which a process died, else all others."""
        for file in self.parts.files.open():
            is_next = file.state is FileState.READING and bool(file.tries) is again
            if is_next and self.clock() < until:
                try:
                    self._read_on(file, until)
                except FileUnreadable as error:
                    self._refuse(file, error, run)

    def _read_on(self, file: RowFile, until: float) -> None:
        if file.tries >= MAX_TRIES:
            raise FileUnreadable("file.killed_process")
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

    def _refuse(self, file: RowFile, error: FileUnreadable, run: FileRun) -> None:
        self.parts.reports.refuse(file, error.code, error.detail, error.line)
        self.parts.objects.forget_rows(file.id)
        if self.parts.files.refuse(file, error.code):
            run.refused += 1
            self.emit("file.refused", file=file.id, connection=self._named(file), code=error.code)

    def _named(self, file: RowFile) -> str:
        """Its connection; any other folder is somebody's text, and goes into no log."""
        return file.connection if file.connection in self.parts.connections else ""

    def _tell_disabled(self, files: Iterable[RowFile], run: FileRun) -> None:
        """Say whose rows wait for a mistake in connections.toml to be corrected."""
        waiting = Counter(one.connection for one in files if one.connection in self.parts.disabled)
        for name, count in sorted(waiting.items()):
            why = self.parts.disabled[name]
            self.emit("connection.disabled", connection=name, files=count, **why)
        run.disabled = len(waiting)

    # report

    def _report(self, run: FileRun, until: float) -> None:
        for file in self.parts.files.open():
            is_sent = file.state is FileState.FEEDING and file.fed == file.rows
            if is_sent and file.rows_ended >= file.rows and self.clock() < until:
                if not self.parts.reports.is_written(file):  # else its pages may be gone
                    self.parts.reports.write(file)
                self.parts.objects.forget_rows(file.id)
                self.parts.files.finish(file)
                run.finished += 1
                self.emit("file.finished", file=file.id, rows=file.rows)
