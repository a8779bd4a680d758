"""Rows of files that are not reported yet: behind the cursor they wait, before it they are queued.

Called by `finding`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial

from import_relay.bulk.reading import PAGE_ROWS
from import_relay.domain.files import FileRow, row_received_at
from import_relay.storage.files import Files, RowFile
from import_relay.storage.outcome_counts import OutcomeCounts
from import_relay.storage.quota import day_of
from relay_ops.history import HistoryLine
from relay_ops.matching import Needle
from relay_ops.stack import Stack

PAGES = "rows/"
WAITS, QUEUED = "waits in a file", "queued from a file"
NO_OUTCOMES = (WAITS, QUEUED)
"""The state of a row that only pages of rows hold; every other record of it says more."""


@dataclass(frozen=True, slots=True)
class FileRows:
    """Looks into the pages of rows of one stack."""

    stack: Stack

    def waiting(self, needle: Needle, key: str, content: bytes) -> list[HistoryLine]:
        """The rows of a page that hold the text; those that are `QUEUED` may have ended already."""
        name, _, page = key.removeprefix(PAGES).partition("/pages/")
        rows = [FileRow(*json.loads(text)) for text in content.splitlines()] if page else []
        hits = {
            number: row
            for number, row in enumerate(rows)
            if needle.is_in(row.record) or needle.is_value(row.text)
        }
        file = self._files().known([name]).get(name) if hits else None
        if file is None:
            return []
        first = (int(page.partition(".")[0]) - 1) * PAGE_ROWS
        return [
            _line(file, row, needle, is_queued=first + number < file.counted)
            for number, row in hits.items()
        ]

    def _files(self) -> Files:
        stack = self.stack
        dynamodb, table, day = stack.client("dynamodb"), stack.ledger_table, stack.time_zone
        counts = OutcomeCounts(dynamodb, table, partial(day_of, day), clock=stack.clock)
        return Files(dynamodb, table, counts, clock=stack.clock)


def _line(file: RowFile, row: FileRow, needle: Needle, *, is_queued: bool) -> HistoryLine:
    is_exact = needle.exact.is_in(row.record) or needle.exact.is_value(row.text)
    return HistoryLine(
        row_received_at(file.received_at, row.line) / 1_000_000,
        QUEUED if is_queued else WAITS,
        file.connection,
        f"{file.key} line {row.line}",
        [f"{file.delivery}/{row.line}"],
        why=(
            "It is in the queue, or its outcome is older than this search: look back with --days."
            if is_queued
            else "Not imported yet."
        ),
        is_part=not is_exact,
    )
