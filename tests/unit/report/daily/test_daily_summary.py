"""The report of a day adds up, and is the same for the same facts."""

import json
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from import_relay.report.daily.daily_summary import MAX_GROUPS, MAX_IMPORTS, UsedQuota
from import_relay.report.daily.day_counts import Day, percentile
from tests.unit.report.daily.days import DAY, group, import_line, summary_of

HOURS = {
    ("erp", 8, "received"): 100,
    ("erp", 9, "imported"): 90,
    ("erp", 9, "failed"): 4,
    ("erp", 23, "rejected"): 6,
    ("hubspot", 8, "received"): 5,
    ("hubspot", 8, "duplicate"): 2,
}


def test_the_sum_of_the_connections_is_the_total_of_every_hour() -> None:
    summary = summary_of(HOURS)

    for what, counts in summary.total.hours.items():
        by_connection = [one.hours.get(what, [0] * 24) for one in summary.connections]
        assert list(counts) == [sum(hour) for hour in zip(*by_connection, strict=True)]
        assert summary.total.totals[what] == sum(counts)
    assert summary.total.totals == {
        "received": 105,
        "imported": 90,
        "failed": 4,
        "rejected": 6,
        "duplicate": 2,
    }


def test_each_count_of_an_hour_is_a_line_of_the_table() -> None:
    lines = list(summary_of(HOURS).count_lines())

    assert len(lines) == len(HOURS)
    assert {"connection": "hubspot", "hour": 8, "what": "duplicate", "count": 2} in lines


def test_an_empty_day_is_a_report_of_zeros() -> None:
    summary = summary_of()

    assert set(summary.total.totals.values()) == {0}
    assert (summary.waits.median, summary.waits.percent_95) == (None, None)
    assert json.loads(json.dumps(summary.as_object()))["open"]["groups"] == []


@pytest.mark.parametrize(
    ("waits", "median", "percent_95"),
    [
        ({}, None, None),
        ({3: 1}, 3, 3),
        ({1: 1, 2: 1}, 1, 2),
        ({0: 50, 7: 49, 600: 1}, 0, 7),
        ({5: 94, 60: 6}, 5, 60),
        ({5: 95, 60: 5}, 5, 5),
    ],
)
def test_the_wait_is_the_least_within_which_a_share_was_imported(
    waits: dict[int, int], median: int | None, percent_95: int | None
) -> None:
    assert (percentile(waits, 0.5), percentile(waits, 0.95)) == (median, percent_95)


def test_the_longest_imports_are_listed_in_the_order_of_the_day() -> None:
    imports = [import_line(number) for number in range(MAX_IMPORTS + 50)]

    summary = summary_of(imports=reversed(imports))

    assert summary.import_count == MAX_IMPORTS + 50
    assert [one.reference for one in summary.imports] == [one.reference for one in imports[50:]]


def test_the_most_frequent_groups_are_listed_and_all_are_counted() -> None:
    groups = [group(code=str(number), count=MAX_GROUPS + 9 - number) for number in range(205)]

    summary = summary_of(groups=groups)

    assert (summary.group_count, len(summary.problems)) == (205, MAX_GROUPS)
    assert summary.problem_count == sum(one.count for one in groups)


def test_a_day_and_its_hours_are_those_of_the_time_zone() -> None:
    assert DAY.begin == 1795215600  # 2026-11-20T23:00Z
    assert DAY.hour(DAY.begin + 13.5 * 3600) == 13


@pytest.mark.parametrize(
    ("calendar", "zone", "hours"),
    [
        (date(2026, 3, 29), "Europe/Berlin", 23),
        (date(2026, 10, 25), "Europe/Berlin", 25),
        (date(2026, 9, 6), "America/Santiago", 23),  # midnight itself does not exist
        (date(2026, 11, 21), "Asia/Kathmandu", 24),
    ],
)
def test_a_day_ends_where_the_next_one_begins(calendar: date, zone: str, hours: int) -> None:
    day = Day(calendar, ZoneInfo(zone))

    assert day.end - day.begin == hours * 3600
    assert {day.hour(day.begin + 900 * n) for n in range(hours * 4)} <= {*range(24)}
    assert not day.has(day.end)


def test_a_quota_that_is_used_up_is_no_more_than_the_whole() -> None:
    assert UsedQuota(30_000, 25_000).percent == 100


def test_a_day_is_over_from_its_end_on() -> None:
    assert not summary_of(written_at=DAY.end - 1).is_over
    assert summary_of(written_at=DAY.end).is_over
