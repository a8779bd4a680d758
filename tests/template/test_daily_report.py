"""The daily report is written shortly after the end of each day, in every time zone."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from local.aws.schedules import due
from tests.template.expanded import Expanded


@pytest.mark.parametrize(
    ("zone", "begin"),
    [
        ("UTC", datetime(2026, 11, 21, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 3, 28, tzinfo=UTC)),
        ("America/Santiago", datetime(2026, 9, 5, tzinfo=UTC)),  # no midnight on the 6th
        ("Asia/Kathmandu", datetime(2026, 11, 21, tzinfo=UTC)),
    ],
)
def test_a_daily_report_is_written_within_four_hours_of_each_days_end(
    template: Expanded, zone: str, begin: datetime
) -> None:
    expression = template.properties("DailyReportSchedule")["ScheduleExpression"]
    minutes = [begin + timedelta(minutes=n) for n in range(3 * 24 * 60)]
    runs = [
        b.astimezone(ZoneInfo(zone)) for a, b in pairwise(minutes) if due(expression, zone, a, b)
    ]

    first = {one.date(): min(other for other in runs if other.date() == one.date()) for one in runs}
    assert len(first) >= 3
    for one in list(first.values())[1:]:
        midnight = datetime.combine(one.date(), datetime.min.time(), ZoneInfo(zone))
        assert timedelta(minutes=15) <= one - midnight <= timedelta(hours=4)


def test_the_day_of_a_daily_report_is_that_of_the_limits(template: Expanded) -> None:
    schedule = template.properties("DailyReportSchedule")
    zone = {"Ref": "LimitTimeZone"}
    assert schedule["ScheduleExpressionTimezone"] == zone
    assert template.environment("WriteDailyReport")["LIMIT_TIME_ZONE"] == zone
    assert schedule["Target"]["Arn"] == {"Fn::GetAtt": ["WriteDailyReport", "Arn"]}
