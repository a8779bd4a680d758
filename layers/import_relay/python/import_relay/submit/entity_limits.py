"""How much of a day's entities a batch may use: in all, in its lane, and of each connection.

Made by `batch_run` of what is read of the day under the lease. The conditions of the reservations
(`storage.quota`) enforce the limits; this keeps batches from asking for too much.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from import_relay.domain.lanes import Lane
from import_relay.domain.log_events import Emit
from import_relay.domain.models import Row
from import_relay.storage.quota import Limits, Usage
from import_relay.storage.reservations import Charge
from import_relay.submit.progress import BatchProgress


@dataclass(slots=True)
class EntityLimits:
    """What is left for one batch. `usage`: what was used of today before it.

    `own`: connections with a limit of their own → entities per day. `progress`: of the batch, which
    counts the rows that are sent. `clock` gives seconds since the epoch.
    """

    limits: Limits
    usage: Usage
    own: Mapping[str, int]
    lane: Lane
    progress: BatchProgress
    clock: Callable[[], float]
    _of_day: Mapping[str, int] = field(init=False)
    """Connection → how much of its own limit of the day the lane may use."""
    _left: dict[str, int] = field(init=False)
    _payers: dict[str, str] = field(default_factory=dict)
    _waiting: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        used = self.usage.connections
        self._of_day = {name: self._of_lane(limit) for name, limit in self.own.items()}
        self._left = {
            name: limit - (used[name].rows if name in used else 0)
            for name, limit in self._of_day.items()
        }

    def left(self) -> int:
        """How many of the entities that are left of the day the batch may use."""
        return min(self._day_left(), self._share_left())

    def reason(self) -> str:
        """The code of the limit that is used up."""
        return "limit.bulk_share" if self._share_left() < self._day_left() else "limit.entities"

    def _day_left(self) -> int:
        return self.limits.entities_per_day - self.usage.entities - self.progress.rows

    def _share_left(self) -> int:
        if self.lane is Lane.LIVE:
            return self._day_left()
        share = self._of_lane(self.limits.entities_per_day)
        return share - self.usage.bulk_entities - self.progress.rows

    def _of_lane(self, limit: int) -> int:
        """How much of a limit of the day the lane may use: the bulk lane leaves some to live."""
        if self.lane is Lane.LIVE:
            return limit
        return self.limits.bulk_part(limit, self.usage.day, self.clock())

    # ------------------------------------------------------------ connections

    def spares(self, connection: str, items: int) -> bool:
        """Whether items of a connection have to wait, since its own limit is used up already.

        In the bulk lane its share of that limit, whichever lane used it: a file or a replay must
        not keep the webhooks of the same connection waiting.
        """
        if self._left.get(connection, 1) > 0:
            return False
        self._waiting[connection] += items
        return True

    def admit(self, rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
        """Rows that a connection can pay for, or that need no payer, and rows that have to wait.

        A row is paid for by the connection of its newest change that has anything left; a change of
        a connection without a limit of its own makes it free. Joined rows go or wait together,
        unless they are more than a whole day's limit: then the first of them go. What was received
        first is paid for first, so that nothing waits for ever beside newer changes.
        """
        if not self.own:
            return list(rows), []
        groups = list(self._payable_groups(rows))
        by_age = sorted(range(len(groups)), key=lambda n: _received_at(groups[n]))
        paid = {n for n in by_age if self._pays_for(groups[n])}
        admitted = [row for n, group in enumerate(groups) if n in paid for row in group]
        waiting = [row for n, group in enumerate(groups) if n not in paid for row in group]
        return admitted, waiting

    def _payable_groups(self, rows: Sequence[Row]) -> Iterator[list[Row]]:
        """Joined rows in one group, or apart if whole days' limits are too small for them."""
        for group in _groups(rows):
            fits = self._paid(group, dict(self._of_day)) is not None
            yield from [group] if fits else [[row] for row in group]

    def charges(self, rows: Iterable[Row]) -> Mapping[str, Charge]:
        """What connections with a limit of their own pay for these rows, which were admitted."""
        paid = Counter(self._payers[row.key] for row in rows if row.key in self._payers)
        return {name: Charge(many, self.own[name]) for name, many in paid.items()}

    def tell(self, emit: Emit) -> None:
        """Log which connections have used up what the lane may use of their own limit.

        And how many of their items wait.
        """
        for name, items in sorted(self._waiting.items()):
            emit("batch.limited", connection=name, limit=self._of_day[name], items=items)

    def _pays_for(self, group: Sequence[Row]) -> bool:
        """Charge all of these rows, or none of them."""
        left = dict(self._left)
        payers = self._paid(group, left)
        if payers is None:
            needy = next(names for row in group if (names := self._needy(row)))
            self._waiting[needy[0]] += sum(len(one.item_ids) for one in group)
            return False
        self._left = left
        self._payers |= payers
        return True

    def _paid(self, group: Sequence[Row], left: dict[str, int]) -> dict[str, str] | None:
        """Take these rows from what is left; key → who pays, or None if somebody cannot."""
        payers: dict[str, str] = {}
        for row in group:
            senders = self._needy(row)
            if not senders:
                continue
            payer = next((name for name in senders if left[name] > 0), None)
            if payer is None:
                return None
            left[payer] -= 1
            payers[row.key] = payer
        return payers

    def _needy(self, row: Row) -> Sequence[str]:
        """The connections that may pay for a row, newest change first; none if it is free."""
        senders = list(dict.fromkeys(one.occurrence.connection for one in row.changes[::-1]))
        return senders if all(name in self.own for name in senders) else ()


def _received_at(group: Sequence[Row]) -> int:
    return min(one.occurrence.received_at for row in group for one in row.changes)


def _groups(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """The rows, those that are joined with the one before it together."""
    group: list[Row] = []
    for row in rows:
        if group and not row.joined:
            yield group
            group = []
        group.append(row)
    if group:
        yield group
