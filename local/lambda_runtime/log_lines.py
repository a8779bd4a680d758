"""Turns the functions' log events into one readable line per outcome; `__main__` prints them.

    14:03:21  receive_webhook  webhook.stored  connection=json items=500

The log files under `.local/logs` keep everything as the functions wrote it.
"""

from __future__ import annotations

import json
import re
from datetime import datetime

from local.lambda_runtime.execution_environment import log_name

_EVENT = re.compile(r"[a-z_]+(\.[a-z_]+)+")
_LOUD = ("WARNING", "ERROR", "CRITICAL")
_PLATFORM = frozenset(
    {
        "level",
        "message",
        "location",
        "timestamp",
        "service",
        "cold_start",
        "function_name",
        "function_memory_size",
        "function_arn",
        "function_request_id",
        "xray_trace_id",
        "correlation_id",
        "stack_trace",
        "exception",
        "sampling_rate",
    }
)
"""Keys that Powertools adds to events and that say nothing about the outcome."""

_MEASURED = ".measured"
"""Events of this kind are there for their metrics alone."""

_MAX_VALUE = 160
_COLOURS = {"WARNING": "33", "ERROR": "31", "CRITICAL": "31"}


def readable(function: str, line: str, now: datetime, *, colour: bool = False) -> str | None:
    """The line to print for a line of a function's log; None if it is no outcome."""
    start = f"{now:%H:%M:%S}  {log_name(function):<15}  "
    if line.startswith("[ERROR]"):
        # awslambdaric writes the traceback into one line, with carriage returns.
        return _coloured(start + line.partition("\r")[0], "ERROR", colour=colour)
    event = _parsed(line)
    if event is None:
        return None
    if "errorType" in event:
        text = f"{event['errorType']}: {event.get('errorMessage', '')}"
        return _coloured(start + text, "ERROR", colour=colour)
    message, level = str(event.get("message", "")), str(event.get("level", "INFO"))
    is_outcome = _EVENT.fullmatch(message) and not message.endswith(_MEASURED)
    if not is_outcome and level not in _LOUD:
        return None
    hidden = _PLATFORM | _metric_names(event)
    facts = [f"{key}={_short(value)}" for key, value in event.items() if key not in hidden]
    return _coloured(start + "  ".join([message, " ".join(facts)]).rstrip(), level, colour=colour)


def _parsed(line: str) -> dict[str, object] | None:
    if not line.startswith("{"):
        return None
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def _metric_names(event: dict[str, object]) -> set[str]:
    """The keys of an event that CloudWatch's embedded metric format adds to it."""
    names = {"_aws"}
    about = event.get("_aws")
    for directive in about.get("CloudWatchMetrics", []) if isinstance(about, dict) else []:
        names |= {metric["Name"] for metric in directive.get("Metrics", [])}
    return names


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= _MAX_VALUE else f"{text[: _MAX_VALUE - 1]}…"


def _coloured(text: str, level: str, *, colour: bool) -> str:
    if colour and level in _COLOURS:
        return f"\x1b[{_COLOURS[level]}m{text}\x1b[0m"
    return text
