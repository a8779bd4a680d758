"""The files of a report: its documents as JSON, CSV and workbooks, in one folder of the bucket.

Called by `reporting` as its step *write*.
"""

import gzip
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from import_relay.domain.report_text import json_content, ndjson_content
from import_relay.report.documents import (
    FAILURE_COLUMNS,
    failure_lines,
    left_out_lines,
    row_lines,
    summary,
)
from import_relay.report.findings import Findings
from import_relay.report.noted_rows import LEFT_OUT_COLUMNS, left_out_cells
from import_relay.report.row_lines import ROWS_FILE
from import_relay.report.tables import AsWorkbook, as_csv, cell_text, json_cell, spread
from import_relay.storage.archive import Archive

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """Writes the files of one import's report to `folder`."""

    folder: str
    archive: Archive
    as_workbook: AsWorkbook

    def write(self, findings: Findings) -> None:
        """Store the report; the summary last, so that where it is, everything is."""
        at = findings.entry.created_at
        if findings.result.unread is not None:
            self._put("failures.raw", findings.result.unread, "application/octet-stream")
        failures = list(failure_lines(findings))
        if failures:
            self._put_lines("failures", FAILURE_COLUMNS, _cells, failures)
            workbook = self.as_workbook("failures", *_sheet(failures), created_at=at)
            self._put("failures.xlsx", workbook, XLSX)
        left_out = list(left_out_lines(findings))
        if left_out:
            self._put_lines("left_out", LEFT_OUT_COLUMNS, left_out_cells, left_out)
            cells = map(left_out_cells, left_out)
            workbook = self.as_workbook("left out", LEFT_OUT_COLUMNS, cells, created_at=at)
            self._put("left_out.xlsx", workbook, XLSX)
        if findings.sent.rows:
            lines = gzip.compress(ndjson_content(row_lines(findings)), mtime=0)
            self._put(ROWS_FILE, lines, "application/gzip")
        self._put("summary.json", json_content(summary(findings)), "application/json")

    def _put(self, name: str, content: bytes, content_type: str) -> None:
        self.archive.put(f"{self.folder}/{name}", content, content_type=content_type)

    def _put_lines(
        self,
        name: str,
        columns: Sequence[str],
        cells: Callable[[Mapping[str, object]], Sequence[str]],
        lines: Sequence[Mapping[str, object]],
    ) -> None:
        """Store lines for programs, as NDJSON and as CSV."""
        table = as_csv(columns, map(cells, lines))
        self._put(f"{name}.csv", table, "text/csv; charset=utf-8")
        self._put(f"{name}.ndjson", ndjson_content(lines), "application/x-ndjson")


def _cells(failure: Mapping[str, object]) -> list[str]:
    """A failure as a line of the table: of several webhooks all events, and the last webhook."""
    sources = failure["items"]
    assert isinstance(sources, list)  # noqa: S101  # for the type: Findings.failure_lines
    last = sources[-1] if sources else {}
    cells = {
        **failure,
        "retryable": "yes" if failure["retryable"] else "no",
        "will_retry": "yes" if failure["will_retry"] else "no",
        "input": json_cell(failure["input"]),
        "connection": last.get("connection"),
        "event": " ".join(source["event"] for source in sources),
        "received_at": last.get("received_at"),
    }
    return [cell_text(cells[name]) for name in FAILURE_COLUMNS]


def _sheet(
    failures: Sequence[Mapping[str, object]],
) -> tuple[Sequence[str], Iterable[Sequence[str]]]:
    """The failures for a person: each column of the row that was sent has a column of its own."""
    known = [name for name in FAILURE_COLUMNS if name != "input"]
    columns, rows = spread([failure["input"] for failure in failures])
    sent = [name for name in columns if name not in known]
    lines = (
        [
            *(dict(zip(FAILURE_COLUMNS, _cells(failure), strict=True))[name] for name in known),
            *(row.get(name, "") for name in sent),
        ]
        for failure, row in zip(failures, rows, strict=True)
    )
    return [*known, *sent], lines
