"""Lambda behind the inbox: an upload, or a schedule, takes files and replays a step further."""

import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from import_relay.bulk.importing_files import FileImporting, FileRun
from import_relay.bulk.settings import FileSettings
from import_relay.bulk.wiring import build_file_importing
from import_relay.telemetry.outcome_log import OutcomeLog, without_payload

log = OutcomeLog()
STOP_S = 60.0
"""Before the function's end; what is left is done by the next run."""


@without_payload
def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Go on with all files and replays; an event of the bucket names a file that is new."""
    deadline = time.time() + context.get_remaining_time_in_millis() / 1000
    run = importing().run(
        uploaded_key(event),
        invocation=context.aws_request_id,
        until=deadline - STOP_S,
        deadline=deadline,
    )
    counts = measures(run)
    log.write("files.ran", counts)
    return {**counts}


@cache
def importing() -> FileImporting:
    """The use case, made once per process."""
    return build_file_importing(FileSettings.from_environment(), emit=emit)


def uploaded_key(event: Mapping[str, Any]) -> str | None:
    """The object that an event of the bucket names (EventBridge: its key is not encoded)."""
    key = event.get("detail", {}).get("object", {}).get("key")
    return str(key) if key else None


def emit(event: str, **keys: Any) -> None:
    """Log what became of a file."""
    log.write(event, {}, **keys)


def measures(run: FileRun) -> Mapping[str, int]:
    """The metrics of a run; alarms are set on refused files, and on files that fail.

    Zeros are left out, as each metric costs. `FilesFailed` alone is always there: its alarm looks
    at two periods, and CloudWatch would pass over a run without a value between them.
    """
    found = {
        "FilesNoticed": run.noticed,
        "FileRowsQueued": run.fed,
        "FilesRefused": run.refused,
        "FilesFinished": run.finished,
        "ConnectionsUnusable": run.disabled,
    }
    return {**{name: count for name, count in found.items() if count}, "FilesFailed": run.failed}
