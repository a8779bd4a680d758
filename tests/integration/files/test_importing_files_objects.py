"""Objects of the inbox: any names, folders, and files that are replaced or deleted meanwhile."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import time_machine

from import_relay.bulk.replay_feeding import ReplayFeeding, ReplaysFed
from import_relay.storage.file_objects import FileObjects
from tests.integration.files.uploads import SlowClock, Uploads, failing
from tests.support import aws as resources
from tests.support.aws import relay_resources
from tests.support.builders import NOON
from tests.support.relay import Clock, Relay

KEY = "inbox/erp/contacts.csv"


@pytest.fixture
def uploads(tmp_path: Path) -> Iterator[Uploads]:
    with time_machine.travel(NOON, tick=False), relay_resources() as aws:
        yield Uploads(Relay(aws), tmp_path, page_rows=10)


def people(*names: str) -> str:
    rows = (f"{n};{name};p{n}@example.com\n" for n, name in enumerate(names, 1))
    return "id;name;email\n" + "".join(rows)


def imported(uploads: Uploads) -> list[object]:
    return [row["full_name"] for row in uploads.relay.mateo.rows]


@pytest.mark.parametrize(
    "name",
    [
        "Kontakte März 2026.csv",
        "a#b.csv",
        "1+1.csv",
        "50%25.csv",
        "a&b=c?d.csv",
        "2026/11/21/contacts.csv",
        "..csv",
        "\U0001f4c7.csv",
        "contacts",
        "contacts.csv.gz",  # not gzipped
        "contacts.xlsx",  # not a workbook
    ],
)
def test_a_file_may_have_any_name(uploads: Uploads, name: str) -> None:
    """The first bytes say what a file is; the key in an event is that of the object."""
    uploads.run(uploads.put(people("Ada"), f"inbox/erp/{name}"))
    uploads.submit()
    uploads.later()

    assert imported(uploads) == ["Ada"]
    (summary,) = (one for one in uploads.keys("files/") if one.endswith("summary.json"))
    assert summary.startswith(f"files/erp/{name}/")


def test_the_object_of_a_folder_is_no_file(uploads: Uploads) -> None:
    for key in ("inbox/", "inbox/erp/", "inbox/erp/2026/", "inbox/nobody/"):
        assert uploads.run(uploads.put(b"", key)).noticed == 0

    assert uploads.run().noticed == 0
    assert uploads.known() == []


def test_the_same_content_under_two_names_is_two_files_with_one_record(
    uploads: Uploads,
) -> None:
    for name in ("a.csv", "b.csv"):
        uploads.run(uploads.put(people("Ada"), f"inbox/erp/{name}"))
    uploads.submit()
    uploads.later()

    assert imported(uploads) == ["Ada"]
    assert len([one for one in uploads.keys("files/") if one.endswith("summary.json")]) == 2


def read_on(uploads: Uploads, content: bytes) -> None:
    """A run that has time for the first pages only."""
    uploads.relay.clock = SlowClock(uploads.relay.clock.now)
    uploads.run(uploads.put(content), seconds=3)
    (file,) = uploads.known()
    assert file.pages in (1, 2)
    assert file.fed == 0
    uploads.relay.clock = Clock(uploads.relay.clock.now)


def read_a_part(uploads: Uploads) -> None:
    """The same with a file of 25 rows."""
    read_on(uploads, people(*("Old",) * 25).encode())


def test_a_file_that_is_replaced_while_it_is_read_gives_way_to_the_new_one(
    uploads: Uploads,
) -> None:
    read_a_part(uploads)

    uploads.run(uploads.put(people("New")))
    uploads.submit()
    uploads.later()

    assert imported(uploads) == ["New"]
    assert uploads.relay.said("file.refused")[0]["code"] == "file.replaced"
    assert uploads.known() == []
    assert uploads.keys("rows/") == []
    assert f"{KEY}.error.json" not in uploads.keys("inbox/")


def test_a_file_that_is_deleted_while_it_is_read_sends_nothing(uploads: Uploads) -> None:
    read_a_part(uploads)
    uploads.relay.aws.s3.delete_object(Bucket=resources.BUCKET, Key=KEY)

    uploads.later()

    assert json.loads(uploads.content(f"{KEY}.error.json"))["code"] == "file.replaced"
    assert (imported(uploads), uploads.known(), uploads.keys("rows/")) == ([], [], [])


def test_a_file_that_is_deleted_after_it_was_read_is_imported(uploads: Uploads) -> None:
    uploads.run(uploads.put(people("Ada")))
    uploads.relay.aws.s3.delete_object(Bucket=resources.BUCKET, Key=KEY)
    uploads.submit()
    uploads.later()

    assert imported(uploads) == ["Ada"]
    assert uploads.summary()["rows"]["imported"] == 1


def test_a_gzipped_file_is_read_on_where_it_stopped(uploads: Uploads) -> None:
    names = [f"Person {n}" for n in range(25)]
    content = people(*names).encode()
    packed = gzip.compress(content[:200]) + gzip.compress(content[200:])
    read_on(uploads, packed)
    uploads.later()
    uploads.submit()

    assert imported(uploads) == names


def test_replays_leave_half_of_a_runs_time_to_files(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    untils: list[float] = []

    def feed(_: ReplayFeeding, *, of_files: int, until: float) -> ReplaysFed:
        untils.append(until)
        return ReplaysFed(of_files)

    monkeypatch.setattr(ReplayFeeding, "feed", feed)

    uploads.run(seconds=600)

    assert untils == [uploads.relay.clock() + 300]


def test_an_error_object_that_was_not_removed_is_removed_before_the_new_file_is_read(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads.run(uploads.put(b""))
    key = uploads.put(people("Ada"))
    with monkeypatch.context() as broken:
        broken.setattr(FileObjects, "delete", failing)
        assert (uploads.run(key).noticed, uploads.run().fed) == (1, 0)
    assert len(uploads.keys("inbox/")) == 2

    assert uploads.run().fed == 1
    assert uploads.keys("inbox/") == [key]


def test_the_error_of_a_file_stays_although_the_file_that_it_replaced_is_read_later(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n, content in enumerate((people("Ada"), "")):
        with time_machine.travel(NOON + n, tick=False):
            key = uploads.put(content)
        with monkeypatch.context() as broken:
            broken.setattr(FileObjects, "delete", fails_first())
            uploads.run(key)

    uploads.later()

    assert not uploads.known()
    assert len(uploads.keys("inbox/")) == 2


def fails_first() -> Callable[[FileObjects, str], None]:
    """S3 fails the first removal and carries out all others."""
    really = FileObjects.delete
    steps = iter([failing])

    def delete(objects: FileObjects, key: str) -> None:
        next(steps, really)(objects, key)

    return delete
