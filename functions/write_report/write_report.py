"""Task of the state machine: reports how an import ended, or requeues its records."""

import time
from functools import cache
from typing import Any

from import_relay.report.reporting import Reporting
from import_relay.report.settings import ReportSettings
from import_relay.report.wiring import build_reporting
from import_relay.storage.requeueing import REQUEUED, TOO_OLD
from import_relay.telemetry.outcome_log import OutcomeLog, without_payload
from import_relay.wiring.stores import Stores

log = OutcomeLog()


@without_payload
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Act on the `status` that tracking found; the answer's `status` says how it ended."""
    deadline = time.time() + context.get_remaining_time_in_millis() / 1000
    reference = event["reference"]
    if event["status"] == "requeue":
        reported = reporting().requeue(reference)
    else:
        timed_out = event["status"] == "timed_out"
        reported = reporting().report(reference, timed_out=timed_out, deadline=deadline)
    return {**event, "status": reported.status.value, "wait_s": reported.wait_s}


@cache
def reporting() -> Reporting:
    """The use case, made once per process."""
    settings = ReportSettings.from_environment()
    return build_reporting(settings, Stores(settings, clock=time.time), emit=tell)


def tell(event: str, **keys: Any) -> None:
    """Log an event; those that alarms count carry metrics."""
    if event == TOO_OLD:
        log.write(event, {"MessagesTooOld": 1}, **keys)
        return
    if event == "import.counted":
        of_connection = {"ItemsImported": keys.pop("imported"), "ItemsFailed": keys.pop("failed")}
        log.write_of_connection(event, keys.pop("connection"), of_connection, **keys)
        return
    counts = {}
    if event == REQUEUED:
        counts = {"OldestRequeuedSeconds": keys["oldest_s"]}
    if event in ("import.finished", "import.timed_out"):
        counts = {
            "RowsImported": keys["imported"],
            "RowsFailed": keys["failed"],
            "RowsUnaccounted": keys["unaccounted"],
            "ImportAgeSeconds": keys["age_s"],
            "ImportsTimedOut": int(event == "import.timed_out"),
        }
    log.write(event, counts, **keys)
