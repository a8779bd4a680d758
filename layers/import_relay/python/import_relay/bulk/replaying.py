"""The use case of a replay: a person puts stored items back into the queue, and says why.

It needs no authentication: a stored item was authentic when it was received. Each item goes
with its own connection and time of receipt, under an item id of its own and with the mark of the
replay, and is counted as received again. From the queue on it is an item like any other: a newer
one is never overwritten, unless the replay forces that. An item that has not ended yet is not put
back, since it goes on by itself; neither is one that a replay put back, since its original is, nor
a test.

    plan       what is asked for is noted under the replay's id
    read       one object of the bucket at a time, in the order of keys; which of its items ended
               there, and as asked for, is what ledger and outcome records say
    count      they are received again: counted in one transaction with how far the replay has got
    send       in messages; what a replay that died sent before is sent once more with the same ids,
               and ends once

The items stay in the bucket until there is room in the queue, as rows of files do. The command that
begins a replay puts its first items back; `replay_feeding` goes on with it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from import_relay.domain.models import Occurrence
from import_relay.domain.provenance import ItemProvenance
from import_relay.domain.queue_messages import repeat_bodies
from import_relay.domain.replays import Replay, put_back_delivery
from import_relay.report.row_numbers import numbers_of
from import_relay.report.row_outcomes import RowOutcome
from import_relay.storage.entries import Entry, State
from import_relay.storage.outcome_counts import OutcomeCounts
from import_relay.storage.queue import Delayed, Sender
from import_relay.storage.replays import ReplayProgress, Replays, Selection
from import_relay.storage.stored_items import IMPORTS, StoredItems

OUTCOMES = (State.FINISHED, State.TIMED_OUT)
"""Of imports whose items have ended."""
NOT_IMPORTED = (RowOutcome.FAILED, RowOutcome.UNACCOUNTED)
HasRoom = Callable[[ReplayProgress, Sequence[ItemProvenance]], bool]


def _without_end(_: ReplayProgress, __: Sequence[ItemProvenance]) -> bool:
    """Everything is put back at once."""
    return True


@dataclass(frozen=True, slots=True)
class ReplayParts:
    """Everything that a replay acts on. `entry`: of an import; `queue`: the relay's own."""

    items: StoredItems
    entry: Callable[[str], Entry | None]
    outcome_counts: OutcomeCounts
    replays: Replays
    queue: Sender


@dataclass(slots=True)
class ReplayCounts:
    """How many items there are, or were put back, by connection. `total`: with earlier runs.

    `is_finished`: none is left to be put back.
    """

    by_connection: Counter[str] = field(default_factory=Counter)
    total: int = 0
    is_finished: bool = False


@dataclass(frozen=True, slots=True)
class Replaying:
    """Replays. `day`: the day of a time in s since the epoch, as reports are named."""

    parts: ReplayParts
    day: Callable[[float], str]

    def count(self, selection: Selection) -> ReplayCounts:
        """Count what a replay would put back; nothing is written or sent."""
        counts = ReplayCounts()
        for _, sources in self._selected(selection, ""):
            counts.by_connection.update(source.occurrence.connection for source in sources)
        counts.total = counts.by_connection.total()
        return counts

    def begin(self, replay: Replay, selection: Selection, *, planned: int = 0) -> None:
        """Note a replay under its id, which `run` then carries out. `planned`: its items."""
        self.parts.replays.begin(replay, selection, planned=planned)

    def get(self, replay_id: str) -> ReplayProgress:
        """A replay as it is noted.

        Raises:
            LookupError: no replay of this id was begun.
        """
        progress = self.parts.replays.get(replay_id)
        if progress is None:
            raise LookupError(f"no replay {replay_id} was begun")
        return progress

    def run(self, replay_id: str, *, has_room: HasRoom = _without_end) -> ReplayCounts:
        """Put back what the replay asks for, object by object, while there is room.

        Args:
            has_room: tells, by the replay as it is noted and the items of the next object, whether
                these may be put back now. It is asked about objects without such items as well.

        Returns:
            what this run put back, and the total of the replay. A finished one puts back nothing.

        Raises:
            LookupError: no replay of this id was begun.
            ReplayTaken: another process is at it.
            StoreUnavailable, ClientError, BotoCoreError: AWS failed; run it again.
        """
        progress = self.get(replay_id)
        counts = ReplayCounts(total=progress.total, is_finished=progress.is_finished)
        if progress.is_finished:
            return counts
        without_items = ""
        for key, sources in self._selected(progress.selection, progress.key):
            if key == progress.sent:
                continue
            without_items = without_items if sources else key
            is_counted = key == progress.key and progress.items > 0
            if not is_counted and not has_room(progress, sources):
                if without_items:
                    self.parts.replays.skip(progress, without_items)
                return counts
            if sources:
                without_items = ""
                progress = self.parts.replays.count(progress, key, len(sources))
                self._send(progress, sources)
                progress = self.parts.replays.sent(progress)
                counts.by_connection.update(source.occurrence.connection for source in sources)
                counts.total = progress.total
        self.parts.replays.finish(replay_id)
        counts.is_finished = True
        return counts

    def _send(self, progress: ReplayProgress, sources: Iterable[ItemProvenance]) -> None:
        since = int(progress.counted_at * 1_000_000)
        put_back = (_put_back(source.occurrence, progress.replay, since) for source in sources)
        self.parts.queue.send(Delayed(body, 0) for body in repeat_bodies(put_back))

    # which items

    def _selected(
        self, selection: Selection, begin_with: str
    ) -> Iterator[tuple[str, list[ItemProvenance]]]:
        """The items asked for, object by object; most objects may have none."""
        keys = self.parts.items.keys(written_after=selection.received_from, begin_with=begin_with)
        for key in keys:
            of_key = self._of_import(key, selection) if key.startswith(IMPORTS) else None
            sources = of_key if of_key is not None else self._of_batch(key, selection)
            yield key, [one for one in sources if _is_selected(one.occurrence, selection)]

    def _of_import(self, key: str, selection: Selection) -> list[ItemProvenance]:
        """The items that ended with an import; those that it requeued or retried did not."""
        reference = key.removeprefix(IMPORTS).partition("/")[0]
        if selection.outcome == "rejected":
            return []
        entry = self.parts.entry(reference)
        if entry is None or entry.state not in OUTCOMES:
            return []
        wanted = self._wanted_rows(entry, selection)
        rows = self.parts.items.rows(reference)
        return [source for n, row in enumerate(rows) if wanted(n) for source in row]

    def _wanted_rows(self, entry: Entry, selection: Selection) -> Callable[[int], bool]:
        """Tells by its number whether a row ended as asked for."""
        if selection.outcome == "all":
            retried = frozenset(numbers_of(entry.retried))
            return lambda number: number not in retried
        date = self.day(entry.created_at)
        outcomes = self.parts.items.outcomes(date, entry.type, entry.reference)
        failed = {n for n, outcome in enumerate(outcomes) if outcome in NOT_IMPORTED}
        return failed.__contains__

    def _of_batch(self, key: str, selection: Selection) -> list[ItemProvenance]:
        """The items that ended in a batch without an import, by what their outcome records say."""
        if selection.outcome == "failed":
            return []
        batch = key.rpartition("/")[2].removesuffix(".ndjson.gz")
        found = {
            (source.occurrence.delivery, source.occurrence.number): source
            for source in self.parts.items.ended(key)
            if selection.outcome in ("all", source.outcome)
        }
        recorded_in = self.parts.outcome_counts.batches_of(found)
        return [source for item, source in found.items() if recorded_in.get(item) == batch]


def _is_selected(one: Occurrence, selection: Selection) -> bool:
    return (
        one.replay is None
        and not one.is_test
        and selection.received_from <= one.received_at / 1_000_000 < selection.received_to
        and selection.connection in ("", one.connection)
    )


def _put_back(one: Occurrence, replay: Replay, since: int) -> Occurrence:
    """An item as it is put back: without its earlier attempts, which were another item's.

    `since`: from when on it waits in the queue (µs since the epoch), which is after the bucket.
    """
    delivery = put_back_delivery(one.delivery, replay.id)
    return one._replace(delivery=delivery, attempt=0, since=since, replay=replay)
