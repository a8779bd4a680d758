"""Sets apart items that raise an error nobody expects. Called by `batch_run`.

A few, beside at least as many that can be imported, are at fault themselves: each becomes a dead
letter, alone. Otherwise the release is: their messages are redelivered, and the function fails once
all other messages are deleted, so that an alarm says so.
"""

from dataclasses import dataclass

from import_relay.submit.acknowledging import Acknowledging
from import_relay.submit.changes import RAISED, Mapped
from import_relay.submit.posting import Tools

MAX_APART = 10
"""Own limit, for a batch. A broken release would empty the queue into the dead-letter queue."""


@dataclass(slots=True)
class RaisedItems:
    """Those of one batch. `failure`: type and place of the error that it fails with, or empty."""

    acknowledging: Acknowledging
    tools: Tools
    failure: str = ""
    _rows: int = 0
    _raised: int = 0

    def part(self, mapped: Mapped) -> None:
        """Make dead letters of the items that raised an error, or have them redelivered."""
        self._rows += len(mapped.changes)
        self._raised += len(mapped.raised)
        are_at_fault = self._raised <= min(MAX_APART, self._rows)
        for number, one in enumerate(mapped.raised):
            occurrence = one.occurrence
            if number < MAX_APART:
                self.tools.emit(
                    "item.raised_error",
                    connection=occurrence.connection,
                    item_id=occurrence.item_id,
                    reason=one.detail,
                )
            if are_at_fault:
                self.acknowledging.move_to_dead_letters(occurrence, RAISED)
            else:
                self.acknowledging.unresolved.add(occurrence.item_id)
                self.failure = self.failure or one.detail

    def delete_others(self) -> None:
        """Delete the messages of all other items, if the function is going to fail."""
        if self.failure:
            self.acknowledging.delete_without(self.acknowledging.unresolved)
