"""Lambda behind a schedule: looks every quarter of an hour for what no alarm of AWS sees."""

import time
from collections.abc import Mapping
from functools import cache, partial
from typing import Any
from zoneinfo import ZoneInfo

import boto3

from import_relay.domain.connections import load_connections
from import_relay.storage.budget import day_of
from import_relay.storage.executions import Executions
from import_relay.storage.open_imports import OpenImports
from import_relay.storage.overdue_pause import OverduePause
from import_relay.storage.tally import Tally
from import_relay.telemetry.outcome_log import OutcomeLog, without_payload
from import_relay.watch.connection_rates import RateLimits
from import_relay.watch.watchdog import Watchdog, WatchdogParts, WatchdogReport
from import_relay.wiring.settings import WatchdogSettings
from import_relay.wiring.stores import CONFIG

log = OutcomeLog()


@without_payload
def handler(_event: dict[str, Any], _context: Any) -> dict[str, int]:
    """Run all checks once; an error in one of them fails the run, which then is not counted."""
    counts = measures(watchdog().run())
    log.write("watchdog.ran", counts)
    return {**counts}


@cache
def watchdog() -> Watchdog:
    """The use case, wired once per process."""
    settings = WatchdogSettings.from_environment()
    session = boto3.session.Session()
    dynamodb = session.client("dynamodb", config=CONFIG)
    day = partial(day_of, ZoneInfo(settings.limit_time_zone))
    parts = WatchdogParts(
        pause=OverduePause(
            dynamodb,
            session.client("lambda", config=CONFIG),
            settings.ledger_table,
            settings.event_source_mapping,
            clock=time.time,
            sleep=time.sleep,
        ),
        open_imports=OpenImports(dynamodb, settings.ledger_table),
        executions=Executions(
            session.client("stepfunctions", config=CONFIG), settings.state_machine_arn
        ),
        tally=Tally(dynamodb, settings.ledger_table, day, clock=time.time),
        connections=lambda: load_connections(settings.connections_file).keys(),
    )
    limits = RateLimits(settings.alarm_percent, settings.ignored_alarm_percent)
    return Watchdog(parts, limits, day, clock=time.time, emit=emit)


def emit(event: str, **keys: Any) -> None:
    """Log what was found; a person may have to act on each of these events."""
    log.write(event, {}, level="warning", **keys)


def measures(report: WatchdogReport) -> Mapping[str, int]:
    """The metrics of a run; alarms are set on all but the executions, whose deaths have theirs."""
    return {
        "WatchdogRuns": 1,
        "SubmissionOverdue": int(report.overdue),
        "ExecutionsRestarted": report.restarted,
        "ConnectionsWithHighRates": report.high_rates,
    }
