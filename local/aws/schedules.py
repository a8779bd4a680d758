"""Executes EventBridge Scheduler's schedules, which moto only stores; `stack` runs the loop.

One-time (`at`) and `cron` schedules that invoke a function, or have the universal target that
resumes submission (`lambda:updateEventSourceMapping`). Anything else is reported once in the log,
never dropped silently.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from local.background import Rounds, together
from local.clock import StackClock

_PERIOD_S = 0.5
"""EventBridge Scheduler promises a minute; nobody waits for that on a laptop."""

FUNCTION_TARGET = ":function:"
RESUME_TARGET = ":aws-sdk:lambda:updateEventSourceMapping"
MAX_GAP = timedelta(days=40)
"""How far back a cron schedule is looked through after the clock was moved."""

_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]


class ScheduleError(Exception):
    """A schedule that cannot be executed here; the text says why."""


class Schedules:
    """The loop that looks for due schedules."""

    def __init__(
        self,
        scheduler: Any,
        lambda_: Any,
        clock: StackClock,
        say: Callable[[str], None],
        *,
        invoke: Callable[[str, bytes], str],
    ) -> None:
        """Nothing is executed before `start`.

        Args:
            say: writes a line into the log.
            invoke: runs a function by its ARN with an event, and gives its error, "" if none.
        """
        self._scheduler = scheduler
        self._lambda = lambda_
        self._clock = clock
        self._say = say
        self._invoke = invoke
        self._looked = clock.now()
        self._refused: dict[str, str] = {}
        self._known: dict[str, tuple[Any, dict[str, Any]]] = {}
        self._rounds = Rounds("schedules", self.run_due, period_s=_PERIOD_S, tell=self._tell)
        self._lock = threading.Lock()

    def start(self) -> None:
        """Look for due schedules in the background until `stop`."""
        self._rounds.start()

    def stop(self) -> None:
        """End the loop."""
        self._rounds.stop()

    def _tell(self, error: Exception) -> None:
        self._say(f"schedules: {type(error).__name__}: {error}")

    def run_due(self) -> None:
        """Execute what became due since the last look; no schedule waits for another one."""
        with self._lock:
            now = self._clock.now()
            found = [one for one in self._listed() if self._is_due(one, now)]
            together(partial(self._run_one, one) for one in found)
            self._looked = now

    def _listed(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for page in self._scheduler.get_paginator("list_schedules").paginate():
            found += page["Schedules"]
        return found

    def _is_due(self, short: dict[str, Any], now: datetime) -> bool:
        schedule = self._described(short)
        if schedule.get("State", "ENABLED") != "ENABLED":
            return False
        zone = schedule.get("ScheduleExpressionTimezone", "UTC")
        try:
            return due(schedule["ScheduleExpression"], zone, self._looked, now)
        except ScheduleError as error:
            self._refuse(short, error)
            return False

    def _run_one(self, short: dict[str, Any]) -> None:
        schedule = self._described(short)
        try:
            self._call(short["Name"], schedule["Target"])
        except ScheduleError as error:
            self._refuse(short, error)
            return
        self._refused.pop(short["Arn"], None)
        if schedule["ScheduleExpression"].startswith("at("):
            names = _names(short)
            # Without DELETE AWS keeps a finished schedule; disabled, it is not executed again.
            if schedule.get("ActionAfterCompletion") == "DELETE":
                self._scheduler.delete_schedule(**names)
            else:
                kept = ("ScheduleExpression", "FlexibleTimeWindow", "Target")
                self._scheduler.update_schedule(
                    **names, State="DISABLED", **{key: schedule[key] for key in kept}
                )

    def _refuse(self, short: dict[str, Any], error: ScheduleError) -> None:
        """Say once why a schedule cannot be executed."""
        if self._refused.get(short["Arn"]) != str(error):
            self._refused[short["Arn"]] = str(error)
            self._say(f"schedule {short['Name']}: {error}")

    def _described(self, short: dict[str, Any]) -> dict[str, Any]:
        """All of a schedule. It is asked for again only when it was changed."""
        modified, schedule = self._known.get(short["Arn"], (None, {}))
        if modified is None or modified != short.get("LastModificationDate"):
            schedule = self._scheduler.get_schedule(**_names(short))
            self._known[short["Arn"]] = short.get("LastModificationDate"), schedule
        return schedule

    def _call(self, name: str, target: dict[str, Any]) -> None:
        if FUNCTION_TARGET in str(target["Arn"]):
            event = str(target.get("Input", "{}")).encode()
            if error := self._invoke(str(target["Arn"]), event):
                self._say(f"schedule {name}: the function failed: {error}")
            return
        if not str(target["Arn"]).endswith(RESUME_TARGET):
            raise ScheduleError(f"target {target['Arn']} is not known here")
        given = json.loads(target.get("Input", "{}"))
        # The scheduler spells members as the AWS SDK for Java does: `Uuid`.
        by_name = {name.lower(): value for name, value in given.items()}
        self._lambda.update_event_source_mapping(UUID=by_name["uuid"], Enabled=by_name["enabled"])


def _names(short: dict[str, Any]) -> dict[str, str]:
    return {"Name": short["Name"], "GroupName": short["GroupName"]}


def due(expression: str, zone: str, after: datetime, now: datetime) -> bool:
    """Whether a schedule is to be executed at `now` when it was last looked at `after`.

    Raises:
        ScheduleError: for an expression of another kind.
    """
    match = re.fullmatch(r"(at|cron)\((.*)\)", expression)
    if match is None:
        raise ScheduleError(f"expression {expression} is not known here")
    if match[1] == "at":
        timestamp = datetime.fromisoformat(match[2]).replace(tzinfo=ZoneInfo(zone))
        return timestamp.astimezone(UTC) <= now
    return _cron_due(match[2], zone, max(after, now - MAX_GAP), now)


def _cron_due(fields: str, zone: str, after: datetime, now: datetime) -> bool:
    parts = fields.split()
    if len(parts) != 6:
        raise ScheduleError(f"cron({fields}) has not six fields")
    minutes = _values(parts[0], 0, 59)
    hours = _values(parts[1], 0, 23)
    days = _values(parts[2], 1, 31)
    months = _values(parts[3], 1, 12, _MONTHS)
    weekdays = _values(parts[4], 1, 7, _DAYS)
    years = _values(parts[5], 1970, 2199)
    minute = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
    while minute <= now:
        local = minute.astimezone(ZoneInfo(zone))
        if (
            local.minute in minutes
            and local.hour in hours
            and local.day in days
            and local.month in months
            and local.isoweekday() % 7 + 1 in weekdays
            and local.year in years
        ):
            return True
        minute += timedelta(minutes=1)
    return False


def _values(field: str, least: int, most: int, names: list[str] | None = None) -> frozenset[int]:
    values: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        try:
            if span in ("*", "?"):
                low, high = least, most
            else:
                low = _number(first, names)
                high = _number(last, names) if last else (most if step else low)
            values.update(range(low, high + 1, int(step or 1)))
        except ValueError as error:
            raise ScheduleError(f"cron field {field} is not known here") from error
    return frozenset(values)


def _number(text: str, names: list[str] | None) -> int:
    if names and text.upper() in names:
        return names.index(text.upper()) + 1
    return int(text)
