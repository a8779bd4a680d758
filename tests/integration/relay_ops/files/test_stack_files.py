"""A file is uploaded, followed to its end, and never imported twice."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from import_relay.domain.replays import Replay
from import_relay.storage.files import Files, FileState, RowFile
from import_relay.storage.outcome_counts import OutcomeCounts
from import_relay.storage.replays import Replays, Selection
from local.environment import REGION
from relay_ops.exits import CommandError, UsageMistake
from relay_ops.files.stack_files import NOTICED_WITHIN_S, StackFiles, key_of
from relay_ops.files.turns import Ahead, FileAhead
from relay_ops.stack import Stack, of_clients
from tests.integration.files.uploads import Uploads, uploads
from tests.support import aws as resources
from tests.support.deployed import STACK, Deployed, client, clock, deployed

__all__ = ["clock", "deployed", "uploads"]  # fixtures
KEY = key_of("erp", "contacts.csv")
SETTINGS = {
    "REQUESTS_PER_SECOND": "2",
    "REQUESTS_PER_DAY": "10000",
    "ENTITIES_PER_DAY": "25000",
    "BULK_SHARE_PERCENT": "80",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "contacts.csv"
    path.write_text("id;name\n1;Ada\n2;Bob\n3;Cyd;4\n", encoding="utf-8")
    return path


def files_of(uploads: Uploads, sleep: Callable[[float], None]) -> StackFiles:
    outputs = {"BucketName": resources.BUCKET, "LedgerTableName": resources.LEDGER}
    described = {"Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()]}
    stack = Stack("relay", "in moto", described, resources.client, clock=uploads.relay.clock)
    stack.__dict__["settings"] = SETTINGS
    return StackFiles(stack, sleep)


def working(uploads: Uploads) -> StackFiles:
    """Files of a relay that imports while the command waits."""

    def work(_: float) -> None:
        uploads.later()
        uploads.submit()

    return files_of(uploads, work)


def ledger_of(deployed: Deployed) -> tuple[Any, str, OutcomeCounts]:
    dynamodb, table = client("dynamodb"), deployed.of("LedgerTable")
    return (
        dynamodb,
        table,
        OutcomeCounts(dynamodb, table, lambda _: "2026-11-21", clock=time.time),
    )


def test_rows_of_another_file_in_an_open_import_do_not_wait_any_more(deployed: Deployed) -> None:
    noted = Files(*ledger_of(deployed), clock=time.time)
    other = RowFile("inbox/shop/a.csv", "an etag", "shop", received_at=1)
    noted.begin(other)
    noted.advance(other, pages=1, rows=500, is_read=True)
    noted.count(other, [1] * 70, counted=70)
    deployed.send(40)
    deployed.queue(1, "BulkQueue")

    stack = of_clients(STACK, REGION, client, clock=time.time)
    plan = StackFiles(stack).plan(1, "erp", {})

    assert plan.ahead == Ahead(files=[FileAhead("shop", 430, 70, under_way=30)])


def test_items_of_replays_count_as_ahead_of_a_file(deployed: Deployed) -> None:
    stack = of_clients(STACK, REGION, client, clock=time.time)
    replays = Replays(*ledger_of(deployed), time.time)
    replay = Replay("20261121T100000-a1b2c3", 1, "a reason", force=False)
    replays.begin(replay, Selection(0, 1), planned=90)

    plan = StackFiles(stack).plan(1, "erp", {})

    assert plan.ahead == Ahead(put_back=90, files=[])
    assert str(plan.done_on) == "2026-11-22"  # 50 entities per day


def test_a_file_is_followed_until_its_report(uploads: Uploads, file: Path) -> None:
    files = working(uploads)

    seen = list(files.follow(files.upload(file, KEY), None))

    assert seen[-1].state is FileState.FINISHED
    summary = files.summary(seen[-1])
    assert (summary["rows"]["imported"], summary["rows"]["rejected"]) == (2, 1)
    assert summary["folder"].startswith(f"s3://{resources.BUCKET}/files/erp/contacts.csv/")


def test_the_same_file_again_is_not_uploaded_but_shown(uploads: Uploads, file: Path) -> None:
    files = working(uploads)
    first = files.upload(file, KEY)
    list(files.follow(first, None))
    uploads.relay.aws.s3.delete_object(
        Bucket=resources.BUCKET, Key=KEY
    )  # as the lifecycle rule does

    again = files.upload(file, KEY)

    assert not uploads.keys("inbox/")
    assert (again.is_new, again.file) == (False, first.file)
    (shown,) = files.follow(again, files.known(KEY, file))
    assert shown.state is FileState.FINISHED
    assert len(uploads.relay.mateo.rows) == 2


def test_a_refused_file_is_tried_again_and_its_new_end_is_waited_for(
    uploads: Uploads, file: Path
) -> None:
    files, right = working(uploads), uploads.toml
    uploads.toml = right.replace("erp", "shop")
    (refused,) = [
        one for one in files.follow(files.upload(file, KEY), None) if one.state is FileState.REFUSED
    ]
    assert files.refusal(refused)["code"] == "file.unknown_connection"
    uploads.toml = right

    again = files.upload(file, KEY)

    assert again.is_new
    ended = [*files.follow(again, refused)][-1]
    assert (ended.state, ended.ended) == (FileState.FINISHED, {"imported": 2, "rejected": 1})


def test_a_refusal_is_known_even_without_its_error_object(uploads: Uploads, file: Path) -> None:
    files = working(uploads)
    uploads.toml = uploads.toml.replace("erp", "shop")
    *_, refused = files.follow(files.upload(file, KEY), None)
    uploads.relay.aws.s3.delete_object(Bucket=resources.BUCKET, Key=f"{KEY}.error.json")

    assert files.refusal(refused)["code"] == "file.unknown_connection"
    assert files.refusal(refused)["what_to_do"]


@pytest.mark.parametrize("name", ["contacts.csv.error.json", "folder/"])
def test_a_name_that_the_relay_ignores_is_refused(name: str) -> None:
    with pytest.raises(UsageMistake, match="--name"):
        key_of("erp", name)


def test_an_upload_that_import_files_does_not_notice_is_an_error(
    uploads: Uploads, file: Path
) -> None:
    slept: list[float] = []
    files = files_of(uploads, slept.append)

    with pytest.raises(CommandError, match="has not noticed"):
        list(files.follow(files.upload(file, KEY), None))

    assert sum(slept) == NOTICED_WITHIN_S


def test_changed_content_is_another_file(uploads: Uploads, file: Path) -> None:
    files = working(uploads)
    first = files.upload(file, KEY)
    file.write_text("id;name\n1;Ada King\n", encoding="utf-8")

    assert files.upload(file, KEY).file != first.file
