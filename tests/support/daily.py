"""A day for the daily report: the function's environment, its mailbox, and records that ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine

import write_daily_report
from tests.support.aws import BUCKET, LEDGER, Aws, client
from tests.support.builders import message
from tests.support.finishing import finish
from tests.support.following import ADA, BOB, Context
from tests.support.mateo import MateoImports
from tests.support.relay import Relay
from write_daily_report import handler

DAY = "2026-11-21"
FOLDER = f"daily/date={DAY}/"
NO_ID = {"v": 1, "name": "Nobody"}
EVIL = {"id": 9, "v": 1, "name": "=cmd|' /C calc'!A0", "email": "<script>@example.com"}


@pytest.fixture
def mailbox(aws: Aws) -> tuple[str, str]:
    """A topic, and the queue that its mails arrive in."""
    url = aws.sqs.create_queue(QueueName="mails")["QueueUrl"]
    return make_topic(aws, url), url


def make_topic(aws: Aws, url: str) -> str:
    """The ARN of a new topic for alarms, whose mails arrive in this queue."""
    topic = str(client("sns").create_topic(Name="alarms")["TopicArn"])
    arn = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"])
    return topic


@pytest.fixture
def daily_environment(
    aws: Aws, mailbox: tuple[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[None]:
    """The function's environment, for connection `erp`."""
    with environment_in(tmp_path, monkeypatch, topic=mailbox[0]):
        yield


@contextmanager
def environment_in(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, topic: str = ""
) -> Iterator[None]:
    """The function's environment while the block runs; `folder` keeps connections.toml."""
    file = folder / "connections.toml"
    file.write_text('[erp]\nkind = "json"\n')
    for name, value in {
        "BUCKET_NAME": BUCKET,
        "LEDGER_TABLE": LEDGER,
        "CONNECTIONS_FILE": str(file),
        "LIMIT_TIME_ZONE": "UTC",
        "REQUESTS_PER_DAY": "10000",
        "ENTITIES_PER_DAY": "25000",
        "ALARM_TOPIC_ARN": topic,
    }.items():
        monkeypatch.setenv(name, value)
    write_daily_report.daily_reporting.cache_clear()
    yield
    write_daily_report.daily_reporting.cache_clear()


def receive(
    count: int, connection: str = "erp", *, hour: int = 12, metric: str = "ItemsReceived"
) -> None:
    """What a metric says, by default the receiver's, with and without the connection."""
    at = datetime.fromisoformat(f"{DAY}T{hour:02}:10:00+00:00")
    service = {"Name": "service", "Value": "import-relay"}
    for dimensions in ([service], [service, {"Name": "connection", "Value": connection}]):
        client("cloudwatch").put_metric_data(
            Namespace="ImportRelay",
            MetricData=[
                {
                    "MetricName": metric,
                    "Dimensions": dimensions,
                    "Timestamp": at,
                    "Value": count,
                }
            ],
        )


def run(event: dict[str, Any] | None = None, *, at: str = "2026-11-22T00:20:00") -> dict[str, Any]:
    """Run the function, by its schedule if there is no event."""
    with time_machine.travel(datetime.fromisoformat(at).replace(tzinfo=UTC), tick=False):
        answer: dict[str, Any] = handler(event or {}, Context())
    return answer


def a_day(relay: Relay, mateo: MateoImports) -> None:
    """Five records: two imported, one failed, one rejected, one superseded."""
    receive(5)
    relay.submit(message([ADA, BOB, EVIL]))
    evil = next(row for row in mateo.imports[0].payload if row["external_id"] == "9")
    finish(relay, mateo, {"code": "23514", "message": "<b>taken</b>", "input": evil})
    relay.submit(message([NO_ID], delivery="d2"), invocation="inv-2")
    relay.submit(message([{**ADA, "v": 0}], delivery="d3"), invocation="inv-3")
