"""A person puts items back: they keep their time of receipt, count again, and overwrite nothing
newer.
"""

import json

import pytest

from import_relay.domain.errors import ReplayTaken, StoreUnavailable
from import_relay.domain.lanes import Lane
from import_relay.domain.replays import Replay
from import_relay.storage.replays import Selection
from tests.integration.bulk.put_back import (
    ADA,
    BAD,
    D1,
    D2,
    DAY_S,
    EVERYTHING,
    ID,
    US,
    contents,
    counts,
    imported,
    put_back,
    received,
    relay,
    replaying,
)
from tests.support.builders import NOON, message
from tests.support.relay import Relay

__all__ = ["relay"]  # fixtures


NEWER = ADA | {"name": "Ada Lovelace", "v": 2}


def outcomes(relay: Relay) -> dict[str, str]:
    return {one["item_id"]: one["outcome"] for one in relay.aws.lines("outcomes/")}


# what is put back, and as what


def test_an_imported_item_is_put_back_as_it_was_received_under_a_new_id(
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
def test_what_ended_without_an_import_is_put_back_too(
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


def test_the_mark_of_the_replay_is_in_the_lines_of_outcomes(relay: Relay) -> None:
    relay.submit(received(BAD))

    relay.submit(*put_back(relay), invocation="second")

    lines = {one["item_id"]: one for one in relay.aws.lines("rejected/")}
    assert lines[f"{D1}.{ID}/0"]["replay"]["reason"] == "mapping corrected"
    assert "replay" not in lines[f"{D1}/0"]


def test_the_mark_stays_with_what_is_requeued(relay: Relay) -> None:
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
