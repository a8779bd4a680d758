"""A day for the tests of the daily report: counts, problems, and the summary of both."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from import_relay.report.daily.daily_summary import (
    DailyFacts,
    DailySummary,
    OpenProblems,
    UsedQuota,
    daily_summary,
)
from import_relay.report.daily.day_counts import Day, DayCounts, HourKey, ImportLine
from import_relay.report.problems import ProblemGroup

DAY = Day(date(2026, 11, 21), ZoneInfo("Europe/Berlin"))


def import_line(number: int = 1, **values: Any) -> ImportLine:
    """An import that began at noon and took `number` minutes."""
    begun = DAY.begin + 12 * 3600
    line = ImportLine(
        f"ref-{number:04}", "contact_details", begun, begun + 60 * number, 10, 9, 1, 0
    )
    return line._replace(**values)


def group(**values: Any) -> ProblemGroup:
    """A group of problems."""
    at = int((DAY.begin + 3600) * 1_000_000)
    given = {
        "kind": "failed",
        "connection": "hubspot",
        "code": "23514",
        "field": "",
        "reason": "taken",
        "what_to_do": "Correct the record in the CRM.",
        "count": 3,
        "first": at,
        "last": at + 60_000_000,
    }
    return ProblemGroup(**{**given, **values})


def summary_of(
    hours: dict[tuple[str, int, str], int] | None = None,
    *,
    waits: dict[int, int] | None = None,
    imports: Iterable[ImportLine] = (),
    groups: Iterable[ProblemGroup] = (),
    **facts: Any,
) -> DailySummary:
    """A report of these counts, written an hour after the day's end."""
    counts = DayCounts(
        Counter({HourKey(*key): count for key, count in (hours or {}).items()}),
        Counter(waits or {}),
        list(imports),
    )
    groups = list(groups)
    found = sum(one.count for one in groups)
    given: dict[str, Any] = {
        "stack": "import-relay",
        "day": DAY,
        "written_at": DAY.end + 3600,
        "counts": counts,
        "requests": UsedQuota(120, 10_000),
        "entities": UsedQuota(3_111, 25_000),
        "open": OpenProblems(groups, found, found, 7),
    }
    return daily_summary(DailyFacts(**{**given, **facts}))
