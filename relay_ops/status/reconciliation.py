"""The reconciliation that `status` shows: what was received, where it is, and whether the sums
balance.

Pure. What was received comes from the receiver's metric, how it ended from the ledger's outcome
counts, what waits from the index of open imports and the queues' counts of messages: four places
that know nothing of each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from import_relay.domain.models import OUTCOME_NAMES
from import_relay.domain.queue_messages import MAX_ITEMS_PER_MESSAGE

CountsByDay = Mapping[str, int]
"""Day of receipt (YYYY-MM-DD) → how many."""


@dataclass(frozen=True, slots=True)
class Messages:
    """Messages of a queue, as SQS counts them: approximately, and up to a minute late."""

    visible: int = 0
    in_flight: int = 0
    delayed: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.visible + self.in_flight + self.delayed

    def __add__(self, other: Messages) -> Messages:
        return Messages(
            self.visible + other.visible,
            self.in_flight + other.in_flight,
            self.delayed + other.delayed,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything that was read in one pass, in this order, while items may move on.

    `recorded_before` comes first and `ended` last, each by day and outcome, so that an item that
    moves meanwhile is neither missed nor counted twice. `queue` is that of the live lane, `bulk`
    that of the bulk lane. `errors` are invocations of the receivers
    that may have stored items without counting them. `change_events` were never received, and are
    None without an event bus.
    """

    recorded_before: Mapping[str, CountsByDay]
    received: CountsByDay
    errors: CountsByDay
    quarantined: int
    open_imports: int
    open_items: int
    queue: Messages
    bulk: Messages = Messages()
    dead: Messages
    change_events: int | None = None
    ended: Mapping[str, CountsByDay]

    @property
    def in_lanes(self) -> int:
        """Messages that wait for an import, in the queues of both lanes."""
        return self.queue.total + self.bulk.total

    @property
    def messages(self) -> int:
        """Messages that may hold items: those of the lanes and of the dead-letter queue."""
        return self.in_lanes + self.dead.total


@dataclass(frozen=True)
class Reconciliation:
    """The snapshots of one stack, a few seconds apart, and what follows from them.

    One snapshot may be out of step with itself. So an item counts as lost only if the first
    snapshot has it as received and the last one finds it nowhere; and it counts as too much only if
    it had ended at the first snapshot and is not among those received even at the last.
    """

    snapshots: Sequence[Snapshot]

    @property
    def now(self) -> Snapshot:
        """The last snapshot: the numbers to show."""
        return self.snapshots[-1]

    @cached_property
    def received(self) -> int:
        """Items that the receivers accepted."""
        return sum(self.now.received.values())

    @cached_property
    def outcomes(self) -> Mapping[str, int]:
        """Outcome → items, unaccounted ones last."""
        days = self.now.ended.values()
        names = dict.fromkeys((*OUTCOME_NAMES, *(name for day in days for name in day)))
        return {name: sum(day.get(name, 0) for day in days) for name in names}

    @cached_property
    def ended(self) -> int:
        """Items that have an outcome."""
        return sum(self.outcomes.values())

    @cached_property
    def in_queues(self) -> int:
        """Items that must be in messages: received, not ended, in no open import, not lost."""
        awaited = sum(_more(self.now.received, _totals(self.now.ended)).values())
        return max(0, awaited - self.now.open_items - self.lost)

    @property
    def waiting(self) -> int:
        """Items that will still be processed."""
        return self.now.open_items + self.in_queues

    @property
    def dead_items(self) -> tuple[int, int]:
        """Of the items in queues, those in the dead-letter queue: at least and at most."""
        alive, dead = self.now.in_lanes, self.now.dead.total
        most = min(MAX_ITEMS_PER_MESSAGE * dead, self.in_queues)
        return min(max(dead, self.in_queues - MAX_ITEMS_PER_MESSAGE * alive), most), most

    @property
    def backlog(self) -> int:
        """Items that wait in a lane for an import. The dead-letter queue's wait for a person."""
        return self.in_queues - self.dead_items[0]

    @property
    def live_backlog(self) -> int:
        """Of those, items in the live lane: at most so many, as SQS counts messages only."""
        return min(self.backlog, MAX_ITEMS_PER_MESSAGE * self.now.queue.total)

    # ------------------------------------------------------------ the balance

    @cached_property
    def lost(self) -> int:
        """The least number of items that were received and are nowhere.

        Messages may hold copies that requeues and redeliveries leave, so nothing follows from many
        messages; but each item that waits is in one of them.
        """
        messages = max(snapshot.messages for snapshot in self.snapshots)
        awaited = sum(_more(self.snapshots[0].received, _totals(self.now.ended)).values())
        return max(0, awaited - self.now.open_items - MAX_ITEMS_PER_MESSAGE * messages)

    @cached_property
    def excess(self) -> CountsByDay:
        """Day → items that ended and are not among those received that day."""
        return _more(_totals(self.snapshots[0].recorded_before), self.now.received)

    @cached_property
    def open_excess(self) -> int:
        """Items in open imports beyond all that were received and had not ended."""
        first = self.snapshots[0]
        awaited = sum(_more(self.now.received, _totals(first.recorded_before)).values())
        return max(0, first.open_items - awaited)

    @cached_property
    def explained(self) -> CountsByDay:
        """The excess of days on which a receiver may have stored without counting."""
        return {day: many for day, many in self.excess.items() if self.now.errors.get(day)}

    @cached_property
    def counted_twice(self) -> CountsByDay:
        """The excess of days on which nothing explains it."""
        return {day: many for day, many in self.excess.items() if day not in self.explained}

    @cached_property
    def open_twice(self) -> int:
        """The excess of open imports, if nothing explains it."""
        return 0 if any(self.now.errors.values()) else self.open_excess

    @property
    def balances(self) -> bool:
        """Whether nothing is lost and nothing counted twice, as far as can be seen."""
        return not (self.lost or self.counted_twice or self.open_twice)

    @property
    def copies(self) -> int:
        """Messages beyond the items that they must hold: copies, which end uncounted."""
        return max(0, self.now.messages - self.in_queues)

    @property
    def days_apart(self) -> Mapping[str, tuple[int, int]]:
        """Day → received and ended, where the two differ."""
        received, ended = self.now.received, _totals(self.now.ended)
        both = {day: (received.get(day, 0), ended.get(day, 0)) for day in {*received, *ended}}
        return {day: pair for day, pair in sorted(both.items()) if pair[0] != pair[1]}


def _totals(outcomes: Mapping[str, CountsByDay]) -> CountsByDay:
    return {day: sum(counts.values()) for day, counts in outcomes.items()}


def _more(these: CountsByDay, those: CountsByDay) -> CountsByDay:
    """Day → by how much these exceed those, where they do."""
    return {
        day: many - those.get(day, 0)
        for day, many in sorted(these.items())
        if many > those.get(day, 0)
    }
