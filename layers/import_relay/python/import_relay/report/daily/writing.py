"""The use case of write_daily_report: a day's page and files in the bucket, and a mail about it.

Called shortly after a day's end by a schedule, and by `relay daily` for any day. The steps may be
repeated: the same day gives the same counts each time.

    read       what ended on the day, what was received, the day's quota, what is open
    write      the list of failures, the page, then the summary
    mail       only by the schedule, and only once per day
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from import_relay.domain.log_events import Emit
from import_relay.report.daily.daily_files import (
    DONE_FILE,
    MAX_FILE_LINES,
    PAGE_FILE,
    DailyFiles,
    folder_of,
)
from import_relay.report.daily.daily_summary import (
    DailyFacts,
    DailySummary,
    OpenProblems,
    UsedQuota,
    daily_summary,
)
from import_relay.report.daily.day_counts import RECEIVED, Day, DayCounts, HourKey
from import_relay.report.daily.day_reading import DayReading
from import_relay.report.daily.mail import console_address, subject, text
from import_relay.report.open_problems import open_problems
from import_relay.report.problems import Problem, grouped
from import_relay.storage.archive import Archive
from import_relay.storage.bucket_reads import Bucket
from import_relay.storage.notifications import Notifications
from import_relay.storage.quota import Usage
from import_relay.storage.received_counts import ReceivedCounts

OPEN_DAYS = 7
"""How far back problems are looked for, as `relay failures` does."""
OTHER_CONNECTIONS = "(others)"
"""Stands for connections that are no longer in connections.toml."""


@dataclass(frozen=True, slots=True)
class DailyParts:
    """Everything that the report reads and writes. `connections` gives the names of all."""

    bucket: Bucket
    archive: Archive
    received: ReceivedCounts
    usage: Callable[[str], Usage]
    notifications: Notifications
    connections: Callable[[], Collection[str]]


@dataclass(frozen=True, slots=True)
class DailyOptions:
    """Whose report it is, and what Mateo allows it on a day."""

    stack: str
    region: str
    zone: ZoneInfo
    requests_per_day: int
    entities_per_day: int


@dataclass(frozen=True, slots=True)
class DailyWritten:
    """A report that exists. `is_new`: this call wrote it. `mailed`: a mail was sent."""

    day: str
    key: str
    is_new: bool
    mailed: bool = False


@dataclass(frozen=True, slots=True)
class DailyReporting:
    """Writes daily reports; made once per process. `clock` gives seconds since the epoch."""

    parts: DailyParts
    options: DailyOptions
    clock: Callable[[], float]
    emit: Emit

    def write_yesterday(self) -> DailyWritten:
        """Write and mail the report of the day that just ended, unless it is there."""
        now = datetime.fromtimestamp(self.clock(), self.options.zone)
        day = Day(now.date() - timedelta(days=1), self.options.zone)
        key = f"{folder_of(str(day))}/{PAGE_FILE}"
        if self._is_done(day):
            return DailyWritten(str(day), key, is_new=False)
        summary, problems = self._read(day)
        files = DailyFiles(self.parts.archive)
        # The mail comes before the file that says that all is done: two mails are better than none.
        files.write_page(summary, problems)
        mailed = self._mail(summary, key)
        files.finish(summary)
        return self._told(summary, DailyWritten(str(day), key, is_new=True, mailed=mailed))

    def write(self, day: str = "") -> DailyWritten:
        """Write the report of a day (YYYY-MM-DD), of today if it is empty, as it is now.

        Raises:
            ValueError: it is no date, or in the future.
        """
        today = datetime.fromtimestamp(self.clock(), self.options.zone).date()
        wanted = Day(date.fromisoformat(day) if day else today, self.options.zone)
        if wanted.calendar > today:
            raise ValueError(f"{wanted} has not begun")
        summary, problems = self._read(wanted)
        files = DailyFiles(self.parts.archive)
        files.write_page(summary, problems)
        files.finish(summary)
        key = f"{folder_of(str(wanted))}/{PAGE_FILE}"
        return self._told(summary, DailyWritten(str(wanted), key, is_new=True))

    # ------------------------------------------------------------ inside

    def _is_done(self, day: Day) -> bool:
        """Whether its report was written after the day's end."""
        found = self.parts.bucket.keys(f"{folder_of(str(day))}/{DONE_FILE}")
        return any(one.written_at >= day.end for one in found)

    def _read(self, day: Day) -> tuple[DailySummary, list[Problem]]:
        now = datetime.fromtimestamp(self.clock(), self.options.zone)
        counts = DayReading(self.parts.bucket, day).counts()
        self._add_received(counts, day)
        usage = self.parts.usage(str(day))
        problems = open_problems(self.parts.bucket, now, days=OPEN_DAYS)
        facts = DailyFacts(
            stack=self.options.stack,
            day=day,
            written_at=now.timestamp(),
            counts=counts,
            requests=UsedQuota(usage.requests, self.options.requests_per_day, usage.bulk_requests),
            entities=UsedQuota(usage.entities, self.options.entities_per_day, usage.bulk_entities),
            open=OpenProblems(
                grouped(problems), len(problems), min(len(problems), MAX_FILE_LINES), OPEN_DAYS
            ),
        )
        return daily_summary(facts), problems

    def _add_received(self, counts: DayCounts, day: Day) -> None:
        names = {*self.parts.connections(), *counts.connections()}
        for name, at, count in self.parts.received.each(names, day.begin, day.end):
            counts.hours[HourKey(name or OTHER_CONNECTIONS, day.hour(at), RECEIVED)] += count

    def _mail(self, summary: DailySummary, key: str) -> bool:
        bucket = self.parts.bucket.name
        address = console_address(self.options.region, bucket, key)
        body = text(summary, address, f"s3://{bucket}/{key}")
        return self.parts.notifications.send(subject(summary), body)

    def _told(self, summary: DailySummary, written: DailyWritten) -> DailyWritten:
        self.emit(
            "daily.written",
            day=written.day,
            mailed=written.mailed,
            problems=summary.problem_count,
            **summary.total.totals,
        )
        return written
