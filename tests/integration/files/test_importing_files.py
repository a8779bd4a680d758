"""A file becomes items of its connection, each row once, and is reported with its last row."""

import csv
import gzip
import io
import json

import pytest

from import_relay.bulk.feeding import Feeding
from import_relay.bulk.importing_files import MAX_TRIES
from import_relay.bulk.reading import Reading
from import_relay.domain.files import file_delivery
from import_relay.storage.connection_waits import ConnectionWait
from import_relay.storage.files import RowFile
from tests.integration.files.uploads import SlowClock, Uploads, failing, uploads
from tests.support.following import Killed
from tests.support.relay import Clock

__all__ = ["uploads"]  # fixtures

DAY_S = 86_400.0


def contacts(many: int, first: int = 1) -> str:
    rows = "".join(f"{n};Person {n};p{n}@example.com\n" for n in range(first, first + many))
    return f"id;name;email\n{rows}"


def test_every_row_is_imported_and_the_summary_says_so(uploads: Uploads) -> None:
    key = uploads.put(contacts(250))

    run = uploads.run(key)
    uploads.submit()
    finished = uploads.later()

    assert (run.noticed, run.fed, finished.finished) == (1, 250, 1)
    assert sorted(int(row["external_id"]) for row in uploads.relay.mateo.rows) == [*range(1, 251)]
    summary = uploads.summary()
    assert summary["file"] == key
    assert summary["rows"]["total"] == summary["rows"]["imported"] == 250
    assert not uploads.keys("rows/")
    assert not uploads.known()


def test_the_outcome_counts_add_up(uploads: Uploads) -> None:
    uploads.put(contacts(120) + "1;2;3;4;5\n")

    uploads.run()
    uploads.submit()

    (counts,) = uploads.relay.outcome_counts.days(["2026-11-21"]).values()
    assert counts == {"from_files": 121, "imported": 120, "rejected": 1}


def test_the_same_file_is_imported_once(uploads: Uploads) -> None:
    key = uploads.put(contacts(5))
    uploads.run(key)
    uploads.submit()
    uploads.later()

    uploads.put(contacts(5))

    assert uploads.run(key).noticed == uploads.later().noticed == 0
    assert len(uploads.relay.mateo.rows) == 5


def test_other_content_under_the_same_key_is_another_file(uploads: Uploads) -> None:
    uploads.run(uploads.put(contacts(5)))

    assert uploads.run(uploads.put(contacts(5, first=3))).noticed == 1


def test_a_file_whose_event_is_lost_is_noticed_by_the_schedule(uploads: Uploads) -> None:
    uploads.put(contacts(5))

    assert uploads.run(None).fed == 5


def test_failures_keep_the_columns_of_the_file(uploads: Uploads) -> None:
    uploads.put("id;name;email\n1;Ada;a@example.com\n;=1+1;\n3;Bob;b@example.com;4\n")

    uploads.run()
    uploads.submit()
    uploads.later()

    (key,) = [one for one in uploads.keys("files/") if one.endswith("failures.csv")]
    rows = list(csv.DictReader(io.StringIO(uploads.content(key).decode("utf-8-sig"))))
    assert [(row["name"], row["relay_line"], row["relay_code"]) for row in rows] == [
        ("'=1+1", "3", "row.no_identifier"),
        ("", "4", "row.too_many_cells"),
    ]
    assert uploads.summary()["rows"]["rejected"] == 2
    assert any(one.endswith("failures.xlsx") for one in uploads.keys("files/"))


@pytest.mark.parametrize(
    ("key", "content", "code"),
    [
        ("inbox/crm/a.csv", b"id\n1\n", "file.unknown_connection"),
        ("inbox/a.csv", b"id\n1\n", "file.unknown_connection"),
        ("inbox/erp/a.csv", b"", "file.empty"),
        ("inbox/erp/a.csv", b"id;name\n", "file.empty"),
        ("inbox/erp/a.csv", b"id;id\n1;2\n", "file.header_twice"),
        ("inbox/erp/a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "file.encrypted"),
        ("inbox/erp/a.xlsx", b"PK\x03\x04" + bytes(512), "file.broken_workbook"),
        ("inbox/erp/a.pdf", b"%PDF-1.7\n", "file.unknown_format"),
        ("inbox/erp/a.json", b'[{"id": 1},', "file.broken_json"),
        ("inbox/erp/a.csv.gz", gzip.compress(b"id\n1\n" * 99, mtime=0)[:-9], "file.broken_gzip"),
        ("inbox/erp/a.csv", "id\nä\n".encode() + b"\xff\xfe\xfd\n", "file.no_text"),
    ],
)
def test_a_file_that_cannot_be_read_gets_an_error_object_beside_it(
    uploads: Uploads, key: str, content: bytes, code: str
) -> None:
    run = uploads.run(uploads.put(content, key))

    error = json.loads(uploads.content(f"{key}.error.json"))
    assert (run.refused, error["code"], run.fed) == (1, code, 0)
    assert error["what_to_do"]
    assert uploads.content(key) == content
    assert uploads.later().refused == 0


@pytest.mark.parametrize("key", ["inbox/Ada Lovelace/a.csv", "inbox/Ada Lovelace.csv"])
def test_the_log_names_no_folder_of_an_unknown_connection(uploads: Uploads, key: str) -> None:
    uploads.run(uploads.put(contacts(3), key))

    (refused,) = uploads.relay.said("file.refused")
    assert (refused["connection"], refused["code"]) == ("", "file.unknown_connection")
    assert "Ada" not in str(uploads.relay.events)


def test_the_files_of_a_connection_with_a_mistake_wait_and_it_is_named(uploads: Uploads) -> None:
    right = uploads.toml
    uploads.toml += '[shop]\nkind = "json"\nid_prefix = "shop-"\n'
    uploads.toml += '[shop.contact.fields]\nexternal_id = "id"\nfull_name = "Straße"\n'
    uploads.put(contacts(3), "inbox/shop/a.csv")
    uploads.put(contacts(2))

    first, second = uploads.run(), uploads.later()

    said = uploads.relay.said("connection.disabled")
    assert [(one["connection"], one["files"]) for one in said] == [("shop", 1)] * 2
    assert (said[0]["key"], said[0]["expression"]) == ("contact.fields.full_name", "Straße")
    assert (first.fed, first.disabled, second.disabled) == (2, 1, 1)
    noted = ConnectionWait("connection.disabled", uploads.relay.clock(), "contact.fields.full_name")
    assert uploads.relay.waits.read() == {"shop": noted}
    uploads.toml = right + uploads.toml.removeprefix(right).replace("Straße", "name")
    assert (uploads.later().fed, uploads.run().disabled) == (3, 0)


def test_a_refused_file_is_read_once_its_connection_is_there(uploads: Uploads) -> None:
    key = uploads.put(contacts(3), "inbox/shop/a.csv")
    uploads.run(key)
    uploads.toml = uploads.toml.replace("erp", "shop")

    assert uploads.later().fed == 3
    assert uploads.keys("inbox/") == [key]


def test_at_most_a_days_entities_are_queued_and_no_row_is_left_out(uploads: Uploads) -> None:
    uploads.entities_per_day = 200
    uploads.put(contacts(1050))

    assert uploads.run().fed == 200
    assert uploads.later().fed == 0
    for _ in range(10):
        uploads.submit()
        assert uploads.later().fed <= 200

    assert len({row["external_id"] for row in uploads.relay.mateo.rows}) == 1050
    assert len(uploads.relay.mateo.rows) == 1050


def test_a_small_file_does_not_wait_for_a_large_one(uploads: Uploads) -> None:
    uploads.entities_per_day = 600
    uploads.put(contacts(5000), "inbox/erp/large.csv")
    uploads.run()
    uploads.put("id;name\nsmall;Small\n", "inbox/erp/small.csv")
    uploads.submit()

    uploads.later()
    uploads.submit()

    assert "small" in {row["external_id"] for row in uploads.relay.mateo.rows}


def test_reading_goes_on_where_it_stopped(uploads: Uploads) -> None:
    uploads.put(contacts(3500))
    uploads.relay.clock = SlowClock(uploads.relay.clock.now)

    assert uploads.run(seconds=5).fed == 0
    (file,) = uploads.known()
    assert 1 <= file.pages <= 3
    assert file.rows == 1000 * file.pages

    uploads.relay.clock = Clock(uploads.relay.clock.now)
    uploads.later()
    uploads.submit()
    assert len(uploads.relay.mateo.rows) == 3500


def test_a_hundred_rows_share_a_message_however_time_passes(uploads: Uploads) -> None:
    uploads.put(contacts(950))
    uploads.relay.clock = SlowClock(uploads.relay.clock.now)

    uploads.run(seconds=6000)

    assert len(uploads.relay.aws.taken(uploads.relay.aws.bulk_queue_url)) == 10


def test_the_last_line_of_a_record_wins_whatever_the_order_of_messages(uploads: Uploads) -> None:
    uploads.put("id;name\n" + "".join(f"1;Version {n}\n" for n in range(300)))
    uploads.run()
    bodies = uploads.relay.aws.taken(uploads.relay.aws.bulk_queue_url)

    for n, body in enumerate(reversed(bodies)):
        uploads.relay.submit(body, invocation=f"inv-{n}")

    assert [row["full_name"] for row in uploads.relay.mateo.rows] == ["Version 299"]
    assert not uploads.relay.aws.queued(), "no older version waits to follow it"


def test_a_row_waits_as_long_as_its_file_and_is_no_dead_letter(uploads: Uploads) -> None:
    uploads.put(contacts(1))
    uploads.relay.clock.now += 40 * DAY_S

    uploads.run()

    (body,) = uploads.relay.aws.taken(uploads.relay.aws.bulk_queue_url)
    content = json.loads(body)
    assert content["delivery"] == file_delivery(content["delivery"][-16:], content["received_at"])
    assert content["since"] == int(uploads.relay.clock() * 1_000_000)


def test_a_file_that_would_wait_too_long_is_refused_before_a_row_is_sent(uploads: Uploads) -> None:
    uploads.entities_per_day = 1
    first = uploads.put(contacts(100))
    assert uploads.run(first).fed == 1
    key = uploads.put(contacts(23), "inbox/erp/second.csv")

    assert uploads.run(key).refused == 1
    error = json.loads(uploads.content(f"{key}.error.json"))
    assert error["code"] == "file.waits_too_long"


def test_rows_that_waited_too_long_are_rejected_and_reported(uploads: Uploads) -> None:
    uploads.put(contacts(3))
    uploads.relay.clock.now += 121 * DAY_S

    uploads.run()
    uploads.later()

    assert not uploads.relay.aws.taken(uploads.relay.aws.bulk_queue_url)
    assert uploads.summary()["rows"]["rejected"] == 3
    (key,) = [one for one in uploads.keys("files/") if one.endswith("failures.csv")]
    assert uploads.content(key).decode().count("row.waited_too_long") == 3


def test_rows_that_were_counted_and_not_sent_wait_no_longer_than_others(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads.put(contacts(3))
    with monkeypatch.context() as broken:
        broken.setattr(Feeding, "_send", failing)
        assert uploads.run().failed == 1
    uploads.relay.clock.now += 121 * DAY_S

    uploads.run()
    uploads.later()

    assert not uploads.relay.aws.taken(uploads.relay.aws.bulk_queue_url)
    assert uploads.summary()["rows"]["rejected"] == 3


def test_a_file_at_which_every_process_dies_is_refused_and_the_others_go_on(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = uploads.put("id\n1\n", "inbox/erp/bad.csv")
    read = Reading.read

    def read_or_die(self: Reading, file: RowFile, *, until: float) -> RowFile:
        if file.key == bad:
            raise Killed
        return read(self, file, until=until)

    monkeypatch.setattr(Reading, "read", read_or_die)
    with pytest.raises(Killed):
        uploads.run()
    uploads.put(contacts(3))
    for _ in range(MAX_TRIES - 1):
        with pytest.raises(Killed):
            uploads.later(901)
    assert uploads.relay.aws.taken(uploads.relay.aws.bulk_queue_url)

    assert uploads.later(901).refused == 1
    assert json.loads(uploads.content(f"{bad}.error.json"))["code"] == "file.killed_process"


def test_a_file_is_not_refused_because_aws_fails(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads.put(contacts(3))
    with monkeypatch.context() as broken:
        broken.setattr(Reading, "_rows", failing)
        for _ in range(MAX_TRIES + 1):
            assert uploads.later().failed == 1

    assert uploads.later().fed == 3
