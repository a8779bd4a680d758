"""A record that kills the process harms no other record."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from import_relay.connectors.contract import Change
from import_relay.domain.models import Occurrence
from import_relay.storage.archive import Archive
from import_relay.storage.executions import Executions
from import_relay.storage.trials import Trials, Tried
from import_relay.submit import connection_mappings
from import_relay.submit.changes import Mapped, Mapper
from import_relay.submit.entity_limits import EntityLimits
from tests.integration.submit.deliveries import Deliveries
from tests.support.aws import BUCKET, client
from tests.support.builders import connections, message
from tests.support.clients import Overruling, client_error
from tests.support.following import Killed
from tests.support.relay import Relay

CONNECTIONS = """
[{0}]
kind = "json"
{1}
[{0}.contact]
version = "v"
[{0}.contact.fields]
external_id = "id"
full_name = "name"
"""
OTHERS = ("erp", "shop", "crm")
POISON = {"id": "poison", "v": 1, "name": "POISON"}
INNOCENT = 5_000
IN_A_MESSAGE = 100


class DeadlyMapper(Mapper):
    """Dies where the poisoned record is interpreted."""

    def _change(self, occurrence: Occurrence) -> Change:
        item: Any = occurrence.item
        if isinstance(item, dict) and item.get("name") == "POISON":
            raise Killed
        return super()._change(occurrence)


class DeadlyArchive(Archive):
    """Dies where the poisoned record is loaded."""

    def fetch(self, key: str, *, most: int | None = None) -> bytes:
        raise Killed


def people(first: int, number: int) -> list[object]:
    return [{"id": str(n), "v": 1, "name": f"Person {n}"} for n in range(first, first + number)]


def innocent_messages(items_in_each: int, total: int) -> list[str]:
    return [
        message(
            people(first, min(items_in_each, total - first)),
            delivery=f"d{first}",
            connection=OTHERS[first % len(OTHERS)],
        )
        for first in range(0, total, items_in_each)
    ]


def poisoned() -> str:
    return message([POISON], delivery="bad", connection="evil")


@pytest.fixture
def relay(relay: Relay) -> Relay:
    same = 'same_ids_as = "erp"'
    relay.connections = connections(
        CONNECTIONS.format("erp", "")
        + "".join(CONNECTIONS.format(one, same) for one in (*OTHERS[1:], "evil"))
    )
    return relay


def imported(relay: Relay) -> list[str]:
    return [row["external_id"] for row in relay.mateo.rows]


def dead_lettered(relay: Relay) -> list[tuple[str, object]]:
    """Connection and items of what is in the dead-letter queue."""
    return [
        (content["connection"], [item.get("item", item.get("at")) for item in content["items"]])
        for content, _ in relay.aws.queued(relay.aws.dead_letter_url)
    ]


def assert_only_the_poison_is_moved_to_the_dead_letter_queue(
    relay: Relay, queue: Deliveries, innocent: int, poison: object = POISON, whose: str = "evil"
) -> None:
    assert queue.deaths <= 4
    assert len(relay.mateo.bodies) <= 3
    assert sorted(imported(relay), key=int) == [str(n) for n in range(innocent)]
    assert dead_lettered(relay) == [(whose, [poison])]
    assert queue.received_too_often == []
    (said,) = relay.said("item.dead_lettered")
    assert (said["connection"], said["code"]) == (whose, "row.killed_process")
    assert (relay.tried.together, len(relay.tried.alone)) == (set(), 1), "it may come back"


@pytest.mark.parametrize("items_in_each", [1, IN_A_MESSAGE])
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_a_poisoned_record_among_5000_innocent_ones(
    relay: Relay, place: str, items_in_each: int
) -> None:
    bodies = innocent_messages(items_in_each, INNOCENT)
    bodies.insert({"first": 0, "middle": len(bodies) // 2, "last": len(bodies)}[place], poisoned())
    queue = Deliveries(relay, {"mapper": DeadlyMapper(relay.connections)})
    queue.put(*bodies)

    queue.drain()

    assert_only_the_poison_is_moved_to_the_dead_letter_queue(relay, queue, INNOCENT)


@pytest.mark.parametrize("place", [0, 49, 99])
def test_a_poisoned_record_within_a_message_of_innocent_ones(relay: Relay, place: int) -> None:
    first, *rest = innocent_messages(IN_A_MESSAGE, 500)
    items = [one["item"] for one in json.loads(first)["items"]]
    items.insert(place, POISON)
    queue = Deliveries(relay, {"mapper": DeadlyMapper(relay.connections)})
    queue.put(message(items, delivery="d0", connection="shop"), *rest)

    queue.drain()

    assert_only_the_poison_is_moved_to_the_dead_letter_queue(relay, queue, 500, whose="shop")


def test_a_pointer_whose_loading_kills_the_process(relay: Relay) -> None:
    content = json.loads(message([], delivery="bad", connection="evil"))
    content["items"] = [{"n": 0, "event": "e", "at": "oversize/bad/0.json"}]
    queue = Deliveries(relay, {"archive": DeadlyArchive(relay.aws.s3, BUCKET)})
    queue.put(*innocent_messages(1, 300), json.dumps(content))

    queue.drain()

    assert_only_the_poison_is_moved_to_the_dead_letter_queue(
        relay, queue, 300, "oversize/bad/0.json"
    )


@contextmanager
def death_in(module: object, name: str, is_poison: Any) -> Iterator[None]:
    """Die in a function of the relay, where its first argument is the poison."""
    real = getattr(module, name)

    def deadly(first: Any, *rest: Any, **more: Any) -> Any:
        if is_poison(first):
            raise Killed
        return real(first, *rest, **more)

    setattr(module, name, deadly)
    try:
        yield
    finally:
        setattr(module, name, real)


def test_a_record_whose_mapping_kills_the_process(relay: Relay) -> None:
    queue = Deliveries(relay)
    queue.put(*innocent_messages(7, 300), poisoned())

    with death_in(
        connection_mappings, "row_text", lambda columns: columns.get("full_name") == "POISON"
    ):
        queue.drain()

    assert_only_the_poison_is_moved_to_the_dead_letter_queue(relay, queue, 300)


def test_two_poisoned_records_are_dead_lettered_and_all_others_imported(
    relay: Relay,
) -> None:
    other = {**POISON, "id": "poison too"}
    bodies = innocent_messages(1, 300)
    bodies.insert(10, message([other], delivery="bad2", connection="evil"))
    queue = Deliveries(relay, {"mapper": DeadlyMapper(relay.connections)})
    queue.put(*bodies, poisoned())

    queue.drain()

    assert sorted(imported(relay), key=int) == [str(n) for n in range(300)]
    assert sorted(items[0]["id"] for _, items in dead_lettered(relay)) == ["poison", "poison too"]  # type: ignore[index]
    assert queue.deaths <= 6
    assert queue.received_too_often == []


def test_records_that_are_redelivered_for_another_reason_are_imported(
    relay: Relay,
) -> None:
    queue = Deliveries(relay, {"mapper": DeadlyMapper(relay.connections)})
    queue.put(*innocent_messages(1, 250))
    queue.receives = dict.fromkeys(queue.messages, 4)

    queue.drain()

    assert (queue.deaths, queue.batches, len(relay.mateo.bodies)) == (0, 1, 1)
    assert dead_lettered(relay) == []


def test_deaths_that_no_record_causes_move_none_to_the_dead_letter_queue(relay: Relay) -> None:
    """They make every record a suspect; each survives when it is tried alone."""
    queue = Deliveries(relay)
    queue.put(*innocent_messages(1, 250))
    deaths = iter([True] * 5)

    def kills(_: object) -> bool:
        return next(deaths, False)

    with death_in(Mapped, "add", kills):
        queue.drain()

    assert queue.deaths == 5
    assert len(imported(relay)) == 250
    assert dead_lettered(relay) == []


def test_poison_kills_no_process_again_although_its_message_is_redelivered(relay: Relay) -> None:
    """The import of its neighbours fails, so SQS redelivers the message that all of them share."""
    item, *others = [POISON, *people(0, 2)]
    failures = iter([True])

    def start(real: Any, **arguments: Any) -> Any:
        if next(failures, False):
            raise client_error("ThrottlingException")
        return real(**arguments)

    machine: Any = Overruling(client("stepfunctions"), start_execution=start)
    queue = Deliveries(
        relay,
        {
            "mapper": DeadlyMapper(relay.connections),
            "executions": Executions(machine, relay.aws.state_machine_arn),
        },
    )
    queue.put(message([item, *others], delivery="d0", connection="shop"))

    queue.drain()

    assert (queue.deaths, queue.batches, imported(relay)) == (3, 2, ["0", "1"])
    assert dead_lettered(relay) == [("shop", [POISON])] * 2, "once for each delivery of its message"
    assert relay.tried == Tried(alone={"d0/0"})


def test_poison_that_is_requeued_unread_after_each_death_is_isolated_as_soon(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connection's own limit is used up at each second delivery."""
    queue = Deliveries(relay, {"mapper": DeadlyMapper(relay.connections)})

    def spares(_: EntityLimits, connection: str, __: int) -> bool:
        return connection == "evil" and (queue.deaths + queue.batches) % 2 == 1

    monkeypatch.setattr(EntityLimits, "spares", spares)
    queue.put(*innocent_messages(10, 300), poisoned())

    queue.drain()

    assert_only_the_poison_is_moved_to_the_dead_letter_queue(relay, queue, 300)


def dead_letter(relay: Relay) -> str:
    """The body of the dead letter that the poisoned record became."""
    queue = Deliveries(relay, {"mapper": DeadlyMapper(relay.connections)})
    queue.put(poisoned())
    queue.drain()
    ((content, _),) = relay.aws.queued(relay.aws.dead_letter_url)
    return json.dumps(content)


def test_what_is_redriven_after_a_correction_is_imported(relay: Relay) -> None:
    body = dead_letter(relay)

    repaired = Deliveries(relay, sent_at=relay.clock.now)
    repaired.put(body)
    repaired.drain()

    assert imported(relay) == ["poison"]
    assert len(relay.aws.queued(relay.aws.dead_letter_url)) == 1, "the first one alone"


def test_a_redrive_that_kills_again_is_a_dead_letter_again(relay: Relay) -> None:
    body = dead_letter(relay)

    unrepaired = Deliveries(
        relay, {"mapper": DeadlyMapper(relay.connections)}, sent_at=relay.clock.now
    )
    unrepaired.put(body)
    unrepaired.drain()

    assert (unrepaired.deaths, unrepaired.received_too_often) == (3, [])
    assert len(relay.aws.queued(relay.aws.dead_letter_url)) == 2


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[Tried]:
    """Everything that is written down; the table gets none of it."""
    found: list[Tried] = []

    def write(_: Trials, tried: Tried) -> None:
        found.append(tried)

    monkeypatch.setattr(Trials, "write", write)
    return found


def test_nothing_is_written_down_of_what_is_received_for_the_first_time(
    relay: Relay, writes: list[Tried]
) -> None:
    relay.submit(*innocent_messages(10, 300))

    assert writes == []


def test_a_redelivered_batch_is_written_down_a_hundred_items_at_a_time(
    relay: Relay, writes: list[Tried]
) -> None:
    relay.submit(*innocent_messages(1, 300), again=True)

    assert len(writes) == 2 * 3 + 2
