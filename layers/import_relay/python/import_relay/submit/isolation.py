"""Traces the death of a process to the item that caused it. Called by `interpreting`.

    received for the first time   tried with all others; nothing is written down
    received before               a hundred at a time, written down before they are tried
    found written down            a suspect: tried alone, once all others are imported
    … as one that was tried alone it killed the process: it goes to the dead-letter queue alone

So one item that kills costs three deaths, whatever it shares a batch or a message with.
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
        self._is_trying = False

    def learn(self, received_before: Collection[str], tried: Tried) -> None:
        """Adds what is known of further items; the lease has been held since the batch began."""
        self._received_before |= frozenset(received_before)
        self._together |= tried.together
        self._alone |= tried.alone

    def suspects(self, item_ids: Collection[str]) -> set[str]:
        """Those of the item ids that were being tried with others when a process died."""
        return self._together.intersection(item_ids)

    def culprits(self, item_ids: Collection[str]) -> set[str]:
        """Those of the item ids that were being tried alone when a process died."""
        return self._alone.intersection(item_ids)

    def forget(self, item_ids: Collection[str]) -> None:
        """Take out what a person may try again: what is in the dead-letter queue, or redriven.

        If AWS does not take this while one goes there, its redrive takes it out.
        """
        if self._alone.union(self._together).intersection(item_ids):
            self._alone.difference_update(item_ids)
            self._together.difference_update(item_ids)
            self._trials.update(Tried(self._together, self._alone))

    @contextmanager
    def trying(self, occurrences: Sequence[Occurrence], *, alone: bool = False) -> Iterator[None]:
        """Write down what is tried within the block, if a death there has to be traced."""
        item_ids = {one.item_id for one in occurrences}
        if not alone and self._received_before.isdisjoint(item_ids):
            yield
            return
        if alone:
            self._together -= item_ids
        self._trials.write(self._tried(item_ids, alone=alone))
        self._is_trying = True
        try:
            yield
        except Exception:  # it failed and did not die
            self.survived()
            raise

    def survived(self) -> None:
        """Nothing is being tried any more."""
        if self._is_trying:
            self._is_trying = False
            self._trials.update(Tried(self._together, self._alone))

    def _tried(self, item_ids: set[str], *, alone: bool) -> Tried:
        if alone:
            return Tried(self._together, self._alone | item_ids)
        return Tried(self._together | item_ids, self._alone)
