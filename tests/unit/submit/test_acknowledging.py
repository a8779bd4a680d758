"""Which messages of an unfinished batch are deleted, and which are kept."""

from collections.abc import Iterable
from typing import Any, cast

from import_relay.domain.queue_messages import WAKE
from import_relay.submit.acknowledging import Acknowledging
from import_relay.submit.queue_batch import QueueBatch
from tests.support.builders import message
from tests.support.following import ADA, BOB


class Deleted:
    """A queue that notes the receipts of deleted messages."""

    def __init__(self) -> None:
        self.receipts: list[str] = []

    def delete(self, receipts: Iterable[str]) -> None:
        self.receipts += receipts


def test_a_wake_and_what_may_kill_the_process_are_kept_until_the_batch_is_finished() -> None:
    bodies = {"wake": WAKE, "done": message([ADA]), "suspect": message([BOB], delivery="d2")}
    batch = QueueBatch(bodies, (), {one: f"receipt of {one}" for one in bodies})
    batch.read({}, lambda *_, **__: None)
    queue, unused = Deleted(), cast("Any", None)
    holding = cast("Any", Deleted())
    acknowledging = Acknowledging(
        batch, unused, cast("Any", queue), holding, unused, unused, unused
    )

    acknowledging.delete_without({"d2/0"})

    assert queue.receipts == ["receipt of done"]
