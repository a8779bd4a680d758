"""How far a batch has come: what every import of it adds to, and why submission has to pause.

Made by `submission`; `posting` and `acknowledging` keep it up to date.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

from import_relay.domain.models import CONTACT_TYPE, ItemOutcome, Row
from import_relay.storage.pause import PauseState

MAX_PAUSE_S = 3_600.0


@dataclass(frozen=True, slots=True)
class PauseRequest:
    """Why and until when (s since the epoch) the pause has to begin after the batch.

    `consecutive_failures`: how many posts in a row have failed by then. `bulk_only`: the live lane
    goes on.
    """

    reason: str
    until: float
    consecutive_failures: int = 0
    bulk_only: bool = False


@dataclass(slots=True)
class BatchProgress:
    """How far a batch has come; every import of it adds to this.

    `to_requeue` are item ids to requeue later, `to_hold` those to hold for a fuller import,
    `blocked_contacts` the keys of contacts among them. `outcomes` are of items that ended; `proven`
    are those outcomes that no other batch can find out again. `begun`: imports that were begun.
    Once `stopped`, the batch begins no further import. `sent_keys` and `sent_names`: of the records
    in its imports, and of these records' other names.
    """

    pause_state: PauseState
    first_of_day: bool
    outcomes: list[ItemOutcome] = field(default_factory=list)
    proven: dict[str, ItemOutcome] = field(default_factory=dict)
    to_requeue: set[str] = field(default_factory=set)
    to_hold: set[str] = field(default_factory=set)
    blocked_contacts: set[str] = field(default_factory=set)
    pause_request: PauseRequest | None = None
    stopped: bool = False
    begun: int = 0
    imports: int = 0
    rows: int = 0
    sent_keys: set[str] = field(default_factory=set)
    sent_names: set[str] = field(default_factory=set)

    def requeue(self, rows: Collection[Row]) -> None:
        """Requeue everything that these rows stand for."""
        self.to_requeue.update(item_id for row in rows for item_id in row.item_ids)
        self._block(rows)

    def hold(self, rows: Collection[Row]) -> None:
        """Keep all that these rows stand for until an import can be filled with it."""
        self.to_hold.update(item_id for row in rows for item_id in row.item_ids)
        self._block(rows)

    def _block(self, rows: Collection[Row]) -> None:
        self.blocked_contacts.update(row.key for row in rows if row.options.type == CONTACT_TYPE)

    def remember(self, rows: Collection[Row]) -> None:
        """Note that an import has these rows."""
        self.sent_keys.update(row.key for row in rows)
        self.sent_names.update(name for row in rows for name in row.names)

    def has_person(self, row: Row) -> bool:
        """Whether an import of the batch has a row of the same person under another key."""
        return row.key in self.sent_names or not self.sent_keys.isdisjoint(row.names)

    def stop(self, reason: str, until: float, *, failures: int = 0) -> None:
        """Begin no further import, and pause submission after `failures` more failures in a row."""
        self.stopped = True
        self.pause_request = PauseRequest(
            reason, until, self.pause_state.consecutive_failures + failures
        )

    def pause(self, reason: str, now: float, *, at_least_s: float = 0.0) -> None:
        """Pause for a minute at first, twice as long after each further failure in a row.

        A `retry-after` of Mateo can only make the pause longer: Mateo may ask for a second all day.
        """
        pause = min(60.0 * 2 ** min(self.pause_state.consecutive_failures, 10), MAX_PAUSE_S)
        self.stop(reason, now + max(pause, at_least_s), failures=1)
