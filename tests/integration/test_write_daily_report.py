"""The daily report as EventBridge Scheduler calls it: what it reads, writes, mails and logs."""

import io
import json
from collections.abc import Iterator
from typing import Any

import openpyxl
import pytest
import time_machine

from import_relay.domain.reasons import Unexpected
from import_relay.storage.received_counts import ReceivedCounts
from tests.support import ministack
from tests.support.aws import BUCKET, Aws, client
from tests.support.builders import NOON, message
from tests.support.daily import DAY, FOLDER, NO_ID, a_day, make_topic, receive, run
from tests.support.finishing import finish
from tests.support.fixtures import at_noon, made, mateo, relay
from tests.support.following import ADA
from tests.support.logged import Lines, log_lines
from tests.support.mateo import MateoImports
from tests.support.relay import Relay

__all__ = ["at_noon", "made", "mateo", "relay"]  # fixtures
HOUR = 3600
pytestmark = pytest.mark.usefixtures("at_noon", "daily_environment")


@pytest.fixture
def logged() -> Iterator[Lines]:
    with log_lines() as lines:
        yield lines


def written(aws: Aws) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads(aws.objects(FOLDER)[f"{FOLDER}summary.json"])
    return summary


def mails(aws: Aws, mailbox: tuple[str, str]) -> list[dict[str, str]]:
    with time_machine.travel(NOON + 2 * 86_400, tick=False):  # moto shows none at its own time
        answer = aws.sqs.receive_message(QueueUrl=mailbox[1], MaxNumberOfMessages=10)
    return [json.loads(one["Body"]) for one in answer.get("Messages", [])]


def test_the_day_that_ended_is_written_with_figures_that_add_up(
    aws: Aws, relay: Relay, mateo: MateoImports
) -> None:
    a_day(relay, mateo)

    answer = run()

    assert answer == {"date": DAY, "key": f"{FOLDER}index.html", "is_new": True}
    names = {key.removeprefix(FOLDER) for key in aws.objects(FOLDER)}
    assert names == {
        "counts/counts.ndjson",
        "failures.csv",
        "failures.xlsx",
        "index.html",
        "summary.json",
    }
    summary = written(aws)
    assert summary["totals"] == {
        "received": 5,
        "imported": 2,
        "failed": 1,
        "rejected": 1,
        "superseded": 1,
    }
    assert summary["connections"]["erp"]["hours"]["received"][12] == 5
    assert summary["minutes_to_import"]["items"] == 2
    assert summary["imports"]["count"] == 1
    assert summary["quota"]["entities"] == {"used": 3, "limit": 25_000, "bulk": 0}
    assert {(one["what"], one["code"]) for one in summary["open"]["groups"]} == {
        ("failed", "23514"),
        ("rejected", "row.no_identifier"),
        ("left out", "value.bad_email"),
    }
    assert summary["is_over"] is True


def test_what_a_sender_wrote_becomes_neither_markup_nor_a_formula(
    aws: Aws, relay: Relay, mateo: MateoImports
) -> None:
    a_day(relay, mateo)
    run()

    objects = aws.objects(FOLDER)
    assert b"<b>taken" not in objects[f"{FOLDER}index.html"]
    assert b"&lt;b&gt;taken" in objects[f"{FOLDER}index.html"]
    assert "'=cmd" in objects[f"{FOLDER}failures.csv"].decode("utf-8-sig")
    sheet = openpyxl.load_workbook(io.BytesIO(objects[f"{FOLDER}failures.xlsx"])).active
    assert sheet is not None
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value} == {"s"}


def test_the_counts_are_mailed_once_without_personal_data(
    aws: Aws, relay: Relay, mateo: MateoImports, mailbox: tuple[str, str]
) -> None:
    a_day(relay, mateo)

    run()
    again = run(at="2026-11-22T03:20:00")

    (mail,) = mails(aws, mailbox)
    assert again["is_new"] is False
    assert mail["Subject"] == f"import-relay {DAY}: 2 imported, 2 failed or rejected"
    assert f"s3://{BUCKET}/{FOLDER}index.html" in mail["Message"]
    for word in ("Ada", "Bob", "@example", "Nobody", "taken", "calc"):
        assert word not in mail["Message"] + mail["Subject"]


def test_a_report_whose_mail_failed_is_written_and_mailed_by_the_next_run(
    aws: Aws, relay: Relay, mateo: MateoImports, mailbox: tuple[str, str]
) -> None:
    a_day(relay, mateo)
    client("sns").delete_topic(TopicArn=mailbox[0])
    with pytest.raises(Unexpected, match="NotFound"):
        run()
    make_topic(aws, mailbox[1])

    assert run(at="2026-11-22T03:20:00")["is_new"] is True
    assert len(mails(aws, mailbox)) == 1


def test_without_an_address_nobody_is_mailed(
    aws: Aws, mailbox: tuple[str, str], monkeypatch: pytest.MonkeyPatch, logged: Lines
) -> None:
    monkeypatch.setenv("ALARM_TOPIC_ARN", "")
    run()

    assert mails(aws, mailbox) == []
    (line,) = logged()
    assert (line["message"], line["day"], line["mailed"]) == ("daily.written", DAY, False)


@pytest.mark.skipif(
    ministack.is_fake(), reason="its objects are of the machine's time, not of the test's"
)
def test_the_whole_day_is_written_although_a_page_was_made_during_it(
    aws: Aws, relay: Relay, mateo: MateoImports, mailbox: tuple[str, str]
) -> None:
    early = run({"date": ""}, at=f"{DAY}T10:00:00")
    assert early == {"date": DAY, "key": f"{FOLDER}index.html", "is_new": True}
    assert written(aws)["is_over"] is False
    assert mails(aws, mailbox) == []

    a_day(relay, mateo)

    assert run()["is_new"] is True
    assert written(aws)["totals"]["received"] == 5


def test_any_day_is_written_when_asked_for_and_stays_as_it_was(
    aws: Aws, relay: Relay, mateo: MateoImports
) -> None:
    a_day(relay, mateo)
    run()
    first = written(aws)

    run({"date": DAY}, at="2026-11-24T10:00:00")

    assert {**written(aws), "written_at": ""} == {**first, "written_at": ""}


def test_a_day_that_has_not_begun_cannot_be_written() -> None:
    with pytest.raises(Unexpected, match="ValueError"):
        run({"date": "2026-12-24"})


def test_an_import_counts_on_the_day_on_which_it_ended(
    aws: Aws, relay: Relay, mateo: MateoImports
) -> None:
    relay.submit(message([ADA]))
    relay.clock.now = NOON + 13 * HOUR
    with time_machine.travel(relay.clock.now, tick=False):
        finish(relay, mateo)

    run({"date": DAY}, at="2026-11-22T10:00:00")
    assert written(aws)["imports"]["count"] == 0
    run({"date": "2026-11-22"}, at="2026-11-22T10:00:00")
    later = json.loads(aws.objects("daily/date=2026-11-22/")["daily/date=2026-11-22/summary.json"])

    assert later["totals"]["imported"] == 1
    assert later["minutes_to_import"]["median"] > 12 * 60


def test_lines_that_a_dying_process_wrote_twice_count_once(
    aws: Aws, relay: Relay, mateo: MateoImports
) -> None:
    relay.submit(message([NO_ID]))
    ((key, content),) = aws.objects("rejected/").items()
    aws.s3.put_object(Bucket=BUCKET, Key=key.replace(".ndjson", "-again.ndjson"), Body=content)

    run()

    assert written(aws)["totals"]["rejected"] == 1


def test_what_an_unknown_connection_received_counts_as_others(aws: Aws) -> None:
    receive(3)
    receive(4, "gone", hour=7)

    run()

    connections = written(aws)["connections"]
    assert connections["(others)"]["totals"]["received"] == 4
    assert connections["erp"]["totals"]["received"] == 3
    assert written(aws)["totals"]["received"] == 7


def test_rows_of_files_are_received_too(aws: Aws) -> None:
    receive(3)
    receive(50, metric="FileRowsQueued")

    run()

    assert written(aws)["connections"]["(others)"]["totals"]["received"] == 50
    assert written(aws)["totals"]["received"] == 53


def test_partial_metrics_are_an_error() -> None:
    class Partial:
        def get_metric_data(self, **_: Any) -> dict[str, Any]:
            part = {"Id": "c0", "StatusCode": "PartialData", "Timestamps": [], "Values": []}
            return {"MetricDataResults": [part]}

    counts: Any = ReceivedCounts(Partial(), "ImportRelay", "import-relay")  # type: ignore[arg-type]
    with pytest.raises(Exception, match="did not give all"):
        list(counts.each([], 0.0, 86_400.0))
