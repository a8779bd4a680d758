"""Traces the death of a process to the item that caused it. Called by `interpreting`.

    received for the first time   tried with all others; nothing is written down
    received before               a hundred at a time, written down before they are tried
    found written down            a suspect: tried alone, once all others are imported
    … as one that was tried alone it killed the process: it goes to the dead-letter queue alone

So one item that kills costs three deaths, whatever it shares a batch or a message with. One that
raises an error kills nothing (`raised_items`); only if memory runs out, that counts as a death.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from import_relay.domain.models import Occurrence
from import_relay.storage.trials import Trials, Tried


class Isolation:
    """Which items of one batch may kill a process. `received_before`: their item ids."""

    def __init__(self, trials: Trials, received_before: Collection[str], tried: Tried) -> None:
        self._trials = trials
        self._received_before = frozenset(received_before)
        self._together = set(tried.together)
        self._alone = set(tried.alone)
        self._is_noted = False
        """Whether the table says, or may say, that something is being tried."""

    def learn(self, received_before: Collection[str], tried: Tried) -> None:
        """Adds what is known of further items; the lease has been held since the batch began."""
        self._received_before |= frozenset(received_before)
        self._together |= tried.together
        self._alone |= tried.alone

    def suspects(self, occurrences: Collection[Occurrence]) -> set[str]:
        """Item ids of those that were being tried with others when a process died."""
        return {one.item_id for one in occurrences if trial_of(one) in self._together}

    def culprits(self, occurrences: Collection[Occurrence]) -> set[str]:
        """Item ids of those that were being tried alone when a process died.

        What killed stays written down: each time that it is delivered it becomes a dead letter.
        """
        return {one.item_id for one in occurrences if trial_of(one) in self._alone}

    @contextmanager
    def surviving(self) -> Iterator[None]:
        """Submit a batch within the block: if that fails, no item of it has killed a process.

        Where memory ran out, one may have: what is being tried stays written down.
        """
        try:
            yield
        except MemoryError:
            raise
        except Exception:
            self.survived()
            raise
        self.survived()

    @contextmanager
    def trying(self, occurrences: Sequence[Occurrence], *, alone: bool = False) -> Iterator[None]:
        """Write down what is tried within the block, if a death there has to be traced."""
        if not alone and self._received_before.isdisjoint(one.item_id for one in occurrences):
            yield
            return
        trials = {trial_of(one) for one in occurrences}
        self._is_noted = True  # even if AWS does not say so
        self._trials.write(self._tried(trials, alone=alone))
        if alone:
            self._together -= trials
        yield

    def survived(self) -> None:
        """Nothing is being tried any more. If AWS does not take this, the end of the batch does."""
        if self._is_noted:
            self._is_noted = not self._trials.update(Tried(self._together, self._alone))

    def _tried(self, trials: set[str], *, alone: bool) -> Tried:
        if alone:
            return Tried(self._together - trials, self._alone | trials)
        return Tried(self._together | trials, self._alone)


def trial_of(one: Occurrence) -> str:
    """What is written down of an item; after a redrive something else: it may be corrected."""
    return f"{one.item_id}@{one.since}" if one.since else one.item_id
