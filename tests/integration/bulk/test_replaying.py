"""A person puts back what was received: under its old time, counted again, over nothing newer."""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
import time_machine

from import_relay.bulk.replay_wiring import Names, build_replaying
from import_relay.bulk.replaying import Replaying
from import_relay.domain.batches import MAX_ITEMS_PER_MESSAGE, MAX_MESSAGE_B
from import_relay.domain.errors import ReplayTaken, StoreUnavailable
from import_relay.domain.lanes import Lane
from import_relay.domain.queue_messages import (
    MAX_ITEM_B,
)
from import_relay.domain.replays import Replay
from import_relay.storage.entries import State
from import_relay.storage.replays import Selection
from tests.support import aws as resources
from tests.support.aws import relay_resources
from tests.support.builders import NOON, message
from tests.support.relay import Relay

US = 1_000_000
DAY_S = 86_400.0
ID = "20261125T090000-a1b2c3"
ADA = {"id": "1", "name": "Ada", "v": 1}
NEWER = ADA | {"name": "Ada Lovelace", "v": 2}
BAD = {"name": "nobody"}
D1, D2, D3 = (f"20261121T1{n}0000000000-00000000a{n}" for n in range(3))
EVERYTHING = Selection(NOON - DAY_S, NOON + 35 * DAY_S)


@pytest.fixture
def relay() -> Iterator[Relay]:
    with time_machine.travel(NOON, tick=False), relay_resources() as aws:  # S3 dates objects
        yield Relay(aws)


def replaying(relay: Relay) -> Replaying:
    names = Names(
        resources.LEDGER,
        resources.BUCKET,
        relay.aws.bulk_queue_url,
        relay.aws.dead_letter_url,
        relay.limits,
    )
    return build_replaying(
        resources.client, names, emit=relay.emit, clock=relay.clock, sleep=relay.clock.sleep
    )


def received(*items: object, delivery: str = D1) -> str:
    return message(items, delivery=delivery, received_at=int(NOON * US))


def put_back(
    relay: Relay, selection: Selection = EVERYTHING, *, id_: str = ID, force: bool = False
) -> Sequence[str]:
    """Carry out a replay; the messages that it sent."""
    use_case = replaying(relay)
    use_case.begin(Replay(id_, int(relay.clock.now * US), "mapping corrected", force), selection)
    use_case.run(id_)
    return relay.aws.taken(relay.aws.bulk_queue_url)


def close(relay: Relay, reference: str, *, retried: str = "") -> None:
    entry = relay.entry(reference)
    if retried:
        relay.ledger.begin_report(entry, until=0.0, retried=retried)
    assert relay.ledger.close(entry, target=State.FINISHED, outcomes={})


def imported(relay: Relay, *bodies: str) -> None:
    """Submit messages as one import each, and let Mateo finish them."""
    for body in bodies:
        before = len(relay.mateo.bodies)
        relay.submit(body, invocation=f"inv-{before}")
        for n in range(before, len(relay.mateo.bodies)):
            close(relay, f"ref-{n + 1}")


def contents(bodies: Sequence[str]) -> list[dict[str, Any]]:
    return [json.loads(body) for body in bodies]


def outcomes(relay: Relay) -> dict[str, str]:
    return {one["item_id"]: one["outcome"] for one in relay.aws.lines("outcomes/")}


def counts(relay: Relay) -> Mapping[str, Mapping[str, int]]:
    return relay.outcome_counts.days(["2026-11-21", "2026-11-25"])


# what is put back, and as what


def test_an_imported_item_goes_back_as_it_was_received_under_an_id_of_its_own(
    relay: Relay,
) -> None:
    imported(relay, received(ADA))
    relay.clock.now += 4 * DAY_S

    (content,) = contents(put_back(relay))

    assert content["delivery"] == f"{D1}.{ID}"
    assert (content["connection"], content["received_at"]) == ("erp", int(NOON * US))
    assert [one["item"] for one in content["items"]] == [ADA]
    assert content["replay"] == {
        "id": ID,
        "at": int(relay.clock.now * US),
        "reason": "mapping corrected",
    }


def test_an_equal_version_is_imported_again(relay: Relay) -> None:
    imported(relay, received(ADA))

    imported(relay, *put_back(relay))

    assert [row["full_name"] for row in relay.mateo.rows] == ["Ada", "Ada"]


def test_something_newer_is_not_overwritten(relay: Relay) -> None:
    imported(relay, received(ADA), received(NEWER, delivery=D2))
    bodies = put_back(relay)

    for body in sorted(bodies, reverse=True):  # in whatever order they come
        imported(relay, body)

    assert [row["full_name"] for row in relay.mateo.rows][-1] == "Ada Lovelace"
    assert len(relay.mateo.rows) == 3
    assert outcomes(relay)[f"{D1}.{ID}/0"] == "superseded"


def test_what_is_forced_overwrites_something_newer(relay: Relay) -> None:
    imported(relay, received(ADA), received(NEWER, delivery=D2))
    old = Selection(NOON - 1, NOON + 1)
    relay.clock.now += DAY_S

    bodies = [one for one in put_back(relay, old, force=True) if D1 in one]
    imported(relay, *bodies)

    assert [row["full_name"] for row in relay.mateo.rows] == ["Ada", "Ada Lovelace", "Ada"]


def test_what_is_forced_keeps_its_own_order(relay: Relay) -> None:
    imported(relay, received(ADA), received(NEWER, delivery=D2))
    bodies = put_back(relay, force=True)

    for body in sorted(bodies, reverse=True):
        imported(relay, body)

    assert relay.mateo.rows[-1]["full_name"] == "Ada Lovelace"


def test_of_a_record_without_a_version_the_time_of_receipt_still_orders(relay: Relay) -> None:
    first = message([{"id": "1", "name": "Old"}], delivery=D1, received_at=int(NOON * US))
    second = message([{"id": "1", "name": "New"}], delivery=D2, received_at=int((NOON + 60) * US))
    imported(relay, first, second)
    relay.clock.now += DAY_S

    for body in sorted(put_back(relay), reverse=True):
        imported(relay, body)

    assert relay.mateo.rows[-1]["full_name"] == "New"


@pytest.mark.parametrize(
    ("delivery", "item", "outcome"),
    [(D2, BAD, "rejected"), (D2, ADA | {"v": 0}, "superseded"), (D2, ADA, "duplicate")],
)
def test_what_ended_without_an_import_goes_back_too(
    relay: Relay, delivery: str, item: object, outcome: str
) -> None:
    imported(relay, message([ADA], delivery=D1, received_at=int(NOON * US)))
    body = json.loads(message([item], delivery=delivery, received_at=int(NOON * US)))
    if outcome == "duplicate":
        body["items"][0]["event"] = json.loads(received(ADA))["items"][0]["event"]
    relay.submit(json.dumps(body), invocation="second")
    ended = [*relay.aws.lines("outcomes/"), *relay.aws.lines("rejected/")]

    found = contents(put_back(relay))

    assert [one["outcome"] for one in ended] == [outcome]
    assert [one["item"] for body in found for one in body["items"]] == [ADA, item]


def test_the_mark_is_in_the_lines_of_what_ends(relay: Relay) -> None:
    relay.submit(received(BAD))

    relay.submit(*put_back(relay), invocation="second")

    lines = {one["item_id"]: one for one in relay.aws.lines("rejected/")}
    assert lines[f"{D1}.{ID}/0"]["replay"]["reason"] == "mapping corrected"
    assert "replay" not in lines[f"{D1}/0"]


def test_the_mark_stays_with_what_is_sent_again(relay: Relay) -> None:
    imported(relay, received(ADA))
    (body,) = put_back(relay)
    relay.pause.begin(relay.clock.now + 60, "limit.entities")

    relay.submit(body, lane=Lane.BULK)

    (again,) = contents(relay.aws.taken(relay.aws.bulk_queue_url))
    assert again["replay"]["id"] == ID


# the sums


def test_what_is_put_back_is_counted_as_received_again_on_that_day(relay: Relay) -> None:
    relay.submit(received(BAD, BAD))
    relay.clock.now += 4 * DAY_S

    relay.submit(*put_back(relay), invocation="second")

    assert counts(relay) == {
        "2026-11-21": {"rejected": 2},
        "2026-11-25": {"replayed": 2, "rejected": 2},
    }


def test_a_replay_that_is_run_twice_puts_nothing_back_twice(relay: Relay) -> None:
    imported(relay, received(ADA), received(BAD, delivery=D2))
    assert len(put_back(relay)) == 2

    found = replaying(relay).run(ID)

    assert (found.by_connection, found.total) == ({}, 2)
    assert not relay.aws.taken(relay.aws.bulk_queue_url)


def test_a_replay_that_died_while_it_sent_goes_on_and_counts_once(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay.submit(received(BAD))
    use_case = replaying(relay)
    use_case.begin(Replay(ID, int(NOON * US), "why"), EVERYTHING)
    with monkeypatch.context() as patch:
        patch.setattr(type(use_case.parts.queue), "send", unavailable)
        with pytest.raises(StoreUnavailable):
            use_case.run(ID)

    found = replaying(relay).run(ID)

    assert found.total == 1
    assert counts(relay)["2026-11-21"] == {"rejected": 1, "replayed": 1}
    assert len(relay.aws.taken(relay.aws.bulk_queue_url)) == 1


def unavailable(*_: object) -> None:
    raise StoreUnavailable("no")


def test_what_is_sent_twice_ends_once(relay: Relay) -> None:
    relay.submit(received(BAD))
    (body,) = put_back(relay)

    relay.submit(body, invocation="second")
    relay.submit(body, invocation="third")

    assert counts(relay)["2026-11-21"] == {"rejected": 2, "replayed": 1}


def test_two_processes_do_not_carry_out_one_replay(relay: Relay) -> None:
    relay.submit(received(BAD))
    use_case = replaying(relay)
    use_case.begin(Replay(ID, int(NOON * US), "why"), EVERYTHING)
    progress = use_case.parts.replays.get(ID)
    assert progress is not None
    use_case.parts.replays.count(progress, "items/a", 1)

    with pytest.raises(ReplayTaken):
        use_case.parts.replays.count(progress, "items/b", 1)

    assert counts(relay)["2026-11-21"] == {"rejected": 1, "replayed": 1}


def test_a_replay_that_nobody_began_is_an_error(relay: Relay) -> None:
    with pytest.raises(LookupError):
        replaying(relay).run(ID)


# which items


def test_what_has_not_ended_is_not_put_back(relay: Relay) -> None:
    relay.submit(received(ADA))  # its import is open

    assert not put_back(relay)


def test_an_item_whose_row_was_retried_is_put_back_with_its_last_import_only(
    relay: Relay,
) -> None:
    relay.submit(received(ADA, ADA | {"id": "2"}))
    close(relay, "ref-1", retried="0")

    (content,) = contents(put_back(relay))

    assert [one["n"] for one in content["items"]] == [1]


def test_an_end_that_was_not_counted_is_none(relay: Relay) -> None:
    relay.submit(received(BAD))
    found = replaying(relay).parts.items
    (key,) = found.keys(written_after=0.0)
    relay.aws.s3.put_object(
        Bucket=resources.BUCKET,
        Key=key.replace("inv", "other"),
        Body=relay.aws.objects(key)[key],
    )

    assert len(put_back(relay)) == 1


def test_what_a_replay_put_back_is_not_put_back_by_the_next(relay: Relay) -> None:
    relay.submit(received(BAD))
    relay.submit(*put_back(relay), invocation="second")

    (content,) = contents(put_back(relay, id_="20261126T090000-a1b2c3"))

    assert content["delivery"] == f"{D1}.20261126T090000-a1b2c3"


@pytest.mark.parametrize(
    ("selection", "items"),
    [
        (EVERYTHING, 3),
        (Selection(NOON, NOON + 1), 3),
        (Selection(NOON - 1, NOON), 0),
        (Selection(NOON + 1, NOON + DAY_S), 0),
        (Selection(NOON, NOON + 1, "erp"), 3),
        (Selection(NOON, NOON + 1, "another"), 0),
        (Selection(NOON, NOON + 1, outcome="rejected"), 1),
        (Selection(NOON, NOON + 1, outcome="failed"), 1),
    ],
)
def test_items_are_selected_by_connection_receipt_and_outcome(
    relay: Relay, selection: Selection, items: int
) -> None:
    imported(relay, received(ADA, ADA | {"id": "2"}), received(BAD, delivery=D2))
    reported(relay, "ref-1", ["imported", "failed"])

    found = replaying(relay).count(selection)

    assert (found.total, found.by_connection.total()) == (items, items)
    assert not relay.aws.taken(relay.aws.bulk_queue_url)
    assert "replayed" not in counts(relay)["2026-11-21"]


def reported(relay: Relay, reference: str, found: Sequence[str]) -> None:
    """The lines of a report that a replay reads."""
    text = "\n".join(json.dumps({"outcome": one}) for one in found)
    folder = f"reports/date=2026-11-21/type=contact_details/import={reference}"
    relay.archive.put(
        f"{folder}/rows.ndjson.gz", gzip.compress(text.encode()), content_type="application/gzip"
    )


# the wire format


def test_messages_keep_to_the_limits_of_the_queue(relay: Relay) -> None:
    items = [ADA | {"id": str(n), "name": "x" * 4_000} for n in range(250)]
    imported(relay, received(*items))

    bodies = put_back(relay)

    assert sum(len(one["items"]) for one in contents(bodies)) == 250
    assert all(len(one["items"]) <= MAX_ITEMS_PER_MESSAGE for one in contents(bodies))
    assert all(len(body.encode()) <= MAX_MESSAGE_B + 5_000 for body in bodies)


def test_an_item_too_large_for_the_queue_goes_back_as_a_pointer_to_where_it_lies(
    relay: Relay,
) -> None:
    item = ADA | {"note": "x" * MAX_ITEM_B}
    key = f"oversize/{D1}/0.json"
    relay.archive.put(key, json.dumps(item).encode(), content_type="application/json")
    body = json.loads(received(None))
    del body["items"][0]["item"]
    body["items"][0]["at"] = key
    imported(relay, json.dumps(body))

    (content,) = contents(put_back(relay))
    imported(relay, json.dumps(content))

    assert content["items"][0]["at"] == key
    assert len(relay.mateo.rows) == 2


def test_more_objects_than_a_listing_names_are_all_read(relay: Relay) -> None:
    for n in range(5):
        relay.submit(received(BAD, delivery=f"{D1}{n}"), invocation=f"inv-{n}")
    s3 = Paged(relay.aws.s3)
    found = replaying(relay).parts.items
    paged = type(found)(s3, resources.BUCKET)  # type: ignore[arg-type]

    assert list(paged.keys(written_after=0.0)) == sorted(relay.aws.objects("items/"))
    assert s3.calls > 2


class Paged:
    """S3 with two keys to a listing."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls = 0

    def list_objects_v2(self, **request: Any) -> Any:
        self.calls += 1
        return self._client.list_objects_v2(**request, MaxKeys=2)
