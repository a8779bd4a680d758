"""Puts back what open replays ask for, as much as the queue should hold. For `importing_files`.

Replays stay in the bucket as files do. All of them together have at most one day's entities under
way, and with the rows of files at most two; of a connection with a limit of its own no more than
that. If nothing of a replay is under way, its next object is sent whatever else is queued. A replay
that fails stops alone; the next run retries it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from import_relay.bulk.bulk_day import QUEUED_DAYS, BulkDay
from import_relay.bulk.replaying import Replaying
from import_relay.domain.errors import ReplayTaken
from import_relay.domain.log_events import Emit
from import_relay.domain.provenance import ItemProvenance
from import_relay.domain.reasons import place_of
from import_relay.storage.replays import ReplayProgress


@dataclass(slots=True)
class ReplaysFed:
    """What a run did. `under_way`: items of all replays that may still get an outcome.

    `items`: put back by this run. `failed`: replays.
    """

    under_way: int
    items: int = 0
    failed: int = 0

    def count(self, items: int) -> None:
        """Count items that are put back."""
        self.items += items
        self.under_way += items


@dataclass(frozen=True, slots=True)
class ReplayFeeding:
    """Feeds the queue. `clock` gives seconds since the epoch."""

    replaying: Replaying
    bulk_day: BulkDay
    clock: Callable[[], float]
    emit: Emit

    def feed(self, *, of_files: int, until: float) -> ReplaysFed:
        """Put back what there is room for; only the holder of the feeder's turn may do so.

        Args:
            of_files: rows of files that are under way.
            until: when it should end (s since the epoch).
        """
        replays, now = self.replaying.parts.replays.open(), self.clock()
        fed = ReplaysFed(sum(one.under_way(now) for one in replays))
        for progress in replays:
            try:
                self._take_on(progress, fed, of_files=of_files, until=until)
            except ReplayTaken:
                continue  # a person goes on with it just now
            except Exception as error:  # noqa: BLE001 - whatever it is, other replays go on
                fed.failed += 1
                self.emit("replay.failed", replay=progress.replay.id, reason=place_of(error))
        return fed

    def _take_on(
        self, progress: ReplayProgress, fed: ReplaysFed, *, of_files: int, until: float
    ) -> None:
        replay_id = progress.replay.id
        if progress.is_finished:
            if not progress.under_way(self.clock()):
                self.replaying.parts.replays.close(replay_id)
            return

        def has_room(at: ReplayProgress, sources: Sequence[ItemProvenance]) -> bool:
            if self.clock() >= until or not self._has_room(at, sources, fed, of_files):
                return False
            fed.count(len(sources))
            return True

        counts = self.replaying.run(replay_id, has_room=has_room)
        if counts.by_connection or counts.is_finished:
            self.emit("replay.fed", replay=replay_id, items=counts.total)

    def _has_room(
        self,
        progress: ReplayProgress,
        sources: Sequence[ItemProvenance],
        fed: ReplaysFed,
        of_files: int,
    ) -> bool:
        own = progress.under_way(self.clock())
        a_day = min(map(self.bulk_day.of, _connections(sources)), default=self.bulk_day.entities)
        room = min(
            self.bulk_day.entities - fed.under_way,
            QUEUED_DAYS * self.bulk_day.entities - fed.under_way - of_files,
            a_day - own,
        )
        return len(sources) <= room or not own


def first_items(most: int, clock: Callable[[], float]) -> Callable[..., bool]:
    """Lets the first objects of a replay go, until about so many items are under way."""

    def has_room(progress: ReplayProgress, sources: Sequence[ItemProvenance]) -> bool:
        under_way = progress.under_way(clock())
        return not under_way or under_way + len(sources) <= most

    return has_room


def _connections(sources: Iterable[ItemProvenance]) -> set[str]:
    return {one.occurrence.connection for one in sources}
