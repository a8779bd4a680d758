"""Reads a file into pages of rows, and resumes where it stopped. Called by `importing_files`."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from import_relay.bulk.bulk_day import BulkDay
from import_relay.bulk.formats.file_error import FileUnreadable
from import_relay.bulk.formats.rows import read_rows
from import_relay.domain.files import FileRow
from import_relay.storage.file_objects import FileObjects
from import_relay.storage.files import Files, FileState, RowFile

PAGE_ROWS = 1_000
MAX_ROWS = 10_000_000
"""More than a year of entities at 25,000 a day."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads files. `clock` gives seconds since the epoch."""

    files: Files
    objects: FileObjects
    clock: Callable[[], float]
    bulk_day: BulkDay
    page_rows: int = PAGE_ROWS

    def read(self, file: RowFile, *, until: float) -> RowFile:
        """Read until a time (s since the epoch), at least one page, so that every file is finished.

        Each page is stored before it is noted: a process that dies in between writes it again.

        Raises:
            FileUnreadable: it is to be refused; nothing of it was sent.
        """
        rows = self._rows(file)
        while page := list(islice(rows, self.page_rows)):
            if file.rows + len(page) > MAX_ROWS:
                raise FileUnreadable("file.too_many_rows", f"more than {MAX_ROWS:,} rows")
            self.objects.put_page(file.id, file.pages + 1, page)
            file = self._noted(file, len(page), is_read=False)
            if self.clock() >= until:
                return file
        if not file.rows:
            raise FileUnreadable("file.empty")
        self._refuse_what_waits_too_long(file)
        return self._noted(file, 0, is_read=True)

    def _refuse_what_waits_too_long(self, file: RowFile) -> None:
        before: Counter[str] = Counter()
        for one in self.files.open():
            if one.state is FileState.FEEDING:
                before[one.connection] += one.in_bucket
        why = self.bulk_day.too_long_wait(file.connection, file.rows, before)
        if why:
            raise FileUnreadable("file.waits_too_long", why)

    def _rows(self, file: RowFile) -> Iterator[FileRow]:
        """The rows that are not in pages yet."""
        try:
            yield from islice(read_rows(self.objects.opener(file.key, file.etag)), file.rows, None)
        except LookupError as error:
            raise FileUnreadable("file.replaced") from error

    def _noted(self, file: RowFile, rows: int, *, is_read: bool) -> RowFile:
        pages, total = file.pages + bool(rows), file.rows + rows
        self.files.advance(file, pages=pages, rows=total, is_read=is_read)
        state = FileState.FEEDING if is_read else FileState.READING
        return replace(file, pages=pages, rows=total, state=state)
