"""What use cases say about what they did; handlers pass in who listens, the outcome log."""

import logging
from collections.abc import Iterable
from typing import Literal, Protocol

Level = Literal["info", "warning", "error"]

_OF_A_LINE = frozenset(
    {"_aws", "asctime", "level", "location", "message", "service", "timestamp", "xray_trace_id"}
)
RESERVED_KEYS = _OF_A_LINE.union(vars(logging.makeLogRecord({})))
"""Keys that a line of the log has itself. Python's logger raises a KeyError for most of them."""

ERRORS = frozenset({"file.failed", "import.reference_refused", "message.too_old", "replay.failed"})
WARNINGS = frozenset(
    {
        "batch.interrupted",
        "bulk.paused",
        "connection.disabled",
        "connection.missing",
        "fetcher.unavailable",
        "file.refused",
        "import.connection_refused",
        "import.interrupted",
        "import.timed_out",
        "import.tracking_restarted",
        "import.waiting",
        "item.dead_lettered",
        "item.raised_error",
        "message.unreadable",
        "secret.weak",
        "submission.paused",
        "submission.resumed",
        "watchdog.check_failed",
        "watchdog.high_rate",
    }
)
"""Events on which a person may have to act. They are warnings, since alarms name them: `LogLevel`
should not hide them."""


class Emit(Protocol):
    """Where events go: one name per outcome, the same keys everywhere, never a record."""

    def __call__(self, event: str, **keys: object) -> None:
        """Report one event; none of its keys is one of `RESERVED_KEYS`."""


def reserved_keys(keys: Iterable[str]) -> list[str]:
    """Those of the keys that no event may have."""
    return sorted(RESERVED_KEYS.intersection(keys))


def level_of(event: str) -> Level:
    """The level at which an event is logged."""
    if event in ERRORS:
        return "error"
    return "warning" if event in WARNINGS else "info"
