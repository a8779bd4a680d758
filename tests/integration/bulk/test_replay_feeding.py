"""Items of replays stay in the bucket: at most a day's entities are queued at a time."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from import_relay.bulk.bulk_day import BulkDay
from import_relay.bulk.replay_feeding import ReplayFeeding, ReplaysFed, first_items
from import_relay.domain.errors import StoreUnavailable
from import_relay.domain.provenance import ItemProvenance
from import_relay.domain.replays import Replay
from import_relay.storage.file_counts import count_by_file, file_operation
from import_relay.storage.stored_items import StoredItems
from tests.integration.bulk.put_back import (
    ADA,
    BAD,
    D1,
    D2,
    DAY_S,
    EVERYTHING,
    ID,
    US,
    close,
    contents,
    received,
    relay,
    replaying,
)
from tests.support.aws import LEDGER
from tests.support.clients import Overruling, client_error
from tests.support.relay import Relay

__all__ = ["relay"]  # fixtures

OTHER = "20261125T100000-d4e5f6"
LATER = 60.0


def rejected(relay: Relay, *sizes: int) -> None:
    """Batches of these sizes, all of whose items were rejected."""
    for number, size in enumerate(sizes):
        delivery = f"{D1[:-2]}{number:02}"
        relay.submit(received(*[BAD] * size, delivery=delivery), invocation=f"inv-{number}")
    relay.clock.now += DAY_S


def begin(relay: Relay, id_: str = ID) -> None:
    replay = Replay(id_, int(relay.clock.now * US), "mapping corrected")
    replaying(relay).begin(replay, EVERYTHING)


def feed(
    relay: Relay,
    entities: int,
    *,
    of_files: int = 0,
    own: Mapping[str, int] | None = None,
    until: float = LATER,
) -> ReplaysFed:
    """One run of import_files, on a day with so many entities for the bulk lane."""
    day = BulkDay(entities, own or {})
    feeding = ReplayFeeding(replaying(relay), day, relay.clock, relay.emit)
    return feeding.feed(of_files=of_files, until=relay.clock.now + until)


def end(relay: Relay, id_: str = ID) -> int:
    """Count an outcome of each queued item, and return how many there were."""
    bodies = relay.aws.taken(relay.aws.bulk_queue_url)
    ends = [(one["delivery"], "rejected") for one in contents(bodies) for _ in one["items"]]
    for of_replay in count_by_file(ends).items():
        counted: Any = file_operation(LEDGER, *of_replay)
        relay.aws.dynamodb.transact_write_items(TransactItems=[counted])
    return len(ends)


def test_a_day_of_entities_is_put_back_at_a_time(relay: Relay) -> None:
    rejected(relay, 3, 3, 3)
    begin(relay)

    assert (feed(relay, 7).items, feed(relay, 7).items) == (6, 0)
    assert end(relay) == 6
    assert feed(relay, 7).items == 3
    assert end(relay) == 3
    assert feed(relay, 7) == ReplaysFed(0)
    assert replaying(relay).get(ID).is_finished
    assert replaying(relay).parts.replays.open() == []


def test_an_object_that_is_larger_than_a_day_goes_alone(relay: Relay) -> None:
    rejected(relay, 5, 1)
    begin(relay)

    assert (feed(relay, 2).items, feed(relay, 2).items) == (5, 0)
    assert end(relay) == 5
    assert feed(relay, 2).items == 1


def test_all_replays_share_a_days_entities_and_none_waits_for_another(relay: Relay) -> None:
    rejected(relay, 3, 3)
    begin(relay)
    begin(relay, OTHER)

    fed = feed(relay, 6)

    assert (fed.items, fed.under_way) == (9, 9)
    assert end(relay) == 9


def test_rows_of_files_and_replays_may_queue_two_days_of_entities_together(relay: Relay) -> None:
    rejected(relay, 3, 3)
    begin(relay)

    assert feed(relay, 6, of_files=7).items == 3
    assert end(relay) == 3
    assert feed(relay, 6, of_files=12).items == 3


def test_a_connection_has_no_more_items_queued_than_its_own_limit(relay: Relay) -> None:
    rejected(relay, 3, 3)
    begin(relay)

    assert feed(relay, 100, own={"erp": 4}).items == 3


def test_a_run_ends_in_time(relay: Relay) -> None:
    rejected(relay, 3)
    begin(relay)

    assert feed(relay, 100, until=0.0).items == 0
    assert feed(relay, 100).items == 3


def test_a_run_that_finds_nothing_ends_in_time_and_the_next_one_goes_on(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    rejected(relay, 1, 1, 1, 1)
    chosen = replace(EVERYTHING, connection="crm")
    replaying(relay).begin(Replay(ID, int(relay.clock.now * US), "mapping corrected"), chosen)
    looked_at: list[str] = []
    real = StoredItems.ended

    def slow(self: StoredItems, key: str) -> list[ItemProvenance]:
        looked_at.append(key)
        relay.clock.now += 30.0
        return real(self, key)

    monkeypatch.setattr(StoredItems, "ended", slow)

    looks = []
    for _ in range(4):
        assert not replaying(relay).get(ID).is_finished
        assert feed(relay, 100) == ReplaysFed(0)
        looks.append([int(key[-len("0.ndjson.gz")]) for key in looked_at])
        looked_at.clear()

    assert looks == [[0, 1], [1, 2], [2, 3], [3]]
    assert replaying(relay).get(ID).is_finished


def test_an_import_that_ends_after_a_run_noted_it_as_without_items_waits_for_room(
    relay: Relay,
) -> None:
    relay.submit(received(ADA, ADA | {"id": "2"}, ADA | {"id": "3"}))
    close(relay, "ref-1")
    relay.submit(received(ADA | {"id": "4"}, ADA | {"id": "5"}, delivery=D2), invocation="inv-2")
    relay.clock.now += DAY_S
    begin(relay)
    assert feed(relay, 2).items == 3
    assert "ref-2" in replaying(relay).get(ID).key
    close(relay, "ref-2")

    assert feed(relay, 2).items == 0
    assert end(relay) == 3
    assert feed(relay, 2).items == 2


def test_a_note_survives_outcomes_that_are_counted_at_the_same_time(relay: Relay) -> None:
    rejected(relay, 3)
    begin(relay)
    conflicts = [client_error("TransactionConflictException")] * 2

    def update(real: Any, **arguments: Any) -> Any:
        if conflicts:
            raise conflicts.pop()
        return real(**arguments)

    one = replaying(relay)
    client: Any = Overruling(relay.aws.dynamodb, update_item=update)
    replays = replace(one.parts.replays, client=client)

    assert replace(one, parts=replace(one.parts, replays=replays)).run(ID).is_finished
    assert (conflicts, one.get(ID).sent) == ([], one.get(ID).key)


def test_what_was_counted_by_a_run_that_died_is_sent_by_the_next_one(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    rejected(relay, 3)
    begin(relay)

    def fail(*_: object) -> None:
        raise StoreUnavailable("no")

    with monkeypatch.context() as broken:
        broken.setattr("import_relay.bulk.replaying.Replaying._send", fail)
        assert feed(relay, 100).failed == 1
    (said,) = relay.said("replay.failed")
    assert said["replay"] == ID

    assert (feed(relay, 100).failed, end(relay)) == (0, 3)
    assert replaying(relay).get(ID).total == 3


def test_a_replay_that_fails_stops_no_other(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    rejected(relay, 3)
    begin(relay)
    begin(relay, OTHER)
    real = replaying(relay).run.__func__  # type: ignore[attr-defined]

    def failing(self: Any, replay_id: str, **named: Any) -> Any:
        if replay_id == ID:
            raise StoreUnavailable("no")
        return real(self, replay_id, **named)

    monkeypatch.setattr("import_relay.bulk.replaying.Replaying.run", failing)

    assert (feed(relay, 100).failed, end(relay)) == (1, 3)


def test_what_waited_in_the_bucket_has_not_waited_in_the_queue(relay: Relay) -> None:
    rejected(relay, 3, 3)
    begin(relay)
    assert feed(relay, 3).items == 3
    assert end(relay) == 3
    relay.clock.now += 14 * DAY_S

    assert feed(relay, 3).items == 3
    assert (end(relay), relay.said("message.too_old")) == (3, [])


def test_items_that_the_queues_must_have_dropped_leave_room(relay: Relay) -> None:
    rejected(relay, 3, 3)
    begin(relay)
    assert feed(relay, 3).items == 3
    relay.clock.now += 28 * DAY_S

    assert feed(relay, 3) == ReplaysFed(3, items=3)


def test_the_command_that_begins_a_replay_puts_back_its_first_items(relay: Relay) -> None:
    rejected(relay, 2, 2, 2)
    begin(relay)

    counts = replaying(relay).run(ID, has_room=first_items(5, relay.clock))

    assert (counts.total, counts.is_finished) == (4, False)
    again = replaying(relay).run(ID, has_room=first_items(5, relay.clock))
    assert (again.total, again.by_connection) == (4, {})
    assert feed(relay, 100).items == 2
