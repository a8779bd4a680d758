"""Scheduled Lambda: checks every quarter of an hour what no alarm of AWS can see."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from import_relay.telemetry.outcome_log import OutcomeLog, without_payload
from import_relay.watch.settings import WatchdogSettings
from import_relay.watch.watchdog import Watchdog, WatchdogReport
from import_relay.watch.wiring import build_watchdog

log = OutcomeLog()


@without_payload
def handler(_event: dict[str, Any], _context: Any) -> dict[str, int]:
    """Run all checks once; an error in one of them fails the run, which then is not counted."""
    counts = measures(watchdog().run())
    log.write("watchdog.ran", counts)
    return {**counts}


@cache
def watchdog() -> Watchdog:
    """The use case, made once per process."""
    return build_watchdog(WatchdogSettings.from_environment(), emit=emit)


def emit(event: str, **keys: Any) -> None:
    """Log what was found; a person may have to act on each of these events."""
    log.write(event, {}, **keys)


def measures(report: WatchdogReport) -> Mapping[str, int]:
    """The metrics of a run; alarms are set on all but the executions, whose deaths have theirs."""
    return {
        "WatchdogRuns": 1,
        "SubmissionOverdue": int(report.overdue),
        "ExecutionsRestarted": report.restarted,
        "ConnectionsWithHighRates": report.high_rates,
        "ErasuresPending": report.erasures,
    }
