"""Acts on the refusals of a batch at its end: notes and logs which connections wait.

Called by `submission`. If anything fails here, a later batch finds it out again.
"""

from dataclasses import dataclass, field

from import_relay.storage.refusals import RefusalPause, RefusedConnections, RefusedKind
from import_relay.submit.acknowledging import Acknowledging
from import_relay.submit.posting import Tools
from import_relay.submit.progress import BatchProgress
from import_relay.submit.refusals import Refusals

UNPROVEN = "row.refused_unproven"
"""Why a single record is in the dead-letter queue."""


@dataclass(slots=True)
class RefusedRows:
    """Ends the refusals of one batch; `connections` are those that wait because of them."""

    refusals: Refusals
    store: RefusedConnections
    acknowledging: Acknowledging
    progress: BatchProgress
    tools: Tools
    connections: set[str] = field(default_factory=set)
    _has_changed: bool = False

    def finish(self) -> None:
        """Requeue unproven rows; those that waited too long become dead letters."""
        left = self.refusals.finish(self.tools.clock())
        self.progress.requeue(left.waiting)
        for one in left.unproven:
            self.acknowledging.move_to_dead_letters(one, UNPROVEN)
        self.progress.to_requeue -= self.acknowledging.dead_lettered
        self._has_changed |= left.has_changed
        for kind, wait in left.waits.items():
            self.connections.add(kind.connection)
            self._say(kind, wait)

    def write(self) -> None:
        """Write down which connections wait."""
        if self._has_changed:
            self.acknowledging.try_step(lambda: self.store.write(self.refusals.waits))

    def _say(self, kind: RefusedKind, wait: RefusalPause) -> None:
        self.tools.emit(
            "import.connection_refused",
            connection=kind.connection,
            type=kind.type,
            status=wait.status,
            code=wait.code,
            answer=wait.message,
            since=int(wait.since),
            until=int(wait.until),
            consecutive=wait.consecutive,
        )
