"""What raised alarms lately, with what the logs and the inbox say of it. For `relay status`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, tzinfo
from typing import TypeVar

from botocore.exceptions import ClientError

from import_relay.storage.files import Files
from import_relay.storage.outcome_counts import OutcomeCounts
from relay_ops.log_lines import MAX_SEARCH_S, LogSearch
from relay_ops.rights import is_not_allowed
from relay_ops.stack import Stack
from relay_ops.status.alarm_lines import (
    ALARM_EVENTS,
    HELPS,
    MAX_CAUSES,
    Cause,
    causes_of,
    name_files,
)
from relay_ops.status.alarms import RaisedAlarm, raised_alarms
from relay_ops.status.refused_files import RefusedFile, refused_files

T = TypeVar("T")
THIS_COMMAND = "relay status"
RUNBOOK = "docs/runbook.md#"
LARGE_LOGS = (
    f"The logs are large: they were searched for {MAX_SEARCH_S:.0f} s, and causes may be missing. "
    "The section of the alarm in docs/runbook.md has the query for all."
)


@dataclass(frozen=True, slots=True)
class Raised:
    """An alarm, and what the logs say of it."""

    alarm: RaisedAlarm
    causes: list[Cause]

    def when(self, zone: tzinfo | None) -> str:
        """Since when, or from when to when."""
        begin = _time(self.alarm.since, zone)
        end = self.alarm.until
        return f"since {begin}" if end is None else f"{begin} to {_time(end, zone)}"

    def lines(self, zone: tzinfo | None) -> Iterator[str]:
        """What happened and what to do, for a person."""
        yield self.alarm.means
        for cause in self.causes[:MAX_CAUSES]:
            yield cause.in_words(_time(cause.last, zone) if cause.last else "")
        if not self.causes:
            yield from self.alarm.measured
        yield from dict.fromkeys(one.what_to_do for one in self.causes if one.what_to_do)
        if self.alarm.name in HELPS:
            yield HELPS[self.alarm.name]
        if self.alarm.first != THIS_COMMAND:
            yield f"Run: {self.alarm.first}"
        yield f"{RUNBOOK}{self.alarm.name}"

    def as_json(self) -> dict[str, object]:
        """The same for programs; times are s since the epoch."""
        return asdict(self.alarm) | {
            "causes": [asdict(one) for one in self.causes],
            "runbook": f"{RUNBOOK}{self.alarm.name}",
        }


@dataclass(frozen=True, slots=True)
class Alarms:
    """The alarms of the last day, and files that were refused, be it longer ago.

    `not_seen`: what is missing and why, e.g. which policy the person lacks.
    """

    raised: list[Raised] = field(default_factory=list)
    refused: list[RefusedFile] = field(default_factory=list)
    not_seen: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """The same for programs."""
        return {
            "alarms": [one.as_json() for one in self.raised],
            "refused_files": [asdict(one) for one in self.refused],
            "not_seen": self.not_seen,
        }


def read_alarms(stack: Stack) -> Alarms:
    """Read them; whatever the person may not see is left out, and named.

    Raises:
        ClientError, StackUnavailable: AWS does not answer, or not completely.
    """
    not_seen: list[str] = []
    now = stack.clock()
    raised = _if_allowed(
        lambda: raised_alarms(stack.client("cloudwatch"), ALARM_EVENTS, stack.name, now),
        "alarms",
        not_seen,
    )
    search = LogSearch(stack)
    found = [
        Raised(one, _if_allowed(_causes(search, one), "what the logs say of alarms", not_seen))
        for one in raised
    ]
    if search.is_partial:
        not_seen.append(LARGE_LOGS)
    refused = _if_allowed(lambda: refused_files(stack), "refused files", not_seen)
    return Alarms(found, refused, list(dict.fromkeys(not_seen)))


def _causes(search: LogSearch, alarm: RaisedAlarm) -> Callable[[], list[Cause]]:
    def read() -> list[Cause]:
        found = causes_of(search, alarm.name, alarm.since)
        name_files(found, lambda ids: _keys_of_files(search.stack, ids))
        return found

    return read


def _keys_of_files(stack: Stack, ids: list[str]) -> dict[str, str]:
    dynamodb, table = stack.client("dynamodb"), stack.ledger_table
    unused = OutcomeCounts(dynamodb, table, lambda _: "", clock=stack.clock)  # nothing is counted
    known = Files(dynamodb, table, unused, clock=stack.clock).known(ids)
    return {id_: file.key for id_, file in known.items()}


def _if_allowed(read: Callable[[], list[T]], what: str, not_seen: list[str]) -> list[T]:
    try:
        return read()
    except ClientError as error:
        if not is_not_allowed(str(error)):
            raise
        not_seen.append(f"You may not see {what}; the stack's policy ReaderPolicyArn allows it.")
        return []


def _time(at: float, zone: tzinfo | None) -> str:
    return f"{datetime.fromtimestamp(at, zone):%m-%d %H:%M}"
