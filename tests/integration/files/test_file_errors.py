"""An error with one file stops that file alone, is logged, and the file is tried again."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
import time_machine

from import_relay.bulk.feeding import Feeding
from import_relay.bulk.file_reports import FileReports
from import_relay.bulk.reading import Reading
from import_relay.domain.errors import StoreUnavailable
from import_relay.domain.lanes import Lane
from import_relay.domain.replays import Replay
from import_relay.storage.file_counts import file_operation
from import_relay.storage.files import Files
from import_relay.storage.queue import Delayed, Queue
from import_relay.storage.replays import Replays, Selection
from tests.integration.files.uploads import Uploads, uploads
from tests.support.aws import LEDGER
from tests.support.builders import NOON
from tests.support.following import Killed

__all__ = ["uploads"]  # fixtures

BAD, GOOD = "inbox/erp/bad.csv", "inbox/erp/good.csv"
DAY_S = 86_400.0
STEPS: dict[str, tuple[type, str]] = {
    "notice": (Files, "begin"),
    "read": (Reading, "read"),
    "feed": (Feeding, "_feed_part"),
    "report": (FileReports, "write"),
}


def fails_for_bad(monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException) -> None:
    """Let a step raise for each file with `bad` in its key."""
    type_, name = STEPS[step]
    really: Callable[..., Any] = getattr(type_, name)

    def step_of(self: object, file: Any, *args: Any, **options: Any) -> Any:
        if "bad" in file.key:
            raise error
        return really(self, file, *args, **options)

    monkeypatch.setattr(type_, name, step_of)


@pytest.mark.parametrize("step", STEPS)
def test_a_file_that_fails_stops_no_other_and_is_tried_again(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    uploads.put("id;name\n1;Ada\n", BAD)
    uploads.put("id;name\n2;Bob\n", GOOD)
    with monkeypatch.context() as broken:
        fails_for_bad(broken, step, ValueError("a name of somebody"))
        finished = uploads.run().finished
        uploads.submit()
        last = uploads.later()

    assert (finished + last.finished, last.failed) == (1, 1)
    keys = next(keys for event, keys in uploads.relay.events if event == "file.failed")
    assert (keys["step"], keys["connection"]) == (step, "erp")
    assert "ValueError at" in str(keys["reason"])
    assert "somebody" not in json.dumps(keys)

    uploads.later()
    uploads.submit()
    uploads.later()
    assert not uploads.known()
    assert sorted(row["external_id"] for row in uploads.relay.mateo.rows) == ["1", "2"]


def test_rows_that_may_have_been_sent_count_for_their_connection(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS took the rows of the first file, and its answer was lost."""
    uploads.entities_per_day = 2
    really = Queue.send

    def loses_answer(self: Queue, messages: Iterable[Delayed]) -> None:
        really(self, messages)
        raise StoreUnavailable("the answer was lost")

    uploads.put("id;name\n1;Ada\n2;Bob\n", BAD)
    uploads.put("id;name\n3;Cleo\n4;Dan\n", GOOD)
    with monkeypatch.context() as broken:
        broken.setattr(Queue, "send", loses_answer)
        assert uploads.run().failed == 1

    bodies = uploads.relay.aws.taken(uploads.relay.aws.bulk_queue_url)
    assert sum(len(json.loads(one)["items"]) for one in bodies) == 2
    uploads.take(bodies, Lane.BULK)
    for _ in range(3):
        uploads.later(DAY_S)
        uploads.submit()
    rows = [row["external_id"] for row in uploads.relay.mateo.rows]
    assert sorted(rows) == ["1", "2", "3", "4"]


def test_a_report_that_kills_its_process_comes_last(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads.put("id;name\n1;Ada\n", BAD)
    uploads.run()
    uploads.submit()
    fails_for_bad(monkeypatch, "report", Killed())
    with pytest.raises(Killed):
        uploads.later(901)
    uploads.put("id;name\n2;Bob\n", GOOD)
    with pytest.raises(Killed):
        uploads.later(901)
    uploads.submit()

    with pytest.raises(Killed):
        uploads.later(901)

    assert uploads.summary()["file"] == GOOD


def test_a_report_that_was_written_needs_no_rows_any_more(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process died after the rows were removed, before the file was noted as over."""

    def dies(*_: object) -> None:
        raise Killed

    uploads.put("id;name\n1;Ada\n", GOOD)
    uploads.run()
    uploads.submit()
    with monkeypatch.context() as broken:
        broken.setattr(Files, "finish", dies)
        with pytest.raises(Killed):
            uploads.later()
    before = uploads.summary()

    assert uploads.later().failed == 0
    assert not uploads.known()
    assert uploads.summary() == before


def test_what_is_held_or_dead_counts_as_queued(uploads: Uploads) -> None:
    uploads.entities_per_day = 5
    uploads.put("id\n" + "".join(f"{n}\n" for n in range(40)))
    assert uploads.run().fed == 5
    assert uploads.relay.aws.taken(uploads.relay.aws.bulk_queue_url)

    assert uploads.later().fed == 0


def test_a_connection_whose_rows_get_no_outcome_stops_no_other(uploads: Uploads) -> None:
    uploads.entities_per_day = 5
    with_shop(uploads)
    uploads.put("id\n" + "".join(f"{n}\n" for n in range(40)))
    assert uploads.run().fed == 5

    uploads.put("id\n" + "".join(f"{n}\n" for n in range(40, 60)), "inbox/shop/a.csv")

    assert uploads.later().fed == 5
    assert uploads.later().fed == 0


def test_many_messages_with_few_rows_leave_room(uploads: Uploads) -> None:
    """A message holds only two rows of this width."""
    uploads.entities_per_day = 80
    wide = "x" * 90_000
    uploads.put("id;remark\n" + "".join(f"{n};{wide}\n" for n in range(90)))
    assert uploads.run().fed == 80
    assert len(uploads.relay.aws.queued(uploads.relay.aws.bulk_queue_url)) == 40
    uploads.submit()

    assert uploads.later().fed == 10


def test_replayed_items_take_room_until_they_have_their_outcomes(uploads: Uploads) -> None:
    uploads.entities_per_day = 100
    uploads.page_rows = 50
    put_back(uploads, 150)
    uploads.put("id\n" + "".join(f"{n}\n" for n in range(90)))
    assert uploads.run().fed == 50

    end(uploads, 150)

    assert uploads.later().fed == 40


def test_a_replay_of_any_size_leaves_room_for_a_page(uploads: Uploads) -> None:
    uploads.entities_per_day = 100
    uploads.page_rows = 20
    put_back(uploads, 900)
    uploads.put("id\n" + "".join(f"{n}\n" for n in range(50)))

    assert uploads.run().fed == 20
    assert uploads.later().fed == 0


def with_shop(uploads: Uploads, own: str = "") -> None:
    """Add a connection `shop` that has the same contacts. `own`: keys of its own."""
    with_connections(uploads, "shop", own=own)


def with_connections(uploads: Uploads, *names: str, own: str = "") -> None:
    """Add connections that have the same contacts as `erp`."""
    erp = uploads.toml.replace('"json"', f'"json"\nsame_ids_as = "erp"\n{own}', 1)
    uploads.toml += "".join(erp.replace("[erp", f"[{name}") for name in names)


REPLAY = "20261121T120000-a1b2c3"


def put_back(uploads: Uploads, items: int) -> None:
    """Note a replay that has put back so many items."""
    relay = uploads.relay
    replays = Replays(relay.aws.dynamodb, LEDGER, relay.outcome_counts, clock=relay.clock)
    replay, now = Replay(REPLAY, int(relay.clock() * 1_000_000), "mapping corrected"), relay.clock()
    replays.begin(replay, Selection(now - 60, now))
    begun = replays.get(REPLAY)
    assert begun is not None
    replays.count(begun, "items/1", items)


def end(uploads: Uploads, items: int) -> None:
    """So many items of the replay have their outcome."""
    counted: Any = file_operation(LEDGER, f"replay#{REPLAY}", {"imported": items})
    uploads.relay.aws.dynamodb.transact_write_items(TransactItems=[counted])


def test_connections_whose_rows_get_no_outcome_leave_a_page_to_each_other(
    uploads: Uploads,
) -> None:
    uploads.entities_per_day = 6
    uploads.page_rows = 4
    rows = "id\n" + "".join(f"{n}\n" for n in range(40))
    with_connections(uploads, "one", "two")
    uploads.put(rows, "inbox/one/a.csv")
    uploads.put(rows, "inbox/two/a.csv")
    assert uploads.run().fed == 12
    assert uploads.relay.aws.taken(uploads.relay.aws.bulk_queue_url)

    uploads.put(rows)
    assert uploads.later().fed == 4
    assert uploads.later().fed == 0
    uploads.submit()
    assert uploads.later().fed == 4


def test_rows_count_no_more_once_the_dead_letter_queue_has_forgotten_them(uploads: Uploads) -> None:
    uploads.entities_per_day = 6
    uploads.page_rows = 4
    uploads.put("id\n" + "".join(f"{n}\n" for n in range(40)))
    assert uploads.run().fed == 6
    assert uploads.relay.aws.taken(uploads.relay.aws.bulk_queue_url)

    assert uploads.later(26.9 * DAY_S).fed == 0
    assert uploads.later(0.2 * DAY_S).fed == 6
    assert uploads.later().fed == 0
    uploads.submit()
    assert uploads.later().fed == 6


def test_at_most_a_day_of_a_connections_own_limit_is_queued(uploads: Uploads) -> None:
    uploads.entities_per_day = 100
    uploads.bulk_share_percent = 80
    with_shop(uploads, "entities_per_day = 3")
    rows = "id\n" + "".join(f"{n}\n" for n in range(200))
    uploads.put(rows)
    uploads.put(rows, "inbox/shop/a.csv")

    assert uploads.run().fed == 80 + 3
    assert {one.connection: one.counted for one in uploads.known()} == {"erp": 80, "shop": 3}


@pytest.mark.parametrize("many", [360, 361])
def test_a_file_that_its_connections_limit_makes_wait_too_long_is_refused(
    uploads: Uploads, many: int
) -> None:
    uploads.bulk_share_percent = 80
    with_shop(uploads, "entities_per_day = 3")
    key = uploads.put("id\n" + "".join(f"{n}\n" for n in range(many)), "inbox/shop/a.csv")

    assert uploads.run().refused == (many > 120 * 3)
    if many > 120 * 3:
        error = json.loads(uploads.content(f"{key}.error.json"))
        assert (error["code"], error["detail"][-10:]) == ("file.waits_too_long", "at 3 a day")


def test_a_run_without_time_feeds_a_file_that_can_be_fed(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a file that fails nor one without room takes its turn."""
    uploads.entities_per_day = 5
    with_shop(uploads)
    rows = "id\n" + "".join(f"{n}\n" for n in range(40))
    uploads.put(rows, "inbox/erp/full.csv")
    assert uploads.run().fed == 5
    uploads.put(rows, "inbox/erp/waits.csv")
    uploads.put(rows, "inbox/shop/bad.csv")
    with time_machine.travel(NOON + 1, tick=False):
        uploads.put(rows, "inbox/shop/good.csv")
    fails_for_bad(monkeypatch, "feed", ValueError())
    with monkeypatch.context() as reading_only:
        reading_only.setattr(Feeding, "feed", lambda *_, **__: 0)
        uploads.run()

    run = uploads.run(seconds=0)
    assert (run.fed, run.failed) == (5, 1)


def test_the_longest_key_has_its_report_and_its_error(uploads: Uploads) -> None:
    name = "inbox/erp/" + "ü" * 507  # 1,024 bytes
    uploads.put("id;name\n1;Ada\n", name)
    uploads.run()
    uploads.submit()
    uploads.later()

    assert uploads.summary()["rows"]["imported"] == 1
    uploads.put(b"%PDF-1.7\n", name)
    assert uploads.run().refused == 1
    (key,) = [one for one in uploads.keys("inbox/") if one.endswith(".error.json")]
    content = json.loads(uploads.content(key))
    assert (content["file"], content["code"]) == (name, "file.unknown_format")


def test_a_run_without_time_feeds_a_page_all_the_same(uploads: Uploads) -> None:
    """Otherwise reading large files, run after run, would stop all others."""
    uploads.entities_per_day = 5
    uploads.put("id\n" + "".join(f"{n}\n" for n in range(40)))
    assert uploads.run().fed == 5
    uploads.submit()

    assert uploads.run(seconds=0).fed == 5
