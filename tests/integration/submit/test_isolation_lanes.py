"""One record that kills the process, in the bulk lane and among records that are held."""

import pytest

from import_relay.domain.lanes import Lane
from import_relay.storage.trials import Tried
from tests.integration.submit.deliveries import Deliveries, HeldQueue
from tests.integration.submit.requests_used import use
from tests.integration.submit.test_isolation import (
    INNOCENT,
    DeadlyMapper,
    assert_only_the_poison_is_moved_to_the_dead_letter_queue,
    dead_letter,
    imported,
    innocent_messages,
    poisoned,
    relay,
)
from tests.support.relay import Relay

__all__ = ["relay"]  # fixtures
HELD = {Lane.LIVE: "held", Lane.BULK: "bulk_held"}


def test_a_poisoned_record_of_a_file_is_isolated_as_one_of_a_webhook_is(relay: Relay) -> None:
    bodies = [poisoned(), *innocent_messages(100, INNOCENT)]
    queue = Deliveries(relay, {"mapper": DeadlyMapper(relay.connections)}, lane=Lane.BULK)
    queue.put(*bodies)

    queue.drain()

    assert_only_the_poison_is_moved_to_the_dead_letter_queue(relay, queue, INNOCENT)


@pytest.mark.parametrize("lane", list(Lane))
@pytest.mark.parametrize("place", [0, 20, 40])
def test_a_poisoned_record_among_held_ones(relay: Relay, lane: Lane, place: int) -> None:
    """It is interpreted only after the holding queue was read, and SQS redelivers it to that."""
    bodies = innocent_messages(10, 400)
    bodies.insert(place, poisoned())
    queue = Deliveries(relay, lane=lane)
    held = HeldQueue(relay, queue)
    queue.replaced = {HELD[lane]: held, "mapper": DeadlyMapper(relay.connections)}
    use(relay, 4_000)  # ahead of the curve: all are held
    queue.put(*bodies)
    queue.deliver()
    assert (queue.deaths, len(held.messages)) == (0, len(bodies))

    use(relay, 0)
    queue.drain()

    assert_only_the_poison_is_moved_to_the_dead_letter_queue(relay, queue, 400)
    assert (held.messages, held.received_too_often) == ({}, [])


def test_a_redrive_that_is_held_first_is_tried_all_the_same(relay: Relay) -> None:
    body = dead_letter(relay)
    relay.trials.write(Tried(alone={"bad/0"}))  # SQS may have moved it, for its receive count
    queue = Deliveries(relay, sent_at=relay.clock.now)
    held = HeldQueue(relay, queue)
    queue.replaced = {"held": held}
    use(relay, 4_000)
    queue.put(body)
    queue.deliver()
    assert len(held.messages) == 1

    use(relay, 0)
    queue.drain()

    assert imported(relay) == ["poison"]
    assert len(relay.aws.queued(relay.aws.dead_letter_url)) == 1, "the first one alone"
