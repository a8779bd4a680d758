"""Quota, submission, and the day on which the backlog will be imported. Pure; `screen` shows
it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType

HOPELESS = "mateo.credentials"
"""Submission resumes by itself, but nothing goes through until somebody stores a valid token."""


REFUSED = "Mateo refuses the token"
BLOCKING_METRICS: Mapping[str, str] = MappingProxyType(
    {
        "CredentialsRefused": REFUSED,
        "FetchersUnavailable": "records cannot be read at a CRM",
        "ConnectionsUnusable": "a connection waits",
    }
)
"""Metric that is above 0 while records wait for a person → what is in their way."""
OF_CONNECTIONS: Mapping[str, str] = MappingProxyType(
    {"FetchersUnavailable": "fetcher.", "ConnectionsUnusable": "connection."}
)
"""Metrics whose connection may be noted → how the code of such a note begins."""


def unexplained(codes: Iterable[str]) -> list[str]:
    """The blockers' metrics without those that a code explains, which a connection waits for."""
    known = tuple(codes)
    return [
        metric
        for metric in BLOCKING_METRICS
        if metric not in OF_CONNECTIONS
        or not any(code.startswith(OF_CONNECTIONS[metric]) for code in known)
    ]


@dataclass(frozen=True, slots=True)
class Used:
    """How much of one daily limit is used."""

    used: int
    limit: int

    @property
    def left(self) -> int:
        """What may still be used today."""
        return max(0, self.limit - self.used)


@dataclass(frozen=True, slots=True)
class SubmissionView:
    """Whether the queues are read, and if not why, and when it will be again as far as is known.

    Paused without `until`: by hand, or the end is overdue; the watchdog resumes it soon.
    """

    is_running: bool
    reason: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class BulkView:
    """What of today's quota is the bulk lane's, and whether that lane alone is paused.

    `entities`, `requests`: with what the lane may use of them today, at this time, as their limit.
    """

    entities: Used
    requests: Used
    submission: SubmissionView


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What is left of today, in the time zone of the limits. `now` carries that zone.

    `requests_for_imports`: of the requests' limit, what submission may use; the rest is tracking's.
    """

    now: datetime
    entities: Used
    requests: Used
    requests_for_imports: int
    submission: SubmissionView
    bulk: BulkView
    connections: Mapping[str, Used] = field(default_factory=dict)
    """Those with a limit of their own that have used any of it today."""
    in_bucket: int = 0
    """Rows of files and records of replays that are not queued yet, and so not in the backlog."""
    blockers: Sequence[str] = ()
    """What kept records of single connections waiting within the last half hour."""

    @property
    def opens_on(self) -> date:
        """The first day on which imports can be sent."""
        today = self.now.date()
        if self.submission.until is not None:
            return max(today, self.submission.until.astimezone(self.now.tzinfo).date())
        return today

    @property
    def in_the_way(self) -> Sequence[str]:
        """What keeps the backlog from being imported, for a time that nobody knows."""
        hopeless = self.submission.reason == HOPELESS and not self.submission.is_running
        found = [*([REFUSED] if hopeless else []), *self.blockers]
        return tuple(dict.fromkeys(found))

    def drained_on(self, backlog: int) -> date | None:
        """The day on which the last of so many items is imported, if each becomes a row.

        Later arrivals are not included. None: not before a person acts.
        """
        if self.in_the_way:
            return None
        day, room = self.opens_on, self.entities.limit
        if day == self.now.date():
            spent = self.requests.used >= self.requests_for_imports
            room = 0 if spent else self.entities.left
        return day + timedelta(days=max(0, math.ceil((backlog - room) / self.entities.limit)))
