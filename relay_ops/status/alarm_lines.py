"""What the logs say of an alarm: the events that the runbook names, counted by their causes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from import_relay.domain.codes import CODES
from relay_ops.log_lines import LogSearch

_RECEIVER, _FILES, _SUBMIT = "receive-webhook", "import-files", "submit-imports"
_TRACK, _REPORT, _WATCHDOG = "track-import", "write-report", "run-watchdog"
_DAILY, _CHANGES = "write-daily-report", "receive-change-events"
_CRASH = ("Task timed out", "ERROR")

ALARM_EVENTS: Mapping[str, Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        "api-fails": {_RECEIVER: ("webhook.unavailable", *_CRASH)},
        "change-events-not-stored": {_CHANGES: ("webhook.refused", "webhook.unavailable")},
        "connection-not-usable": {
            _SUBMIT: ("connection.disabled", "connection.missing"),
            _FILES: ("connection.disabled",),
        },
        "connection-rate-high": {_WATCHDOG: ("watchdog.high_rate",)},
        "crm-not-readable": {_SUBMIT: ("fetcher.unavailable",)},
        "daily-report-fails": {_DAILY: _CRASH},
        "dead-letter-queue-not-empty": {
            _SUBMIT: (
                *("item.dead_lettered", "item.raised_error", "message.unreadable"),
                *("batch.interrupted", "import.interrupted", *_CRASH),
            )
        },
        "delivery-quarantined": {_RECEIVER: ("webhook.quarantined",)},
        "erasure-pending": {},
        "file-fails": {_FILES: ("file.failed", "replay.failed")},
        "file-refused": {_FILES: ("file.refused",)},
        "functions-throttled": {},
        "import-ambiguous": {_TRACK: ("import.ambiguous",)},
        "import-files-fails": {_FILES: _CRASH},
        "import-timed-out": {_REPORT: ("import.timed_out",)},
        "imports-refused": {_SUBMIT: ("import.connection_refused",)},
        "message-too-old": {_SUBMIT: ("message.too_old",), _REPORT: ("message.too_old",)},
        "oldest-bulk-held-record-too-old": {},
        "oldest-bulk-record-too-old": {},
        "oldest-held-record-too-old": {},
        "oldest-receipt-too-old": {
            _SUBMIT: ("message.requeued",),
            _REPORT: ("message.requeued",),
        },
        "oldest-record-too-old": {},
        "receive-webhook-fails": {_RECEIVER: _CRASH},
        "schedule-dropped": {},
        "submission-keeps-pausing": {_SUBMIT: ("submission.paused",)},
        "submission-overdue": {
            _WATCHDOG: ("submission.resumed",),
            _SUBMIT: ("submission.paused",),
        },
        "submission-paused-for-credentials": {_SUBMIT: ("submission.paused",)},
        "submit-imports-fails": {_SUBMIT: ("item.raised_error", *_CRASH)},
        "tracking-fails": {_WATCHDOG: ("import.tracking_restarted",)},
        "tracking-times-out": {_TRACK: ("import.waiting",), _REPORT: ("report.waiting",)},
        "watchdog-silent": {_WATCHDOG: ("watchdog.check_failed", *_CRASH)},
        "webhooks-not-stored": {_RECEIVER: ("webhook.unavailable",)},
        "webhooks-refused": {_RECEIVER: ("webhook.refused",)},
        "webhooks-refused-on-days": {_RECEIVER: ("webhook.refused",)},
    }
)
"""Alarm → function → texts of its log that say why. None: a queue or AWS itself raised it."""

_WAITS = "Why it waits is said above. If nothing is, "
_LATE = f"{_WAITS}more arrives than EntitiesPerDay allows: raise the limits, or stop what floods."
_HELD = f"{_WAITS}no batch takes what is held: deploy this version again."
HELPS: Mapping[str, str] = MappingProxyType(
    {
        "functions-throttled": "Ask AWS for more concurrency in this region, or end what else "
        "uses it. AWS repeats all but webhooks, which their senders repeat.",
        "oldest-bulk-held-record-too-old": _HELD,
        "oldest-bulk-record-too-old": _LATE,
        "oldest-held-record-too-old": _HELD,
        "oldest-record-too-old": _LATE,
        "schedule-dropped": "Restore the schedules and their roles: make deploy. If submission "
        "is paused without an end: relay resume",
    }
)
"""What helps against alarms that no log explains."""

KEYS = (
    *("connection", "type", "file", "replay", "reference", "suspects", "rate", "field", "step"),
    *("check", "key", "expression", "status", "code", "reason", "answer", "errorType"),
    "errorMessage",
)
"""Members of a line that tell causes apart, in the order in which they are shown."""
MAX_CAUSES = 5
"""Shown of an alarm."""


@dataclass(slots=True)
class Cause:
    """Lines of a log that say the same. `last`: when the last was written (s since the epoch)."""

    event: str
    said: Mapping[str, str]
    count: int = 0
    last: float = 0.0

    def in_words(self, when: str) -> str:
        """`3 x webhook.refused: connection=hubspot code=signature.mismatch, last 02:51`.

        `when`: the time of the last, for a person; empty if it is unknown.
        """
        said = " ".join(f"{name}={text}" for name, text in self.said.items())
        text = f"{self.count:,} x {self.event}: {said}".rstrip(": ")
        return f"{text}, last {when}" if when else text

    @property
    def what_to_do(self) -> str:
        """What helps against its code; empty if it has none."""
        explained = CODES.get(self.said.get("code", ""))
        return explained.what_to_do if explained else ""


def causes_of(search: LogSearch, alarm: str, since: float) -> list[Cause]:
    """What the logs say of an alarm since then (s since the epoch), the most frequent first.

    Raises:
        ClientError: AWS does not let us read them.
    """
    return causes_in(
        line
        for function, texts in ALARM_EVENTS[alarm].items()
        for text in texts
        for line in search.lines(function, text, since)
        if text not in _CRASH or "service" not in line  # the relay's own events are no crash
    )


def name_files(causes: Iterable[Cause], keys: Callable[[list[str]], Mapping[str, str]]) -> None:
    """Say of which file in the inbox a cause is: a log has its id alone.

    `keys`: gives ids of files → their keys, of those that are known.
    """
    of_files = [one for one in causes if "file" in one.said]
    known = keys(sorted({one.said["file"] for one in of_files})) if of_files else {}
    for one in of_files:
        one.said = {**one.said, "file": known.get(one.said["file"], one.said["file"])}


def causes_in(lines: Iterable[Mapping[str, Any]]) -> list[Cause]:
    """The causes that lines of a log name, the most frequent first."""
    found: dict[tuple[object, ...], Cause] = {}
    for line in lines:
        event = str(line.get("message", ""))
        said = {name: _text(line[name]) for name in KEYS if line.get(name) not in (None, "")}
        cause = found.setdefault((event, *said.items()), Cause(event, said))
        cause.count += 1
        if line["at"] != float("inf"):
            cause.last = max(cause.last, line["at"])
    return sorted(found.values(), key=lambda one: (-one.count, -one.last))


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
