"""Schedules are executed when they are due, as EventBridge Scheduler does it."""

import json
import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from local.aws.schedules import ScheduleError, Schedules, due
from local.clock import StackClock

DAILY = "cron(1 0 * * ? *)"
TARGET = "arn:aws:scheduler:::aws-sdk:lambda:updateEventSourceMapping"


def timestamp(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "zone", "after", "now", "expected"),
    [
        (DAILY, "UTC", "2026-11-21T23:59:00", "2026-11-22T00:01:00", True),
        (DAILY, "UTC", "2026-11-22T00:01:00", "2026-11-22T23:59:00", False),
        (DAILY, "UTC", "2026-11-21T10:00:00", "2026-11-23T10:00:00", True),
        (DAILY, "Europe/Berlin", "2026-11-21T22:59:00", "2026-11-21T23:01:30", True),
        (DAILY, "Europe/Berlin", "2026-11-21T23:59:00", "2026-11-22T00:02:00", False),
        ("cron(0/15 8-9 ? * MON-FRI *)", "UTC", "2026-11-23T08:14:00", "2026-11-23T08:15:00", True),
        (
            "cron(0/15 8-9 ? * MON-FRI *)",
            "UTC",
            "2026-11-22T08:14:00",
            "2026-11-22T08:20:00",
            False,
        ),
        ("at(2026-11-22T00:00:05)", "UTC", "2026-11-21T00:00:00", "2026-11-22T00:00:05", True),
        ("at(2026-11-22T00:00:05)", "UTC", "2026-11-21T00:00:00", "2026-11-22T00:00:04", False),
        (
            "at(2026-11-22T00:00:00)",
            "Europe/Berlin",
            "2026-11-21T00:00:00",
            "2026-11-21T23:00:00",
            True,
        ),
    ],
)
def test_a_schedule_is_due_once_its_time_has_come(
    expression: str, zone: str, after: str, now: str, *, expected: bool
) -> None:
    assert due(expression, zone, timestamp(after), timestamp(now)) is expected


@pytest.mark.parametrize("expression", ["rate(1 hour)", "cron(0 0 * *)", "cron(0 0 L * ? *)"])
def test_an_expression_of_another_kind_is_refused(expression: str) -> None:
    with pytest.raises(ScheduleError):
        due(expression, "UTC", timestamp("2026-11-21T00:00:00"), timestamp("2026-11-21T00:05:00"))


class FakeScheduler:
    """Holds schedules by name, as the API lists and gives them."""

    def __init__(self, **schedules: dict[str, Any]) -> None:
        self.schedules = schedules
        self.modified: dict[str, int] = {}
        self.asked: list[str] = []

    def get_paginator(self, _: str) -> "FakeScheduler":
        return self

    def paginate(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = [
            {"Name": name, "GroupName": "g", "Arn": name} for name in self.schedules
        ]
        for one in listed:
            if one["Arn"] in self.modified:
                one["LastModificationDate"] = self.modified[one["Arn"]]
        return [{"Schedules": listed}]

    def get_schedule(self, Name: str, GroupName: str) -> dict[str, Any]:  # noqa: N803
        self.asked.append(Name)
        return self.schedules[Name]

    def delete_schedule(self, Name: str, GroupName: str) -> None:  # noqa: N803
        del self.schedules[Name]

    def update_schedule(self, Name: str, GroupName: str, **changes: Any) -> None:  # noqa: N803
        self.schedules[Name] |= changes


class FakeLambda:
    """Keeps how the mapping was updated."""

    def __init__(self) -> None:
        self.updates: list[dict[str, Any]] = []

    def update_event_source_mapping(self, **values: Any) -> None:
        self.updates.append(values)


def schedule(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "ScheduleExpression": "at(2026-11-22T00:00:00)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "Target": {"Arn": TARGET, "Input": json.dumps({"Uuid": "u", "Enabled": True})},
    }
    return values | changes


class FakeFunctions:
    """Keeps what was invoked with which event; each invocation ends with `error`."""

    def __init__(self, error: str = "") -> None:
        self.invoked: list[tuple[str, bytes]] = []
        self._error = error

    def invoke(self, arn: str, event: bytes) -> str:
        self.invoked.append((arn, event))
        return self._error


def run(
    scheduler: FakeScheduler,
    offset_s: float = 10 * 365 * 86_400,
    functions: FakeFunctions | None = None,
) -> tuple[FakeLambda, list[str]]:
    lambda_, said = FakeLambda(), list[str]()
    clock = StackClock()
    invoke = (functions or FakeFunctions()).invoke
    schedules = Schedules(scheduler, lambda_, clock, said.append, invoke=invoke)
    clock.offset_s = offset_s
    schedules.run_due()
    schedules.run_due()
    return lambda_, said


def test_a_due_one_time_schedule_resumes_submission_and_is_deleted() -> None:
    scheduler = FakeScheduler(one=schedule())

    lambda_, _ = run(scheduler)

    assert lambda_.updates == [{"UUID": "u", "Enabled": True}]
    assert scheduler.schedules == {}


def test_a_one_time_schedule_that_is_kept_is_executed_once() -> None:
    scheduler = FakeScheduler(one=schedule(ActionAfterCompletion="NONE"))

    lambda_, _ = run(scheduler)

    assert len(lambda_.updates) == 1
    assert scheduler.schedules["one"]["State"] == "DISABLED"


def test_a_cron_schedule_is_executed_once_when_its_time_has_passed() -> None:
    lambda_, _ = run(FakeScheduler(daily=schedule(ScheduleExpression=DAILY)), offset_s=86_400)

    assert len(lambda_.updates) == 1


def test_a_schedule_is_read_again_only_when_it_was_changed() -> None:
    scheduler = FakeScheduler(daily=schedule(ScheduleExpression=DAILY))
    scheduler.modified["daily"] = 1
    schedules = Schedules(
        scheduler, FakeLambda(), StackClock(), lambda _: None, invoke=FakeFunctions().invoke
    )

    for _ in range(3):
        schedules.run_due()
    assert scheduler.asked == ["daily"]

    scheduler.modified["daily"] = 2
    schedules.run_due()
    assert scheduler.asked == ["daily"] * 2


def test_a_disabled_schedule_is_not_executed() -> None:
    lambda_, _ = run(FakeScheduler(one=schedule(State="DISABLED")))

    assert lambda_.updates == []


def test_a_schedule_whose_target_is_unknown_is_reported_once() -> None:
    other = schedule(Target={"Arn": "arn:aws:sqs:us-east-1:123456789012:queue"})

    _, said = run(FakeScheduler(one=other))

    assert len(said) == 1
    assert "one" in said[0]


def test_each_reason_is_reported_once() -> None:
    scheduler, said = FakeScheduler(one=schedule(ScheduleExpression="every day")), list[str]()
    schedules = Schedules(
        scheduler, FakeLambda(), StackClock(), said.append, invoke=FakeFunctions().invoke
    )
    for expression in ("every day", "every day", "now and then"):
        scheduler.schedules["one"]["ScheduleExpression"] = expression
        schedules.run_due()

    assert len(said) == 2


FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"


def test_a_schedule_of_a_function_invokes_it_with_its_input() -> None:
    functions = FakeFunctions()

    run(FakeScheduler(one=schedule(Target={"Arn": FUNCTION, "Input": "{}"})), functions=functions)

    assert functions.invoked == [(FUNCTION, b"{}")]


def test_a_function_that_fails_is_reported() -> None:
    failing = FakeFunctions("it broke")

    _, said = run(FakeScheduler(one=schedule(Target={"Arn": FUNCTION})), functions=failing)

    assert said == ["schedule one: the function failed: it broke"]


def test_schedules_do_not_wait_for_each_other() -> None:
    meeting = threading.Barrier(2, timeout=20)
    functions = FakeFunctions()

    def meet(arn: str, event: bytes) -> str:
        meeting.wait()
        return functions.invoke(arn, event)

    target = {"Arn": FUNCTION, "Input": "{}"}
    scheduler = FakeScheduler(one=schedule(Target=target), other=schedule(Target=target))
    clock, said = StackClock(), list[str]()
    schedules = Schedules(scheduler, FakeLambda(), clock, said.append, invoke=meet)
    clock.offset_s = 10 * 365 * 86_400
    schedules.run_due()

    assert functions.invoked == [(FUNCTION, b"{}")] * 2
