"""What a file costs is said in days, with the day on which it is done."""

from datetime import UTC, date, datetime

import pytest

from relay_ops.files.plan import Plan, cost_text
from relay_ops.status.forecast import BulkView, Forecast, SubmissionView, Used

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def forecast(
    used: int = 0, submission: SubmissionView | None = None, blockers: tuple[str, ...] = ()
) -> Forecast:
    return Forecast(
        now=NOW,
        entities=Used(used, 25_000),
        requests=Used(0, 10_000),
        requests_for_imports=8_000,
        submission=submission or SubmissionView(is_running=True),
        bulk=BulkView(Used(used, 20_000), Used(0, 7_600), SubmissionView(is_running=True)),
        blockers=blockers,
    )


def test_fifty_thousand_rows_take_two_days() -> None:
    (line,) = Plan(50_000, 0, forecast()).lines()

    assert line == (
        "50,000 rows cost at most 50,000 entities, two days at 25,000 per day: done on 2026-11-22."
    )


def test_what_is_used_today_and_what_waits_come_first() -> None:
    plan = Plan(50_000, 12_000, forecast(used=20_000))

    assert plan.done_on == date(2026, 11, 24)
    assert "after 12,000 records that wait already" in plan.lines()[0]


def test_no_day_is_promised_while_something_is_in_the_way() -> None:
    plan = Plan(1, 0, forecast(blockers=("Mateo refuses the token",)))

    assert plan.done_on is None
    assert plan.lines()[1:] == ["It has to wait: Mateo refuses the token."]
    assert plan.as_json()["done_on"] is None


def test_a_pause_is_said() -> None:
    until = datetime(2026, 11, 23, tzinfo=UTC)
    plan = Plan(1, 0, forecast(submission=SubmissionView(False, "by hand", until)))

    assert plan.done_on == date(2026, 11, 23)
    assert plan.lines()[1] == (
        "It has to wait: submission is paused until 2026-11-23 00:00 (by hand)."
    )


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (1, "1 row costs 1 entity, one day at 100 per day"),
        (101, "101 rows cost at most 101 entities, two days at 100 per day"),
        (4_000, "4,000 rows cost at most 4,000 entities, 40 days at 100 per day"),
    ],
)
def test_the_cost_is_said_in_whole_days(rows: int, text: str) -> None:
    assert cost_text(rows, 100) == text
