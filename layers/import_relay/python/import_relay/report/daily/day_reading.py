"""Reads from the bucket what ended on one day, and counts it; called by `writing`.

An import counts in the hour in which Mateo had counted it, an item that ended without one in the
hour in which that was written down. So a day that is over does not change any more.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from import_relay.report.daily.day_counts import Day, DayCounts, HourKey, ImportLine
from import_relay.report.open_problems import SUMMARY_FILE
from import_relay.report.row_lines import ROWS_FILE, RowLine
from import_relay.report.row_outcomes import RowOutcome
from import_relay.storage.bucket_reads import Bucket, Stored, read_all

LOOK_BACK_DAYS = 14
"""An import that ended today may have been made this long ago: Mateo may be silent for days."""

ENDED_WITHOUT = ("rejected", "outcomes")
"""Prefixes of items that ended without an import."""


@dataclass(frozen=True, slots=True)
class DayReading:
    """Reads one day."""

    bucket: Bucket
    day: Day

    def counts(self) -> DayCounts:
        """What ended on that day."""
        counts = DayCounts()
        for found in read_all(self._of_import, self._summaries(), lambda: None):
            counts.add(found)
        seen: set[str] = set()
        for ends in read_all(self._of_batch, self._batches(), lambda: None):
            for item_id, key in ends:
                if item_id not in seen:  # a process that died wrote its lines twice
                    seen.add(item_id)
                    counts.hours[key] += 1
        return counts

    def _summaries(self) -> Iterator[Stored]:
        """The summaries of the imports that may have ended on the day."""
        first = self.day.calendar - timedelta(days=LOOK_BACK_DAYS)
        for number in range(LOOK_BACK_DAYS + 2):
            prefix = f"reports/date={first + timedelta(days=number)}/"
            for one in self.bucket.keys(prefix, since=self.day.begin):
                if one.key.endswith(f"/{SUMMARY_FILE}"):
                    yield one

    def _batches(self) -> Iterator[str]:
        for prefix in ENDED_WITHOUT:
            for one in self.bucket.keys(f"{prefix}/date={self.day}/"):
                yield one.key

    def _of_import(self, stored: Stored) -> DayCounts:
        counts = DayCounts()
        content = self.bucket.content(stored.key)
        if content is None:
            return counts
        said = json.loads(content)
        ended_at = _seconds(said.get("counted_at")) or stored.written_at
        if not self.day.has(ended_at):
            return counts
        counts.imports.append(_line(stored.key, said, ended_at))
        hour = self.day.hour(ended_at)
        for line in self.bucket.each_line(stored.key.replace(SUMMARY_FILE, ROWS_FILE)):
            row = RowLine.read(line)
            outcome = row.outcome
            if outcome == RowOutcome.RETRIED:
                continue  # it ends in another import
            for one in row.received_items():
                counts.hours[HourKey(one.connection, hour, outcome)] += 1
                if outcome == RowOutcome.IMPORTED:
                    counts.waits[max(0, round((ended_at - one.at / 1_000_000) / 60))] += 1
        return counts

    def _of_batch(self, key: str) -> list[tuple[str, HourKey]]:
        return [
            (
                line["item_id"],
                HourKey(
                    line["connection"],
                    self.day.hour(line["recorded_at"] / 1_000_000),
                    line["outcome"],
                ),
            )
            for line in self.bucket.each_line(key)
        ]


def _line(key: str, said: Mapping[str, Any], ended_at: float) -> ImportLine:
    parts = dict(part.partition("=")[::2] for part in key.split("/")[1:-1])
    rows = said.get("rows", {})
    return ImportLine(
        reference=parts["import"],
        type=parts["type"],
        created_at=_seconds(said.get("created_at")) or ended_at,
        ended_at=ended_at,
        rows=int(rows.get("total", 0)),
        imported=int(rows.get("imported", 0)),
        failed=int(rows.get("failed", 0)),
        unaccounted=int(rows.get("unaccounted", 0)),
    )


def _seconds(text: str | None) -> float:
    return datetime.fromisoformat(text).timestamp() if text else 0.0
