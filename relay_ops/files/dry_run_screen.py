"""Runs a dry run of a file, shows it, and writes the rejected rows into a table."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, BinaryIO

from import_relay.bulk.correction_tables import TableColumns, reason_text
from import_relay.domain.codes import CODES
from import_relay.domain.files import FileRow
from import_relay.domain.report_text import json_text
from import_relay.report.tables import csv_chunks
from relay_ops.exits import ExitCode
from relay_ops.files.dry_run import DryRun, RejectedLine, dry_run
from relay_ops.files.local_file import MAX_SHOWN, encoding_at, guess_remarks, rows_of
from relay_ops.files.plan import ENTITIES_PER_DAY, OWN_LIMIT, cost_text, days_of
from relay_ops.new_file import new_file
from relay_ops.output import Screen, number_of
from relay_ops.usable_connection import usable_connection


@dataclass(frozen=True, slots=True)
class DryRunFiles:
    """A file of rows, connections.toml, and where to write rejected rows, if anywhere."""

    rows: Path
    connections: Path
    rejected: Path | None = None


def run_dry(screen: Screen, files: DryRunFiles, connection: str) -> ExitCode:
    """Say what a file would become; FOUND if rows would be rejected.

    Raises:
        UsageMistake: a file or the connection cannot be used.
        CommandError: the rejected rows cannot be written.
    """
    connections = usable_connection(files.connections, connection, "--connections")
    with _rejected_rows(files.rejected) as rejected, screen.progress("Mapping") as advance:
        rows = rejected.seen(rows_of(files.rows, advance))
        now = int(time.time() * 1_000_000)
        found = dry_run(connections, connection, rows, now=now, reject=rejected.reject)
    if files.rejected is not None:
        screen.remark(f"{files.rejected}: {number_of(found.rejected.total(), 'row')}")
    own = connections[connection].entities_per_day
    per_day = min(ENTITIES_PER_DAY, own or ENTITIES_PER_DAY)
    first = rejected.first
    encoding = encoding_at(files.rows)

    def show() -> None:
        screen.line(f"{number_of(found.rows, 'row')}: nothing was sent.")
        for remark in guess_remarks(encoding):
            screen.line(remark)
        _show(screen, found, first, per_day)

    screen.result(_as_json(found, first, per_day) | {"encoding": encoding}, show)
    return ExitCode.FOUND if found.rejected else ExitCode.DONE


class _Rejected:
    """The first rejected rows, which are listed. The others are only counted."""

    def __init__(self) -> None:
        self.first: list[RejectedLine] = []

    def seen(self, rows: Iterator[FileRow]) -> Iterator[FileRow]:
        """The rows of the file."""
        return rows

    def reject(self, line: RejectedLine) -> None:
        """Keep a row."""
        if len(self.first) < MAX_SHOWN:
            self.first.append(line)


class _Written(_Rejected):
    """All rejected rows, on the disk until the columns of the file are known."""

    def __init__(self, kept: IO[str]) -> None:
        super().__init__()
        self._kept = kept
        self._columns = TableColumns()

    def seen(self, rows: Iterator[FileRow]) -> Iterator[FileRow]:
        for row in rows:
            self._columns.see(row.record)
            yield row

    def reject(self, line: RejectedLine) -> None:
        super().reject(line)
        about = (str(line.line), line.code, reason_text(line.field, line.reason))
        self._kept.write(json_text([line.record, line.text, about]) + "\n")

    def write(self, target: BinaryIO) -> None:
        """Write them as a table."""
        self._kept.seek(0)
        table = self._columns.table()
        lines = (table.cells(*json.loads(text)) for text in self._kept)
        target.writelines(csv_chunks(table.header, lines))


@contextmanager
def _rejected_rows(path: Path | None) -> Iterator[_Rejected]:
    """What keeps rejected rows, and writes them to a file in the end."""
    if path is None:
        yield _Rejected()
        return
    with (
        new_file(path, "--rejected") as target,
        TemporaryFile("w+", encoding="utf-8", errors="backslashreplace") as kept,
    ):
        rejected = _Written(kept)
        yield rejected
        rejected.write(target)


def _as_json(found: DryRun, first: list[RejectedLine], per_day: int) -> dict[str, object]:
    return {
        "rows": found.rows,
        "sent": dict(found.sent),
        "records": found.records,
        "ignored": dict(found.ignored),
        "rejected": [
            {"code": code, "field": field, "rows": many}
            for (code, field), many in found.rejected.most_common()
        ],
        "first_rejected": [one.as_json() for one in first],
        "left_out": [
            {"code": code, "column": column, "values": many}
            for (code, column), many in found.left_out.most_common()
        ],
        "examples": {
            name: {"line": one.line, "columns": dict(one.columns)}
            for name, one in found.examples.items()
        },
        "days": days_of(found.sent.total(), per_day),
    }


def _show(screen: Screen, found: DryRun, first: list[RejectedLine], per_day: int) -> None:
    sent = found.sent.total()
    counts: list[tuple[str, int]] = [
        *((f"sent as {name}", many) for name, many in found.sent.items()),
        *((f"ignored: {reason}", many) for reason, many in found.ignored.items()),
        ("rejected", found.rejected.total()),
    ]
    screen.table(("what would become of them", "rows"), counts)
    if sent:
        whose = OWN_LIMIT if per_day < ENTITIES_PER_DAY else " (Mateo's own limit)"
        screen.line(f"{cost_text(sent, per_day, whose)}.")
    if found.records < sent:
        screen.line(f"They are {found.records:,} records: of several rows of one, the last wins.")
    for name, example in found.examples.items():
        screen.line()
        columns = [(f"  {column}", _value(value)) for column, value in example.columns.items()]
        screen.line(f"Line {example.line} as a {name}:")
        screen.table(("  column", "value"), columns)
    _show_rejected(screen, found, first)
    if found.left_out:
        screen.line()
        left_out = [(many, *name) for name, many in found.left_out.most_common()]
        screen.table(("values left out", "code", "column"), left_out)
        _explain(screen, [code for code, _ in found.left_out])


def _show_rejected(screen: Screen, found: DryRun, first: list[RejectedLine]) -> None:
    if not first:
        return
    screen.line()
    screen.table(
        ("line", "code", "why it is rejected"),
        [(str(one.line), one.code, reason_text(one.field, one.reason)) for one in first],
    )
    if found.rejected.total() > len(first):
        more = found.rejected.total() - len(first)
        screen.line(f"… and {more:,} more. --rejected FILE writes all of them.")
    _explain(screen, [code for code, _ in found.rejected])


def _explain(screen: Screen, codes: list[str]) -> None:
    for code in dict.fromkeys(codes):
        screen.line(f"{code}: {CODES[code].what_to_do}")


def _value(value: object) -> str:
    return value if isinstance(value, str) else json_text(value)
