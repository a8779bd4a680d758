"""The files of the daily report, in one folder of the bucket; called by `writing`."""

from collections.abc import Sequence
from dataclasses import dataclass

from import_relay.domain.report_text import json_content, ndjson_content
from import_relay.report.daily.daily_summary import DailySummary
from import_relay.report.daily.page import page
from import_relay.report.failure_file import table, workbook
from import_relay.report.problems import Problem
from import_relay.report.report_files import XLSX
from import_relay.report.tables import as_csv
from import_relay.storage.archive import Archive

MAX_FILE_LINES = 10_000
"""Problems that the files list, the newest ones; `relay failures --xlsx` writes all of them."""
PAGE_FILE, DONE_FILE = "index.html", "summary.json"


def folder_of(day: str) -> str:
    """Where the report of a day (YYYY-MM-DD) lies."""
    return f"daily/date={day}"


@dataclass(frozen=True, slots=True)
class DailyFiles:
    """Writes the report of a day."""

    archive: Archive

    def write_page(self, summary: DailySummary, problems: Sequence[Problem]) -> None:
        """Store the page and what it names.

        A list of failures is written even if it is empty: an older one would be wrong.
        """
        folder, listed = folder_of(str(summary.day)), problems[:MAX_FILE_LINES]
        self._put(folder, "failures.csv", as_csv(*table(listed)), "text/csv; charset=utf-8")
        sheet = workbook(listed, at=summary.written_at)
        self._put(folder, "failures.xlsx", sheet, XLSX)
        counts = ndjson_content(summary.count_lines())
        # In a folder of its own: it is a table for Athena.
        self._put(folder, "counts/counts.ndjson", counts, "application/x-ndjson")
        self._put(folder, PAGE_FILE, page(summary), "text/html; charset=utf-8")

    def finish(self, summary: DailySummary) -> None:
        """Store the summary, last: where it is, everything is."""
        content = json_content(summary.as_object())
        self._put(folder_of(str(summary.day)), DONE_FILE, content, "application/json")

    def _put(self, folder: str, name: str, content: bytes, content_type: str) -> None:
        self.archive.put(f"{folder}/{name}", content, content_type=content_type)
