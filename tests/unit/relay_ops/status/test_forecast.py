"""`status` says on which day the backlog will be imported."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from relay_ops.status.forecast import (
    BLOCKING_METRICS,
    BulkView,
    Forecast,
    SubmissionView,
    Used,
    unexplained,
)

BERLIN = ZoneInfo("Europe/Berlin")
RUNS = SubmissionView(is_running=True)


def forecast(
    year: int,
    month: int,
    day: int,
    hour: int = 12,
    minute: int = 0,
    *,
    used: int = 0,
    **changes: Any,
) -> Forecast:
    """A forecast with 1,000 entities a day, at a time in Berlin."""
    values: dict[str, Any] = {
        "now": datetime(year, month, day, hour, minute, tzinfo=BERLIN),
        "entities": Used(used, 1_000),
        "requests": Used(0, 100),
        "requests_for_imports": 95,
        "submission": RUNS,
        "bulk": BulkView(Used(0, 800), Used(0, 76), RUNS),
    }
    return Forecast(**{**values, **changes})


@pytest.mark.parametrize(
    ("used", "backlog", "day"),
    [
        (0, 0, 21),
        (0, 1_000, 21),
        (0, 1_001, 22),
        (400, 600, 21),
        (400, 601, 22),
        (400, 2_600, 23),
        (1_000, 0, 21),
        (1_000, 1, 22),
        (1_300, 1_000, 22),
        (1_300, 1_001, 23),
    ],
)
def test_todays_rest_goes_first_then_day_after_day(used: int, backlog: int, day: int) -> None:
    assert forecast(2026, 11, 21, used=used).drained_on(backlog) == date(2026, 11, day)


def test_months_and_leap_days_are_counted() -> None:
    assert forecast(2027, 12, 30).drained_on(62_000) == date(2028, 2, 29)


@pytest.mark.parametrize(("month", "day"), [(3, 28), (10, 24)])
def test_a_day_with_23_or_25_hours_is_one_day(month: int, day: int) -> None:
    late = forecast(2026, month, day, 23, 59, used=1_000)

    assert late.drained_on(2_000) == date(2026, month, day + 2)


def test_days_are_those_of_the_limits_time_zone() -> None:
    late = datetime(2026, 11, 21, 23, 30, tzinfo=UTC).astimezone(BERLIN)

    assert forecast(2026, 11, 22, now=late).drained_on(1) == date(2026, 11, 22)


def test_what_is_left_is_never_less_than_nothing() -> None:
    assert Used(1_300, 1_000).left == 0


def test_without_requests_for_imports_nothing_goes_today() -> None:
    spent = forecast(2026, 11, 21, requests=Used(95, 100))

    assert spent.drained_on(1) == date(2026, 11, 22)


def test_while_submission_is_paused_until_tomorrow_nothing_goes_today() -> None:
    until = datetime(2026, 11, 21, 23, 1, tzinfo=UTC)
    paused = forecast(2026, 11, 21, submission=SubmissionView(False, "limit.entities", until))

    assert paused.drained_on(1_000) == date(2026, 11, 22)
    assert paused.drained_on(1_001) == date(2026, 11, 23)


def test_a_pause_that_ends_today_takes_the_rest_of_today() -> None:
    until = datetime(2026, 11, 21, 13, tzinfo=UTC)
    paused = forecast(2026, 11, 21, submission=SubmissionView(False, "mateo.unreachable", until))

    assert paused.drained_on(1_000) == date(2026, 11, 21)


def test_a_pause_by_hand_is_ended_by_the_watchdog_on_the_same_day() -> None:
    by_hand = forecast(2026, 11, 21, submission=SubmissionView(is_running=False))

    assert by_hand.drained_on(1) == date(2026, 11, 21)


def test_while_mateo_refuses_the_token_no_day_is_known() -> None:
    until = datetime(2026, 11, 21, 13, tzinfo=UTC)
    refused = forecast(2026, 11, 21, submission=SubmissionView(False, "mateo.credentials", until))

    assert refused.drained_on(1) is None


def test_no_day_is_promised_while_a_connection_has_a_blocker() -> None:
    seen = forecast(2026, 11, 21, blockers=("a connection waits",))

    assert seen.drained_on(1) is None
    assert seen.in_the_way == ("a connection waits",)


def test_a_refused_token_is_said_once() -> None:
    paused = SubmissionView(False, "mateo.credentials", datetime(2026, 11, 21, 13, tzinfo=UTC))

    seen = forecast(
        2026, 11, 21, submission=paused, blockers=(BLOCKING_METRICS["CredentialsRefused"],)
    )

    assert seen.in_the_way == ("Mateo refuses the token",)


def test_a_connection_that_is_noted_explains_only_the_metric_of_its_kind() -> None:
    assert unexplained([]) == [*BLOCKING_METRICS]
    assert unexplained(["fetcher.refused"]) == ["CredentialsRefused", "ConnectionsUnusable"]
    assert unexplained(["connection.disabled"]) == ["CredentialsRefused", "FetchersUnavailable"]
