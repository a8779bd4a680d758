"""The report of a file, once its last row has its outcome. Called by `importing_files`.

`failures.csv` has the columns of the file, so that a person can correct it and upload it again;
`correction_tables` says what else it has. A million failed rows do not fill the memory: the reasons
are in a temporary database, the rows in their pages.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from import_relay.bulk.correction_tables import CorrectionTable, TableColumns, reason_text
from import_relay.domain.codes import CODES
from import_relay.domain.files import ERROR_SUFFIX, FileRow, fitting
from import_relay.domain.models import OUTCOME_NAMES, Outcome
from import_relay.domain.report_text import json_content
from import_relay.report.tables import csv_chunks, write_workbook
from import_relay.storage.file_objects import FileObjects
from import_relay.storage.files import RowFile
from import_relay.storage.outcome_counts import OutcomeCounts

ROW_OUTCOMES = tuple(one for one in OUTCOME_NAMES if one != Outcome.TEST)
MAX_SHEET_ROWS = 1_000_000
"""Excel takes 1,048,576 rows; the CSV has all."""
NOT_IN_MATEO = ("failed", "rejected", "unaccounted")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class FileReports:
    """Writes reports of files. `clock` gives seconds since the epoch."""

    objects: FileObjects
    outcome_counts: OutcomeCounts
    clock: Callable[[], float]
    to_workbook: Callable[..., None] = write_workbook

    def is_written(self, file: RowFile) -> bool:
        """Whether the report is there, e.g. written by a process that died before it noted so."""
        return self.objects.exists(f"{file.folder}/summary.json")

    def write(self, file: RowFile) -> None:
        """Store the report, the summary last: where it exists, the report is complete."""
        if any(file.ended.get(name) for name in NOT_IN_MATEO):
            with TemporaryDirectory() as folder, self._reasons(file, folder) as reasons:
                self._put_failures(file, reasons, Path(folder))
        self.objects.put(f"{file.folder}/summary.json", json_content(self._summary(file)), "json")

    def refuse(self, file: RowFile, code: str, detail: str, line: int | None) -> str:
        """Store beside a file why it cannot be read. Returns the key of that object."""
        content = {
            "file": file.key,
            "code": code,
            "what": CODES[code].what,
            "what_to_do": CODES[code].what_to_do,
            "detail": detail,
            "at": _time(self.clock()),
        } | ({"line": line} if line else {})
        key = error_key(file.key)
        self.objects.put(key, json_content(content), "json")
        return key

    def _summary(self, file: RowFile) -> Mapping[str, Any]:
        return {
            "file": file.key,
            "id": file.id,
            "etag": file.etag,
            "connection": file.connection,
            "state": "finished",
            "received_at": _time(file.received_at / 1_000_000),
            "finished_at": _time(self.clock()),
            "rows": {"total": file.rows} | {name: file.ended.get(name, 0) for name in ROW_OUTCOMES},
            "failures": sum(file.ended.get(name, 0) for name in NOT_IN_MATEO),
        }

    @contextmanager
    def _reasons(self, file: RowFile, folder: str) -> Iterator[sqlite3.Connection]:
        """Line → why that row was not imported; if it ended several times, the latest reason."""
        with closing(sqlite3.connect(f"{folder}/reasons")) as reasons:
            reasons.execute("PRAGMA journal_mode = OFF")  # a process that dies starts again
            reasons.execute("PRAGMA synchronous = OFF")
            reasons.execute("CREATE TABLE outcomes (line INTEGER PRIMARY KEY, outcome TEXT)")
            lines = ((one["line"], json.dumps(one)) for one in self.objects.outcomes(file.id))
            reasons.executemany("INSERT OR REPLACE INTO outcomes VALUES (?, ?)", lines)
            yield reasons

    def _failed(
        self, file: RowFile, reasons: sqlite3.Connection
    ) -> Iterator[tuple[FileRow, Mapping[str, Any]]]:
        """The rows that were not imported, in the order of the file."""
        for number in range(1, file.pages + 1):
            rows = self.objects.page(file.id, number)
            span = (rows[0].line, rows[-1].line)
            found = reasons.execute(
                "SELECT line, outcome FROM outcomes WHERE line BETWEEN ? AND ?", span
            )
            outcomes = {line: json.loads(text) for line, text in found}
            stale = self._stale(file, outcomes)
            for row in rows:
                if row.line in outcomes and row.line not in stale:
                    yield row, outcomes[row.line]

    def _stale(self, file: RowFile, outcomes: Mapping[int, Mapping[str, Any]]) -> set[int]:
        """Lines whose rejection was written but never counted, since its process died."""
        items = [(file.delivery, line) for line, outcome in outcomes.items() if "batch" in outcome]
        recorded = self.outcome_counts.batches_of(items)
        return {
            item[1] for item in items if recorded.get(item, "") != str(outcomes[item[1]]["batch"])
        }

    def _put_failures(self, file: RowFile, reasons: sqlite3.Connection, folder: Path) -> None:
        correction = self._table(file, reasons)

        def cells() -> Iterator[Sequence[str]]:
            for row, end in self._failed(file, reasons):
                reason = reason_text(str(end.get("field", "")), str(end["what"]))
                about = (str(row.line), str(end["code"]), reason)
                yield correction.cells(row.record, row.text, about)

        header = correction.header
        with (folder / "failures.csv").open("w+b") as table:
            for chunk in csv_chunks(header, cells()):
                table.write(chunk)
            table.seek(0)
            self.objects.put_file(f"{file.folder}/failures.csv", table, "text/csv; charset=utf-8")
        path = folder / "failures.xlsx"
        at = file.received_at / 1_000_000
        shown = (line for _, line in zip(range(MAX_SHEET_ROWS), cells(), strict=False))
        self.to_workbook(path, "failures", header, shown, created_at=at)
        with path.open("rb") as workbook:
            self.objects.put_file(f"{file.folder}/failures.xlsx", workbook, _XLSX)

    def _table(self, file: RowFile, reasons: sqlite3.Connection) -> CorrectionTable:
        """The rows of a table have the same columns; each object may have others."""
        columns = TableColumns()
        for number in range(1, file.pages + 1):
            readable = (row for row in self.objects.page(file.id, number) if row.record is not None)
            for row in islice(readable, 1 if number > 1 else None):
                columns.see(row.record)
        for row, _ in self._failed(file, reasons):
            columns.see(row.record)
        return columns.table()


def error_key(key: str) -> str:
    """The key of the object beside a file that says why it cannot be read."""
    return f"{fitting(key)}{ERROR_SUFFIX}"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
