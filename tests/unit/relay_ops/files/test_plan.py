"""What a file costs is said in days, with the day on which it is done."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest

from import_relay.bulk.bulk_day import BulkDay
from relay_ops.files.plan import Plan, cost_text
from relay_ops.files.turns import Ahead, DayLimits, FileAhead
from relay_ops.status.forecast import BulkView, Forecast, SubmissionView, Used

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RUNS = SubmissionView(is_running=True)


def forecast(
    used: int = 0,
    submission: SubmissionView = RUNS,
    blockers: tuple[str, ...] = (),
    *,
    bulk: SubmissionView = RUNS,
    connections: Mapping[str, Used] | None = None,
    requests: int = 0,
) -> Forecast:
    return Forecast(
        now=NOW,
        entities=Used(used, 25_000),
        requests=Used(requests, 10_000),
        requests_for_imports=9_500,
        submission=submission,
        bulk=BulkView(Used(used, 20_000), Used(0, 7_600), bulk),
        connections=connections or {},
        blockers=blockers,
    )


def plan(
    rows: int,
    view: Forecast,
    ahead: Ahead | None = None,
    *,
    share: int = 20_000,
    own: Mapping[str, int] | None = None,
) -> Plan:
    return Plan(rows, "erp", view, DayLimits(25_000, BulkDay(share, own or {})), ahead or Ahead())


def test_fifty_thousand_rows_take_two_days() -> None:
    (line,) = plan(50_000, forecast()).lines()

    assert line == (
        "50,000 rows cost at most 50,000 entities, two days at 25,000 per day: done on 2026-11-22."
    )


def test_what_is_used_today_and_what_waits_come_first() -> None:
    found = plan(50_000, forecast(used=20_000), Ahead(live=12_000))

    assert found.done_on == date(2026, 11, 24)
    assert "; 12,000 records wait already: done on" in found.lines()[0]


def test_a_connections_own_limit_makes_the_days() -> None:
    found = plan(50_000, forecast(), own={"erp": 5_000, "shop": 10})

    assert found.lines()[0].endswith(
        "10 days at 5,000 per day, the connection's own limit: done on 2026-11-30."
    )
    assert (found.as_json()["entities_per_day"], found.as_json()["days"]) == (5_000, 10)


def test_what_the_connection_used_today_counts() -> None:
    used = forecast(connections={"erp": Used(4_999, 5_000)})

    assert plan(2, used, own={"erp": 5_000}).done_on == date(2026, 11, 22)
    assert plan(1, used, own={"erp": 5_000}).done_on == date(2026, 11, 21)


def test_a_small_share_of_the_day_makes_more_days() -> None:
    """Files use the share, and in the last hour as much again."""
    found = plan(50_000, forecast(), share=5_000)

    assert "five days at 10,000 per day, what the bulk lane may use" in found.lines()[0]
    assert found.done_on == date(2026, 11, 25)


def test_no_day_is_promised_while_something_is_in_the_way() -> None:
    found = plan(1, forecast(blockers=("Mateo refuses the token",)))

    assert found.done_on is None
    assert found.lines()[1:] == ["It has to wait: Mateo refuses the token."]
    assert found.as_json()["done_on"] is None


def test_a_pause_is_told() -> None:
    until = datetime(2026, 11, 23, tzinfo=UTC)
    found = plan(1, forecast(submission=SubmissionView(False, "by hand", until)))

    assert found.done_on == date(2026, 11, 23)
    assert found.lines()[1] == (
        "It has to wait: submission is paused until 2026-11-23 00:00 (by hand)."
    )


def test_a_pause_of_the_bulk_lane_alone_is_told() -> None:
    until = datetime(2026, 11, 21, 23, tzinfo=UTC)
    found = plan(1, forecast(bulk=SubmissionView(False, "limit.bulk_share", until)))

    assert found.done_on == date(2026, 11, 21)
    assert found.lines()[1] == (
        "It has to wait: the bulk lane is paused until 2026-11-21 23:00 (limit.bulk_share)."
    )


def test_nothing_is_imported_on_a_day_whose_requests_are_spent() -> None:
    assert plan(1, forecast(requests=9_500)).done_on == date(2026, 11, 22)


def test_a_file_that_would_be_refused_for_its_wait_is_not_uploaded() -> None:
    waiting = Ahead(files=[FileAhead("shop", 2_400_000)])

    assert plan(1, forecast()).refusal == ""
    assert plan(1, forecast(), waiting).refusal == (
        "1 rows, and 2,400,000 of other files before them, at 20,000 a day"
    )
    assert "601 rows" in plan(601, forecast(), own={"erp": 5}).refusal


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
