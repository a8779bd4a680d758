"""The report of a day: everything that its page and files say. Pure; called by `writing`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import NamedTuple

from import_relay.report.daily.day_counts import (
    HOURS,
    SHOWN,
    Day,
    DayCounts,
    ImportLine,
    percentile,
)
from import_relay.report.problems import ProblemGroup

MAX_IMPORTS = 200
"""Imports that a report lists, the longest ones; it counts all of them."""
MAX_GROUPS = 200
"""Groups of problems that a report lists, the most frequent ones."""


class UsedQuota(NamedTuple):
    """How much of a daily limit was used, and how much of that by the bulk lane."""

    used: int
    limit: int
    bulk: int = 0

    @property
    def percent(self) -> float:
        """The share of the limit, at most 100."""
        return min(100.0, 100 * self.used / self.limit)

    @property
    def by_lane(self) -> str:
        """What the bulk lane used, to be said after the rest; nothing if it used nothing."""
        return f", {self.bulk:,} of them by the bulk lane" if self.bulk else ""


class ConnectionDay(NamedTuple):
    """One connection's day. `hours`: what → how many in each hour."""

    name: str
    totals: Mapping[str, int]
    hours: Mapping[str, Sequence[int]]


class Waits(NamedTuple):
    """Minutes from the receipt of a change to its import; None if nothing was imported."""

    items: int
    median: int | None
    percent_95: int | None


@dataclass(frozen=True, slots=True)
class DailySummary:
    """A day's report. `requests`, `entities`: of Mateo's limits. `written_at`: s since the epoch.

    `open_since_days`: how far back problems are looked for. `listed`: how many of them the files
    list.
    """

    stack: str
    day: Day
    written_at: float
    total: ConnectionDay
    connections: Sequence[ConnectionDay]
    requests: UsedQuota
    entities: UsedQuota
    waits: Waits
    imports: Sequence[ImportLine]
    import_count: int
    problems: Sequence[ProblemGroup]
    group_count: int
    problem_count: int
    listed: int
    open_since_days: int

    @property
    def is_over(self) -> bool:
        """Whether the day had ended when this was made."""
        return self.written_at >= self.day.end

    def count_lines(self) -> Iterator[dict[str, object]]:
        """The content of counts.ndjson: how many of what, in each hour with any."""
        for one in self.connections:
            for what, counts in one.hours.items():
                for hour, count in enumerate(counts):
                    if count:
                        yield {"connection": one.name, "hour": hour, "what": what, "count": count}

    def as_object(self) -> dict[str, object]:
        """The content of summary.json; times are ISO 8601."""
        return {
            "stack": self.stack,
            "date": str(self.day),
            "time_zone": self.day.zone.key,
            "written_at": _time(self.written_at),
            "is_over": self.is_over,
            "totals": dict(self.total.totals),
            "connections": {
                one.name: {
                    "totals": dict(one.totals),
                    "hours": {what: list(counts) for what, counts in one.hours.items()},
                }
                for one in self.connections
            },
            "quota": {"requests": self.requests._asdict(), "entities": self.entities._asdict()},
            "minutes_to_import": self.waits._asdict(),
            "imports": {"count": self.import_count, "longest": list(map(_import, self.imports))},
            "open": {
                "count": self.problem_count,
                "listed": self.listed,
                "days": self.open_since_days,
                "groups": [_group(one) for one in self.problems],
            },
        }


class OpenProblems(NamedTuple):
    """What is open: in groups, and how many of them the files list one by one."""

    groups: Sequence[ProblemGroup]
    problem_count: int
    listed: int
    days: int


class DailyFacts(NamedTuple):
    """The facts that a report is made of."""

    stack: str
    day: Day
    written_at: float
    counts: DayCounts
    requests: UsedQuota
    entities: UsedQuota
    open: OpenProblems


def daily_summary(facts: DailyFacts) -> DailySummary:
    """The report of a day; the same facts give the same report."""
    counts = facts.counts
    by_length = sorted(counts.imports, key=lambda one: (-one.minutes, one.reference))
    return DailySummary(
        stack=facts.stack,
        day=facts.day,
        written_at=facts.written_at,
        total=_of_connection("", counts),
        connections=[_of_connection(name, counts) for name in counts.connections()],
        requests=facts.requests,
        entities=facts.entities,
        waits=Waits(
            counts.waits.total(), percentile(counts.waits, 0.5), percentile(counts.waits, 0.95)
        ),
        imports=sorted(by_length[:MAX_IMPORTS], key=attrgetter("created_at", "reference")),
        import_count=len(counts.imports),
        problems=facts.open.groups[:MAX_GROUPS],
        group_count=len(facts.open.groups),
        problem_count=facts.open.problem_count,
        listed=facts.open.listed,
        open_since_days=facts.open.days,
    )


def _of_connection(name: str, counts: DayCounts) -> ConnectionDay:
    """A connection's part of the counts; of all connections if `name` is empty."""
    hours = {what: [0] * HOURS for what in SHOWN}
    totals = dict.fromkeys(SHOWN, 0)
    for key, count in sorted(counts.hours.items()):
        if name in ("", key.connection):
            totals[key.what] = totals.get(key.what, 0) + count
            hours.setdefault(key.what, [0] * HOURS)[key.hour] += count
    return ConnectionDay(name, totals, hours)


def _import(one: ImportLine) -> dict[str, object]:
    return {
        **one._asdict(),
        "created_at": _time(one.created_at),
        "ended_at": _time(one.ended_at),
        "minutes": round(one.minutes, 1),
    }


def _group(one: ProblemGroup) -> dict[str, object]:
    return {
        "count": one.count,
        "what": one.kind,
        "connection": one.connection,
        "code": one.code,
        "column": one.field,
        "first": _time(one.first / 1_000_000),
        "last": _time(one.last / 1_000_000),
        "reason": one.reason,
        "what_to_do": one.what_to_do,
    }


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
