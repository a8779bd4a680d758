"""Rows of files that wait behind the cursor: read, but not imported yet. Called by `finding`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial

from import_relay.domain.files import FileRow, row_received_at
from import_relay.storage.files import Files, RowFile
from import_relay.storage.outcome_counts import OutcomeCounts
from import_relay.storage.quota import day_of
from relay_ops.history import HistoryLine
from relay_ops.matching import Needle
from relay_ops.stack import Stack

PAGES = "rows/"
WAITS = "waits in a file"


@dataclass(frozen=True, slots=True)
class FileRows:
    """Looks into the pages of rows of one stack."""

    stack: Stack

    def waiting(self, needle: Needle, key: str, content: bytes) -> list[HistoryLine]:
        """The rows of a page that hold the text; some may be imported already."""
        name, _, page = key.removeprefix(PAGES).partition("/pages/")
        rows = [FileRow(*json.loads(text)) for text in content.splitlines()] if page else []
        hits = [row for row in rows if needle.is_in(row.record) or needle.is_value(row.text)]
        files = self._files().known([name]) if hits else {}
        return [_line(files[name], row, needle) for row in hits if name in files]

    def _files(self) -> Files:
        stack = self.stack
        dynamodb, table, day = stack.client("dynamodb"), stack.ledger_table, stack.time_zone
        counts = OutcomeCounts(dynamodb, table, partial(day_of, day), clock=stack.clock)
        return Files(dynamodb, table, counts, clock=stack.clock)


def _line(file: RowFile, row: FileRow, needle: Needle) -> HistoryLine:
    is_exact = needle.exact.is_in(row.record) or needle.exact.is_value(row.text)
    return HistoryLine(
        row_received_at(file.received_at, row.line) / 1_000_000,
        WAITS,
        file.connection,
        f"line {row.line}",
        [f"{file.delivery}/{row.line}"],
        why=f"{file.key}, line {row.line}: not imported yet.",
        is_part=not is_exact,
    )
