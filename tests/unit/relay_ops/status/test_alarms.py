"""The rule of an alarm, applied again to the metrics of a day."""

from collections.abc import Mapping

import pytest

from relay_ops.status.alarms import AlarmRule, RaisedAlarm

NOW = 86_400.0 * 20_000 + 43_200
MINUTES = 300.0


def rule(periods: int = 1, needed: int = 0, **changes: object) -> AlarmRule:
    metrics = [{"Namespace": "ImportRelay", "MetricName": "FilesRefused"}]
    given: dict[str, object] = {
        "name": "file-refused",
        "text": "A file cannot be\n read. First run `relay status`.",
        "metrics": metrics,
        "statistic": "Sum",
        "period_s": 300,
        "periods": periods,
        "needed": needed or periods,
        "threshold": 0.0,
        "state": "OK",
        "updated_at": NOW - 500,
    }
    return AlarmRule(**{**given, **changes})  # type: ignore[arg-type]


def raised(sums: Mapping[float, float], **changes: object) -> tuple[float, float | None] | None:
    """Since when and until when, before now (s)."""
    found = rule(**changes).raised({NOW - ago: value for ago, value in sums.items()}, NOW)  # type: ignore[arg-type]
    if found is None:
        return None
    return NOW - found.since, None if found.until is None else NOW - found.until


def test_a_raised_alarm_has_its_meaning_and_its_first_command() -> None:
    found = rule().raised({NOW - 300: 1.0}, NOW)

    assert found == RaisedAlarm("file-refused", "A file cannot be read.", "relay status", NOW - 300)


@pytest.mark.parametrize(
    ("sums", "expected"),
    [
        ({}, None),
        ({300: 0}, None),
        ({600: 1}, (600, 300)),
        ({300: 1}, (300, None)),
        ({6_000: 1, 3_000: 2, 900: 0}, (6_000, 2_700)),
        ({90_000: 1}, None),
    ],
    ids=["no data", "a zero", "over", "still", "twice", "two days ago"],
)
def test_an_alarm_was_raised_when_a_value_was_above_the_threshold(
    sums: Mapping[float, float], expected: object
) -> None:
    assert raised(sums) == expected


@pytest.mark.parametrize(
    ("sums", "expected"),
    [({600: 1}, None), ({900: 1, 600: 1}, (600, 300)), ({1_200: 1, 600: 1}, None)],
    ids=["one", "two in a row", "a gap"],
)
def test_an_alarm_needs_as_many_periods_in_a_row_as_its_rule_says(
    sums: Mapping[float, float], expected: object
) -> None:
    assert raised(sums, periods=2) == expected


def test_two_of_three_periods_may_have_a_gap() -> None:
    assert raised({1_500: 1, 900: 1}, periods=3, needed=2) == (900, 600)


def test_an_alarm_that_is_on_is_shown_without_any_value() -> None:
    assert raised({}, state="ALARM") == (500, None)


@pytest.mark.parametrize(
    ("state", "expected"),
    [("OK", None), ("INSUFFICIENT_DATA", (500, None)), ("ALARM", (500, None))],
)
def test_of_an_alarm_without_own_metrics_the_state_counts(state: str, expected: object) -> None:
    assert raised({}, metrics=(), state=state) == expected


def test_a_new_alarm_without_data_is_not_raised() -> None:
    assert raised({}, state="INSUFFICIENT_DATA") is None
