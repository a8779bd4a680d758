"""Gathers the messages of one batch, and those that fill its imports. Called by `batch_run`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from import_relay.domain.models import ItemOutcome, Occurrence
from import_relay.domain.queue_messages import QueueMessage
from import_relay.storage.batch_state import BatchStates
from import_relay.storage.queue import ReceivedMessage
from import_relay.submit.acknowledging import Acknowledging
from import_relay.submit.changes import Mapped
from import_relay.submit.entity_limits import EntityLimits
from import_relay.submit.erasing import Erasing
from import_relay.submit.filling import Filling
from import_relay.submit.interpreting import Interpreting
from import_relay.submit.isolation import Isolation
from import_relay.submit.missing_connections import missing_connections
from import_relay.submit.queue_batch import QueueBatch
from import_relay.submit.refusals import Refusals


@dataclass(slots=True)
class Gathering:
    """Gathers what one batch changes.

    `ended` and `proven`: outcomes of items that were delivered before. `missing_since`:
    missing connection → since when it is missing.
    """

    batch: QueueBatch
    filling: Filling
    interpreting: Interpreting
    isolation: Isolation
    refusals: Refusals
    acknowledging: Acknowledging
    states: BatchStates
    erasing: Erasing
    limits: EntityLimits
    ended: set[str]
    proven: list[ItemOutcome]
    missing_since: dict[str, float] = field(default_factory=dict)

    def gather(self) -> tuple[Mapped, list[Occurrence]]:
        """The changes of the batch and of the messages that fill it; and the suspects, tried last.

        Held messages come first, then those that Lambda handed over, then the others in the queue.
        """
        mapped = Mapped()
        suspects: list[Occurrence] = []
        taken: set[str] = set()
        message_ids = list(dict.fromkeys([*self._held(), *self.batch.messages]))
        while True:
            occurrences = self._to_interpret(message_ids, taken)
            suspected = self.isolation.suspects(occurrences)
            suspects += [one for one in occurrences if one.item_id in suspected]
            innocent = [one for one in occurrences if one.item_id not in suspected]
            mapped.add(self.interpreting.together(innocent))
            received = self.filling.more(self.batch, mapped)
            if not received:
                return mapped, suspects
            message_ids = self._add(received)

    def _held(self) -> list[str]:
        message_ids: list[str] = []
        for received in self.filling.held_messages(self.batch):
            message_ids += self._add(received, were_held=True)
        return message_ids

    def _add(self, received: Sequence[ReceivedMessage], *, were_held: bool = False) -> list[str]:
        """Add messages that were received here; returns the ids of the readable ones."""
        batch = self.batch
        message_ids = batch.add(received, self.acknowledging.tools.emit, were_held=were_held)
        if seen := batch.seen_before(message_ids):
            state = self.states.read(seen)
            self.ended |= state.known.ended
            self.proven += self.erasing.outcomes(state.known.proven)
            self.isolation.learn(batch.received_before(), state.tried)
            self.refusals.refused_since.update(batch.refused_since())
        return message_ids

    def _to_interpret(self, message_ids: Collection[str], taken: set[str]) -> list[Occurrence]:
        """The occurrences of these messages, each once, without those that ended or kill processes.

        `taken`: item ids of the occurrences so far.
        """
        messages = {one: self.batch.messages[one] for one in message_ids}
        known = self.interpreting.mapper.known
        missing = missing_connections(messages, known, self.interpreting.clock())
        self.batch.messages |= missing.messages
        self.missing_since |= missing.since
        progress = self.acknowledging.progress
        crowded_out = self.batch.without_room.intersection(message_ids)
        waiting = missing.waiting | self._beyond_own_limits(missing.messages) | crowded_out
        progress.to_requeue |= self.batch.item_ids(waiting) - self.ended
        found = {
            one.item_id: one
            for message_id, message in missing.messages.items()
            if message_id not in waiting
            for one in message.occurrences
            if one.item_id not in self.ended and one.item_id not in taken
        }
        taken.update(found)
        for one in self.proven:
            if found.pop(one.occurrence.item_id, None):
                progress.outcomes.append(one)
        for item_id in sorted(self.isolation.culprits(found.values())):
            self.acknowledging.move_to_dead_letters(found.pop(item_id))
        return list(found.values())

    def _beyond_own_limits(self, messages: Mapping[str, QueueMessage]) -> set[str]:
        """The messages of connections that have used up their own limit of the day."""
        return {
            message_id
            for message_id, message in messages.items()
            if self.limits.spares(message.connection, len(message.occurrences))
        }
