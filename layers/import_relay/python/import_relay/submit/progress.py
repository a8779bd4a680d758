"""How far a batch has come: what every import of it adds to, and why submission has to pause.

Made by `submission`; `posting` and `acknowledging` keep it up to date.
"""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field

from import_relay.domain.models import Row, Settled
from import_relay.storage.gate import GateState
from import_relay.submit.attempts import Attempt
from import_relay.submit.waiting_contacts import CONTACT

LONGEST_PAUSE_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Closing:
    """Why and until when (s since the epoch) the gate has to be closed after the batch.

    `strikes`: how many posts in a row have failed by then.
    """

    reason: str
    until: float
    strikes: int = 0


@dataclass(slots=True)
class Progress:
    """How far a batch has come; every import of it adds to this.

    `deferred` are origins to bring again later, `waiting_contacts` the keys of contacts among
    them, `settled` those that ended, `proven` those of these that no other batch can find out
    again. Once `stopped`, no further import of the batch is begun.
    """

    gate: GateState
    first_of_day: bool
    pending: deque[Attempt] = field(default_factory=deque)
    settled: list[Settled] = field(default_factory=list)
    proven: dict[str, Settled] = field(default_factory=dict)
    deferred: set[str] = field(default_factory=set)
    waiting_contacts: set[str] = field(default_factory=set)
    closing: Closing | None = None
    stopped: bool = False
    imports: int = 0
    rows: int = 0

    def defer(self, rows: Collection[Row]) -> None:
        """Bring all that these rows stand for again later."""
        self.deferred.update(origin for row in rows for origin in row.origins)
        self.waiting_contacts.update(row.key for row in rows if row.options.type == CONTACT)

    def stop(self, reason: str, until: float, *, failures: int = 0) -> None:
        """Begin no further import, and close the gate; `failures` more were met in a row."""
        self.stopped = True
        self.closing = Closing(reason, until, self.gate.strikes + failures)

    def pause(self, reason: str, now: float, *, at_least_s: float = 0.0) -> None:
        """Stop for a minute at first, twice as long after each further failure in a row.

        What Mateo asks for can only make the pause longer: it may ask for a second all day.
        """
        pause = min(60.0 * 2 ** min(self.gate.strikes, 10), LONGEST_PAUSE_S)
        self.stop(reason, now + max(pause, at_least_s), failures=1)
