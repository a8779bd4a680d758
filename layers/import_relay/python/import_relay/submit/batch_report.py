"""What became of a batch, for the log and the metrics. Called by `submission`."""

from collections import Counter
from dataclasses import dataclass, field

from import_relay.domain.log_events import Emit
from import_relay.submit.acknowledging import Acknowledging
from import_relay.submit.progress import Progress
from import_relay.submit.queue_batch import QueueBatch


@dataclass(slots=True)
class BatchReport:
    """What became of a batch. `give_back`: ids of messages that have to be delivered again.

    Connections are counted whose records wait: `unread`, as their CRM cannot be read, `unusable`,
    as they have a mistake or are missing, and `refused`, as Mateo refuses their imports.
    """

    give_back: set[str] = field(default_factory=set)
    items: int = 0
    imports: int = 0
    rows: int = 0
    deferred: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    entities_used: int = 0
    closed: str = ""
    unread_connections: int = 0
    unusable_connections: int = 0
    refused_connections: int = 0
    dead_lettered: int = 0

    def say(self, emit: Emit) -> None:
        """Say what became of it."""
        emit(
            "batch.submitted",
            items=self.items,
            imports=self.imports,
            rows=self.rows,
            deferred=self.deferred,
            given_back=len(self.give_back),
            **self.outcomes,
        )


def report_of(batch: QueueBatch, progress: Progress, ending: Acknowledging) -> BatchReport:
    """The part of it that its messages and imports tell."""
    return BatchReport(
        give_back=batch.unreadable | batch.messages_with(ending.unresolved),
        items=len(batch.origins()),
        imports=progress.imports,
        rows=progress.rows,
        deferred=len(progress.deferred - ending.unresolved),
        outcomes=Counter(settled.outcome.value for settled in progress.settled),
        closed=progress.closing.reason if progress.closing else "",
        dead_lettered=len(ending.dead_lettered),
    )
