"""What Lambda does around a function's code because of its logging and recursion properties.

`template` reads it from the function's properties; `execution_environment` gives the process its
variables and drops the lines that Lambda would drop; `functions` refuses a loop.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_RANKS = {"TRACE": 0, "DEBUG": 1, "INFO": 2, "WARN": 3, "WARNING": 3, "ERROR": 4, "FATAL": 5}
_RANKS |= {"CRITICAL": _RANKS["FATAL"]}


@dataclass(frozen=True, kw_only=True)
class Hosting:
    """A function's surroundings. The defaults are Lambda's."""

    log_format: str = "Text"
    log_level: str = ""
    """ApplicationLogLevel; only JSON has one."""
    log_group: object = None
    """Name of the log group or a reference to it; None: `/aws/lambda/` and the function's name."""
    may_loop: bool = False
    """Whether recursive loop detection is off."""

    def variables(self) -> dict[str, str]:
        """What Lambda sets for the runtime ("Defined runtime environment variables").

        Without JSON there is no level, as a level "can be set only if the format is JSON".
        """
        level = {"AWS_LAMBDA_LOG_LEVEL": self.log_level} if self.log_level else {}
        return {"AWS_LAMBDA_LOG_FORMAT": self.log_format, **level}

    def passes(self, line: str) -> bool:
        """Whether Lambda hands a line that the function wrote on to CloudWatch Logs.

        A line without a known level, or without a timestamp by RFC 3339, counts as INFO
        ("Log-level filtering" in the Lambda developer guide).
        """
        return not self.log_level or _RANKS[_level(line)] >= _RANKS[self.log_level]


def hosting_of(properties: Mapping[str, Any]) -> Hosting:
    """What a function's resolved properties say of its surroundings."""
    logging = properties.get("LoggingConfig", {})
    is_json = logging.get("LogFormat") == "JSON"
    return Hosting(
        log_format="JSON" if is_json else "Text",
        log_level=str(logging.get("ApplicationLogLevel", "INFO")) if is_json else "",
        log_group=logging.get("LogGroup"),
        may_loop=properties.get("RecursiveLoop") == "Allow",
    )


def _level(line: str) -> str:
    try:
        event = json.loads(line)
        named = str(event["level"]).upper()
        datetime.fromisoformat(str(event["timestamp"]))
    except (ValueError, KeyError, TypeError):
        return "INFO"
    return named if named in _RANKS and "T" in str(event["timestamp"]) else "INFO"
