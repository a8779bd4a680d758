"""What a poll of an import is made of: parts and answers that all states of an import share.

Called by `tracking`, and by `resolving` for imports that may not exist.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from import_relay.domain.log_events import Emit
from import_relay.mateo.client import ImportApi
from import_relay.mateo.waiting import MAX_WAIT_S, longest_wait_s, pace, round_s
from import_relay.storage.archive import Archive
from import_relay.storage.clocks import CLOCK_SKEW_S
from import_relay.storage.entries import Entry, State
from import_relay.storage.ledger import Ledger
from import_relay.storage.pacing import Permit, Permits

GONE_S = CLOCK_SKEW_S + 2.0
"""This long after its deadline a submitter is certainly gone, whatever its clock says."""
TRACKING_CALL_S = 8.0
"""A call must leave this long before the deadline: it times out after five seconds."""
WAITS_PER_GAP = 2.0
"""Of the time between two answers of Mateo at most so many of the longest waits count as tracking
time."""


class TrackingStatus(StrEnum):
    """What the state machine does next."""

    WAIT = "wait"
    FINISHED = "finished"
    """Mateo has counted every row: the report can be written."""
    TIMED_OUT = "timed_out"
    """Followed for as long as imports are followed: the report says so."""
    REQUEUE = "requeue"
    """Nothing was created, and it cannot be posted as it is: its records go back to the queue."""
    ABANDONED = "abandoned"
    """Nothing was sent under this reference, and never will be."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """What a poll found. `reason` is a code of `codes.CODES` when something is in the way."""

    status: TrackingStatus
    wait_s: int = 0
    reason: str = ""


TIMED_OUT = Tracked(TrackingStatus.TIMED_OUT, reason="import.unfinished")


@dataclass(frozen=True, slots=True)
class TrackingParts:
    """Everything that tracking acts on."""

    permits: Permits
    ledger: Ledger
    archive: Archive
    api: ImportApi


@dataclass(frozen=True, slots=True)
class TrackOptions:
    """For how long an import is followed, and whether Mateo is sent our reference with it.

    `tracking_hours`: hours in which Mateo answers; while it cannot be asked, no time passes.
    """

    tracking_hours: float
    send_reference_id: bool


@dataclass(slots=True)
class Poll:
    """One poll of an import that has an entry. `deadline`: when this process is certainly gone."""

    parts: TrackingParts
    options: TrackOptions
    clock: Callable[[], float]
    emit: Emit
    entry: Entry
    deadline: float
    _unknown: int = 0

    def say(self, event: str, **keys: object) -> None:
        """Log something of this import."""
        entry = self.entry
        self.emit(event, reference=entry.reference, type=entry.type, rows=entry.rows, **keys)

    def age(self) -> float:
        """Seconds since the import was last posted."""
        return self.clock() - max(self.entry.created_at, self.entry.posted_at)

    def acquire_permit(self) -> Permit:
        """Permission for one request; raises as `Permits.acquire` does."""
        self.parts.api.make_ready()
        return self.parts.permits.acquire(
            deadline=self.deadline - TRACKING_CALL_S, for_tracking=True, lane=self.entry.lane
        )

    @property
    def round_s(self) -> float:
        """Seconds between two polls, if they use just their share of the day's requests."""
        return round_s(self.parts.permits.limits)

    @property
    def alone_s(self) -> float:
        """The longest wait between two polls of one import alone: 15 minutes, or more if requests
        are few.
        """
        return longest_wait_s(self.parts.permits.limits)

    @property
    def longest_wait_s(self) -> float:
        """The longest wait between two polls. An unknown import is looked up by itself: the more
        there are, the longer each waits.
        """
        return longest_wait_s(self.parts.permits.limits, self._looked_up)

    @property
    def _looked_up(self) -> int:
        """How many imports are looked up, for one that waits long; else 1."""
        if self.entry.state is not State.UNKNOWN or self.age() < MAX_WAIT_S:
            return 1
        if not self._unknown:
            open_imports = self.parts.ledger.open_imports()
            self._unknown = sum(entry.state is State.UNKNOWN for entry in open_imports)
        return max(1, self._unknown)

    def pace(self) -> float:
        """Seconds until the next poll."""
        return pace(self.age(), self.longest_wait_s)

    def is_over(self) -> bool:
        """Whether Mateo has been asked for as long as imports are followed."""
        return self.entry.answered_s >= self.options.tracking_hours * 3_600


def wait(seconds: float, reason: str = "") -> Tracked:
    """Poll again in so many seconds."""
    return Tracked(TrackingStatus.WAIT, max(1, math.ceil(seconds)), reason)


def after_answer(
    entry: Entry, now: float, *, longest_wait_s: float = MAX_WAIT_S
) -> Mapping[str, float]:
    """What an entry says of tracking time once Mateo has answered a question about its import.

    `longest_wait_s`: the longest wait between two such questions, if there were no other imports.
    With others it may be days, and one answer would use up all tracking time.
    """
    gap = now - max(entry.answered_at, entry.created_at)
    counted = min(max(gap, 0.0), WAITS_PER_GAP * longest_wait_s)
    return {"answered_at": now, "answered_s": entry.answered_s + counted}
