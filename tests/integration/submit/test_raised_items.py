"""A record that raises an error nobody expects harms no other record."""

import json
from collections.abc import Callable
from typing import Any, NoReturn

import pytest

from import_relay.connectors.contract import Change
from import_relay.domain.erased_handles import handle
from import_relay.domain.lanes import Lane
from import_relay.domain.models import Occurrence
from import_relay.storage.erasures import Erasures
from import_relay.storage.trials import Tried
from import_relay.submit.batch_report import BatchReport
from import_relay.submit.changes import Mapper
from import_relay.submit.connection_mappings import ConnectionMappings
from import_relay.submit.raised_items import MAX_APART
from tests.integration.submit.deliveries import MAX_RECEIVES, Deliveries
from tests.integration.submit.test_isolation import (
    IN_A_MESSAGE,
    POISON,
    assert_only_the_poison_is_moved_to_the_dead_letter_queue,
    dead_lettered,
    imported,
    innocent_messages,
    poisoned,
    relay,
)
from tests.support.aws import LEDGER
from tests.support.builders import message
from tests.support.clients import client_error
from tests.support.relay import Relay

__all__ = ["relay"]  # fixtures
CODE = "row.raised_error"
SECRET = "canary.mail@example.com"
ERROR = KeyError(SECRET)
ERRORS = [ERROR, RecursionError(SECRET), OSError(SECRET), UnicodeError(SECRET)]
INNOCENT = 300


def is_poison(item: Any) -> bool:
    return isinstance(item, dict) and item.get("name") == "POISON"


class RaisingMapper(Mapper):
    """Raises an error where a poisoned record is interpreted."""

    error: Exception = ERROR

    def _change(self, occurrence: Occurrence) -> Change:
        if is_poison(occurrence.item):
            raise self.error
        return super()._change(occurrence)


def raising(relay: Relay, error: Exception) -> Mapper:
    mapper = RaisingMapper(relay.connections)
    mapper.error = error
    return mapper


def queue_with(relay: Relay, *bodies: str, error: Exception = ERROR) -> Deliveries:
    queue = Deliveries(relay, {"mapper": raising(relay, error)})
    queue.put(*bodies)
    return queue


def assert_only_the_poison_is_set_apart(
    relay: Relay, queue: Deliveries, error: Exception, whose: str = "evil"
) -> None:
    assert (queue.batches, queue.deaths, queue.received_too_often) == (1, 0, [])
    assert sorted(imported(relay), key=int) == [str(n) for n in range(INNOCENT)]
    assert dead_lettered(relay) == [(whose, [POISON])]
    (said,) = relay.said("item.raised_error")
    assert said["connection"] == whose
    assert str(said["reason"]).startswith(f"{type(error).__name__} at ")
    (moved,) = relay.said("item.dead_lettered")
    assert (moved["connection"], moved["code"]) == (whose, CODE)
    assert moved["item_id"] == said["item_id"]
    assert relay.tried == Tried()
    assert SECRET not in str(relay.events)


@pytest.mark.parametrize("error", ERRORS, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_record_that_raises_an_error_is_a_dead_letter_alone_at_its_first_delivery(
    relay: Relay, place: int, error: Exception
) -> None:
    bodies = innocent_messages(IN_A_MESSAGE, INNOCENT)
    bodies.insert(place, poisoned())
    queue = queue_with(relay, *bodies, error=error)

    queue.drain()

    assert_only_the_poison_is_set_apart(relay, queue, error)


@pytest.mark.parametrize("place", [0, 49, 99])
def test_it_leaves_its_message_without_its_neighbours(relay: Relay, place: int) -> None:
    first, *rest = innocent_messages(IN_A_MESSAGE, INNOCENT)
    items = [one["item"] for one in json.loads(first)["items"]]
    items.insert(place, POISON)
    queue = queue_with(relay, message(items, delivery="d0", connection="shop"), *rest)

    queue.drain()

    assert_only_the_poison_is_set_apart(relay, queue, ERROR, "shop")


@pytest.mark.parametrize("step", ["interpret", "map"])
@pytest.mark.parametrize("lane", list(Lane))
def test_it_is_set_apart_in_every_step_and_lane(
    relay: Relay, step: str, lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = IndexError(SECRET)
    real: Callable[..., Any] = getattr(ConnectionMappings, step)

    def method(self: ConnectionMappings, *given: Any, **more: Any) -> Any:
        if any(is_poison(getattr(one, "record", one)) for one in given):
            raise error
        return real(self, *given, **more)

    monkeypatch.setattr(ConnectionMappings, step, method)
    queue = Deliveries(relay, lane=lane)
    queue.put(poisoned(), *innocent_messages(7, INNOCENT))

    queue.drain()

    assert_only_the_poison_is_set_apart(relay, queue, error)


@pytest.mark.parametrize("alone", [True, False])
def test_a_suspect_that_raises_an_error_killed_nothing(relay: Relay, alone: bool) -> None:
    """It is tried alone, because a process died that tried it among others."""
    if alone:
        relay.trials.write(Tried(together={"bad/0"}))
    queue = queue_with(relay, poisoned(), *innocent_messages(10, INNOCENT))
    queue.receives = dict.fromkeys(queue.messages, 2)

    queue.drain()

    assert_only_the_poison_is_set_apart(relay, queue, ERROR)


def test_memory_that_runs_out_is_a_death(relay: Relay) -> None:
    queue = queue_with(relay, poisoned(), *innocent_messages(1, INNOCENT), error=MemoryError())
    queue.failures = (MemoryError,)

    queue.drain()

    assert_only_the_poison_is_moved_to_the_dead_letter_queue(relay, queue, INNOCENT)


@pytest.mark.parametrize(
    "error", [client_error("ThrottlingException"), ConnectionResetError(), TimeoutError()]
)
def test_an_error_of_aws_or_the_network_moves_nothing_to_the_dead_letter_queue(
    relay: Relay, error: Exception
) -> None:
    queue = queue_with(relay, poisoned(), *innocent_messages(10, INNOCENT), error=error)
    queue.failures = (type(error),)
    queue.deliver()
    queue.deliver()
    assert (queue.deaths, relay.tried) == (2, Tried())

    queue.replaced = {}
    queue.drain()

    assert len(imported(relay)) == INNOCENT + 1
    assert dead_lettered(relay) == []


def submit(relay: Relay, *bodies: str) -> BatchReport:
    return relay.submission(mapper=raising(relay, ERROR)).submit(
        {f"m{n}": one for n, one in enumerate(bodies)},
        invocation="inv-1",
        deadline=relay.clock.now + 120.0,
    )


@pytest.mark.parametrize(
    ("poisoned_items", "innocent"), [(1, 0), (2, 1), (MAX_APART + 1, INNOCENT)]
)
def test_a_fault_of_the_release_moves_nothing_and_fails_the_batch_once_all_others_are_imported(
    relay: Relay, poisoned_items: int, innocent: int
) -> None:
    bad = message([POISON] * poisoned_items, delivery="bad", connection="evil")

    report = submit(relay, bad, *innocent_messages(IN_A_MESSAGE, innocent))

    assert report.failed_message_ids == {"m0"}
    assert report.failure.startswith("KeyError at ")
    assert len(imported(relay)) == innocent
    assert (dead_lettered(relay), report.dead_lettered) == ([], 0)
    assert len(relay.said("item.raised_error")) == min(poisoned_items, MAX_APART)


def test_as_many_as_a_fault_of_single_records_explains_are_dead_letters(relay: Relay) -> None:
    bad = message([POISON] * MAX_APART, delivery="bad", connection="evil")

    report = submit(relay, bad, *innocent_messages(IN_A_MESSAGE, MAX_APART))

    assert (report.failed_message_ids, report.failure) == (set(), "")
    assert report.dead_lettered == len(dead_lettered(relay)) == MAX_APART


def test_records_that_a_broken_release_cannot_read_are_imported_by_the_next_one(
    relay: Relay,
) -> None:
    queue = queue_with(relay, *[message([POISON], delivery=f"d{n}") for n in range(20)])
    for _ in range(MAX_RECEIVES - 1):
        queue.deliver()
    assert (len(queue.messages), dead_lettered(relay)) == (20, [])

    queue.replaced = {}
    queue.drain()

    assert imported(relay) == ["poison"]
    assert (dead_lettered(relay), queue.received_too_often) == ([], [])


def test_a_record_that_was_corrected_by_a_release_is_imported_after_its_redrive(
    relay: Relay,
) -> None:
    queue_with(relay, poisoned(), *innocent_messages(10, INNOCENT)).drain()
    ((content, _),) = relay.aws.queued(relay.aws.dead_letter_url)

    repaired = Deliveries(relay, sent_at=relay.clock.now)
    repaired.put(json.dumps(content))
    repaired.drain()

    assert imported(relay)[-1] == "poison"


def test_a_dead_letter_queue_that_takes_nothing_has_the_record_redelivered(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    def move(*_: object) -> NoReturn:
        raise client_error("ThrottlingException")

    monkeypatch.setattr("import_relay.storage.requeueing.Requeueing.move", move)

    report = submit(relay, poisoned(), *innocent_messages(IN_A_MESSAGE, INNOCENT))

    assert (report.failed_message_ids, report.failure) == ({"m0"}, "")
    assert len(imported(relay)) == INNOCENT


def test_what_an_erased_person_raises_is_kept_nowhere(relay: Relay) -> None:
    Erasures(relay.aws.dynamodb, LEDGER, clock=relay.clock).add([handle("email", SECRET)])
    bad = message([{**POISON, "mail": SECRET}], delivery="bad", connection="evil")

    report = submit(relay, bad, *innocent_messages(IN_A_MESSAGE, INNOCENT))

    assert (report.failed_message_ids, report.failure, dead_lettered(relay)) == (set(), "", [])
    assert [line["outcome"] for line in relay.aws.lines("outcomes/")] == ["erased"]
