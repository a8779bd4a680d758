"""Decides which rows are held for a fuller import. Called by `batch_run`.

Many rows are held if more follow: if more is queued than a batch can read, if Lambda handed over as
much as it can, or if another batch of the lane waits for the lease. A few rows are held once if
another batch waits: it gets the lease within seconds, so that changes which Lambda's pollers split
share one import.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from import_relay.domain.lanes import Lane
from import_relay.domain.models import Row
from import_relay.storage.lease import Lease
from import_relay.submit.batching import FULL_SHARE, Batches, take_partial
from import_relay.submit.filling import Filling
from import_relay.submit.holding import MAX_HOLD_S
from import_relay.submit.queue_batch import QueueBatch

MANY = 0.5
"""A batch has many rows from this share of a full import on."""


@dataclass(frozen=True, slots=True)
class PartialImports:
    """Those of one batch. `lease`: held by it. `clock` gives seconds since the epoch."""

    filling: Filling
    batch: QueueBatch
    lease: Lease
    lane: Lane
    clock: Callable[[], float]

    def take(self, batches: Batches, *, rows_per_import: int) -> list[Row]:
        """Take out what is held for a fuller import. `rows_per_import`: of a full one."""
        rows = sum(map(len, batches.imports))
        is_many = rows >= MANY * rows_per_import
        if not rows or not self._more_follows(is_many=is_many):
            return []
        since, now = self.batch.held_since(), self.clock()
        return take_partial(
            batches,
            full_rows=FULL_SHARE * rows_per_import,
            is_due=lambda rows: _is_due(rows, since, now - MAX_HOLD_S),
            may_take_all=not is_many or self._can_hold_all(),
        )

    def _more_follows(self, *, is_many: bool) -> bool:
        if is_many and (self.filling.has_ended_early or self.batch.is_full_event):
            return True
        return (is_many or not self.batch.held_since()) and self.lease.waits(self.lane)

    def _can_hold_all(self) -> bool:
        """Whether the next batch can read all that is held and more, and so gets further."""
        return self.filling.knows_held and self.filling.has_room(self.batch)


def _is_due(rows: Sequence[Row], since: Mapping[str, float], due_at: float) -> bool:
    """Whether one of these rows has been held since that time (s since the epoch) or longer."""
    held = (since.get(item_id) for row in rows for item_id in row.item_ids)
    return any(one is not None and one <= due_at for one in held)
