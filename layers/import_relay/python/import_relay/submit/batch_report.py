"""What became of a batch, for the log and the metrics. Called by `submission`."""

from collections import Counter
from dataclasses import dataclass, field

from import_relay.domain.log_events import Emit
from import_relay.domain.models import Outcome
from import_relay.submit.acknowledging import Acknowledging
from import_relay.submit.progress import BatchProgress
from import_relay.submit.queue_batch import QueueBatch


@dataclass(slots=True)
class BatchReport:
    """What became of a batch. `failed_message_ids`: ids of messages that have to be delivered
    again.

    `items`: with those that were received here. `held`: items that wait for a fuller import.
    `rejected_of`: connection → its rejected records. Connections are counted whose records wait:
    `unread`, as their CRM cannot be read, `unusable`, as they have a mistake or are missing, and
    `refused`, as Mateo refuses their imports. `failure`: why the function has to fail now that
    all is done that can be done; empty if it does not.
    """

    failed_message_ids: set[str] = field(default_factory=set)
    items: int = 0
    held: int = 0
    imports: int = 0
    rows: int = 0
    requeued: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    rejected_of: Counter[str] = field(default_factory=Counter)
    entities_used: int = 0
    paused: str = ""
    unread_connections: int = 0
    unusable_connections: int = 0
    refused_connections: int = 0
    dead_lettered: int = 0
    failure: str = ""

    def say(self, emit: Emit) -> None:
        """Log the outcome of the batch."""
        emit(
            "batch.submitted",
            items=self.items,
            imports=self.imports,
            rows=self.rows,
            requeued=self.requeued,
            held=self.held,
            failed_messages=len(self.failed_message_ids),
            **self.outcomes,
        )
        for connection, items in self.rejected_of.items():
            emit("batch.rejected", connection=connection, items=items)


def report_of(
    batch: QueueBatch, progress: BatchProgress, acknowledging: Acknowledging
) -> BatchReport:
    """The counts that follow from messages and imports."""
    failed = batch.messages_with(acknowledging.unresolved).union(
        batch.unreadable, acknowledging.unresolved_wakes
    )
    return BatchReport(
        failed_message_ids={one for one in failed if one in batch.handed_over},
        items=len(batch.item_ids()),
        imports=progress.imports,
        rows=progress.rows,
        requeued=len(progress.to_requeue - acknowledging.unresolved),
        held=len(progress.to_hold - progress.to_requeue - acknowledging.unresolved),
        outcomes=Counter(item_outcome.outcome.value for item_outcome in progress.outcomes),
        rejected_of=Counter(
            one.occurrence.connection
            for one in progress.outcomes
            if one.outcome is Outcome.REJECTED
        ),
        paused=progress.pause_request.reason if progress.pause_request else "",
        dead_lettered=len(acknowledging.dead_lettered),
    )
