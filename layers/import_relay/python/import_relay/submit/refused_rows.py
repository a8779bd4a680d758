"""What a batch does in the end about refusals: who waits is written down and said.

Called by `submission`. Whatever fails here is found out again by a later batch.
"""

from dataclasses import dataclass, field

from import_relay.storage.refusals import Kind, RefusedConnections, Wait
from import_relay.submit.acknowledging import Acknowledging
from import_relay.submit.posting import Tools
from import_relay.submit.progress import Progress
from import_relay.submit.refusals import Refusals

UNPROVEN = "row.refused_unproven"
"""Why a single record is in the dead-letter queue."""


@dataclass(slots=True)
class RefusedRows:
    """Ends the refusals of one batch; `connections` are those that wait because of them."""

    refusals: Refusals
    store: RefusedConnections
    ending: Acknowledging
    progress: Progress
    tools: Tools
    connections: set[str] = field(default_factory=set)
    _has_changed: bool = False

    def settle(self) -> None:
        """Bring again what waits; what has waited for a proof too long becomes a dead letter."""
        end = self.refusals.end(self.tools.clock())
        self.progress.defer(end.waiting)
        for one in end.unproven:
            self.ending.move_to_dead_letters(one, UNPROVEN)
        self.progress.deferred -= self.ending.dead_lettered
        self._has_changed |= end.has_changed
        for kind, wait in end.waits.items():
            self.connections.add(kind.connection)
            self._say(kind, wait)

    def write(self) -> None:
        """Write down who waits."""
        if self._has_changed:
            self.ending.try_step(lambda: self.store.write(self.refusals.waits))

    def _say(self, kind: Kind, wait: Wait) -> None:
        self.tools.emit(
            "import.connection_refused",
            connection=kind.connection,
            type=kind.type,
            status=wait.status,
            code=wait.code,
            message=wait.message,
            since=int(wait.since),
            until=int(wait.until),
            consecutive=wait.consecutive,
        )
