"""Scheduled Lambda: writes the report of the day that ended, and of any day when it is asked to."""

from functools import cache
from typing import Any

from import_relay.report.daily.daily_wiring import build_daily_reporting
from import_relay.report.daily.settings import DailySettings
from import_relay.report.daily.writing import DailyReporting
from import_relay.telemetry.outcome_log import OutcomeLog, without_payload

log = OutcomeLog()


@without_payload
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """`{}` writes and mails yesterday, once; `{"date": "2026-11-21"}` that day as it is now.

    An empty date is today. The answer says where the page is: `{"date", "key", "is_new"}`.
    """
    asked = event.get("date")
    reporting = daily_reporting()
    written = reporting.write_yesterday() if asked is None else reporting.write(str(asked))
    return {"date": written.day, "key": written.key, "is_new": written.is_new}


@cache
def daily_reporting() -> DailyReporting:
    """The use case, made once per process."""
    return build_daily_reporting(DailySettings.from_environment(), emit=tell)


def tell(event: str, **keys: Any) -> None:
    """Log what was written."""
    log.write(event, {}, **keys)
