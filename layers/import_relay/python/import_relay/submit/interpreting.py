"""Makes changes of a batch's items: load, interpret, read at the CRM, map. Called by `submission`.

Items are taken a hundred at a time, and only as long as there is time: whatever a batch holds, it
ends before its process has to. What there is no time for waits for a later batch.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from import_relay.connectors.fetcher_contract import FieldPath
from import_relay.domain.batches import batches
from import_relay.domain.models import Occurrence
from import_relay.submit.changes import Interpreted, Mapped, Mapper
from import_relay.submit.fetched_records import RecordName, RecordsFetched
from import_relay.submit.fetching import Fetching
from import_relay.submit.isolation import Isolation
from import_relay.submit.loading import Loading

ITEMS_AT_A_TIME = 100
MIN_TRIAL_S = 20.0
"""A suspect is tried alone only if this much time is left: a lack of time must not look like its
fault."""


@dataclass(slots=True)
class Interpreting:
    """Interprets one batch. Times are in seconds, of `clock`; `give_up_at`: planning ends then.

    `disabled`: connections that cannot be used, with the item ids that wait for them. `unread`:
    those whose CRM could not be read, with the code of why.
    """

    mapper: Mapper
    fetching: Fetching
    loading: Loading
    isolation: Isolation
    clock: Callable[[], float]
    give_up_at: float
    unread: dict[str, str] = field(default_factory=dict)
    disabled: dict[str, set[str]] = field(default_factory=dict)

    def together(self, occurrences: Sequence[Occurrence]) -> Mapped:
        """What these occurrences change; trials of many share all calls."""
        mapped = Mapped()
        half = self.clock() + (self.give_up_at - self.clock()) / 2
        interpreted: list[tuple[Sequence[Occurrence], Interpreted]] = []
        for chunk in self._chunks(occurrences, half, mapped):
            with self.isolation.trying(chunk):
                interpreted.append((chunk, self._interpret(chunk)))
        self.isolation.survived()
        read = self._read([one for _, one in interpreted])
        for number, (chunk, one) in enumerate(interpreted):
            if number and self.clock() >= self.give_up_at:
                mapped.waiting.update(occurrence.item_id for occurrence in chunk)
                continue
            with self.isolation.trying(chunk):
                mapped.add(self.mapper.map(one, read))
        self.isolation.survived()
        return mapped

    def alone(self, occurrences: Sequence[Occurrence]) -> Mapped:
        """What these occurrences change; each one is tried alone."""
        mapped = Mapped()
        for occurrence in occurrences:
            if self.clock() >= self.give_up_at - MIN_TRIAL_S:
                mapped.waiting.add(occurrence.item_id)
                continue
            with self.isolation.trying([occurrence], alone=True):
                interpreted = self._interpret([occurrence])
                mapped.add(self.mapper.map(interpreted, self._read([interpreted])))
        self.isolation.survived()
        return mapped

    def _interpret(self, occurrences: Sequence[Occurrence]) -> Interpreted:
        """What they say; nothing is loaded for a connection that cannot be used."""
        held = [one for one in occurrences if one.connection in self.mapper.disabled]
        usable = [one for one in occurrences if one.connection not in self.mapper.disabled]
        interpreted = self.mapper.interpret([*held, *self.loading.load(usable)])
        for name, item_ids in interpreted.disabled.items():
            self.disabled.setdefault(name, set()).update(item_ids)
        return interpreted

    def _chunks(
        self, occurrences: Sequence[Occurrence], until: float, mapped: Mapped
    ) -> Iterator[Sequence[Occurrence]]:
        """The occurrences a hundred at a time; the first of them however late it is."""
        for number, chunk in enumerate(batches(occurrences, ITEMS_AT_A_TIME)):
            if number and self.clock() >= until:
                left = occurrences[number * ITEMS_AT_A_TIME :]
                mapped.waiting.update(one.item_id for one in left)
                return
            yield chunk

    def _read(self, interpreted: Sequence[Interpreted]) -> RecordsFetched:
        to_fetch: dict[RecordName, frozenset[FieldPath]] = {}
        for one in interpreted:
            to_fetch |= one.to_fetch
        read = self.fetching.read(to_fetch, give_up_at=self.give_up_at)
        self.unread |= read.failed
        return read
