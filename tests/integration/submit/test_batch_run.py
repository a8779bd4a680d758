"""A batch ends before its process has to, whatever it holds; the rest waits for the next one."""

import json
import weakref
from typing import Any

import pytest

from import_relay.connectors.contract import Change
from import_relay.domain.models import Occurrence
from import_relay.submit import changes
from import_relay.submit.loading import MAX_ITEM_VALUES
from import_relay.submit.merging import collector_paused
from import_relay.submit.queue_batch import QueueBatch
from tests.integration.submit.deliveries import Deliveries
from tests.support.builders import message
from tests.support.relay import Clock, Relay


def people(number: int, *, start: int = 0) -> list[object]:
    return [{"id": str(n), "v": 1, "name": f"P {n}"} for n in range(start, start + number)]


def pointers(number: int) -> str:
    """A message with so many items that are stored apart."""
    content = json.loads(message([], delivery="big"))
    content["items"] = [
        {"n": n, "event": f"e{n}", "at": f"oversize/big/{n}.json"} for n in range(number)
    ]
    return json.dumps(content)


class Slow(changes.Mapper):
    """Takes ten seconds for each item in one step."""

    def __init__(self, relay: Relay, step: str) -> None:
        super().__init__(relay.connections)
        self._clock: Clock = relay.clock
        self._step = step

    def _change(self, occurrence: Occurrence) -> Change:
        self._clock.sleep(10.0 if self._step == "interpret" else 0.0)
        return super()._change(occurrence)

    def _mapped(self, *args: Any, **more: Any) -> Any:
        self._clock.sleep(10.0 if self._step == "map" else 0.0)
        return super()._mapped(*args, **more)


@pytest.mark.parametrize("step", ["interpret", "map"])
def test_a_batch_that_takes_too_long_imports_what_there_was_time_for(
    relay: Relay, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("import_relay.submit.interpreting.ITEMS_AT_A_TIME", 1)
    queue = Deliveries(relay, {"mapper": Slow(relay, step)})
    queue.put(message(people(30)))

    queue.deliver()
    first = len(relay.mateo.rows)
    queue.drain()

    assert 0 < first < 30
    assert sorted(int(row["external_id"]) for row in relay.mateo.rows) == list(range(30))
    assert queue.deaths == 0


def test_large_items_of_a_batch_are_imported_a_few_at_a_time(relay: Relay) -> None:
    for n in range(12):
        item = {"id": str(n), "v": 1, "name": f"P {n}", "note": "x" * 5_000_000}
        key = f"oversize/big/{n}.json"
        relay.archive.put(key, json.dumps(item).encode(), content_type="application/json")
    queue = Deliveries(relay)
    queue.put(pointers(12), message(people(5, start=12)))

    queue.deliver()
    first = len(relay.mateo.rows)
    queue.drain()

    assert first == 6 + 5
    assert sorted(int(row["external_id"]) for row in relay.mateo.rows) == list(range(17))


def test_a_pointer_to_far_too_many_values_is_rejected_and_hurts_no_other(relay: Relay) -> None:
    text = b'{"id": "0", "x": [' + b"[]," * MAX_ITEM_VALUES + b"[]]}"
    relay.archive.put("oversize/big/0.json", text, content_type="application/json")

    report = relay.submit(pointers(1), message(people(1)))

    assert report.outcomes == {"rejected": 1}
    assert report.failed_message_ids == set()
    assert len(relay.mateo.rows) == 1
    (line,) = relay.aws.lines("rejected/")
    assert (line["code"], line["item"]) == ("row.too_many_values", {"at": "oversize/big/0.json"})


def test_a_record_of_60000_unusable_numbers_is_sent_without_a_number(relay: Relay) -> None:
    item = {"id": "0", "v": 1, "name": "P 0", "phone": ["1"] * 60_000}

    report = relay.submit(message([item, *people(2, start=1)]))

    assert report.failed_message_ids == set()
    assert [row["external_id"] for row in relay.mateo.rows] == ["0", "1", "2"]
    assert all("whatsapp" not in row for row in relay.mateo.rows)


def test_a_batch_leaves_nothing_to_the_garbage_collector(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[weakref.ref[QueueBatch]] = []

    class Watched(QueueBatch):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            batches.append(weakref.ref(self))

    monkeypatch.setattr("import_relay.submit.submission.QueueBatch", Watched)
    with collector_paused():
        relay.submit(message(people(3)))

    assert [one() for one in batches] == [None]
