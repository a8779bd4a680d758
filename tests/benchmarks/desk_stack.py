"""The relay's template as moto's CloudFormation deploys it, with 121,000 records, for `desk`.

100,000 were imported, 20,000 are in the dead-letter queue, 1,000 were rejected. moto is in this
process: its time is in the figures.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from unittest.mock import patch

import boto3
import botocore.session
import httpx
import time_machine
from botocore.config import Config
from moto import mock_aws
from moto.sqs.models import sqs_backends

import relay_ops.stack
from import_relay.domain.batches import batches
from import_relay.domain.models import ItemOutcome, Occurrence, Outcome
from import_relay.receive.intake import delivery_id
from import_relay.storage.archive import Archive
from import_relay.storage.bucket_reads import READERS
from import_relay.storage.entries import Entry, State
from import_relay.storage.ledger import Ledger
from import_relay.storage.outcome_counts import OutcomeCounts
from import_relay.storage.quota import Quota
from import_relay.telemetry.outcome_log import NAMESPACE
from local.aws import moto_process
from local.aws.provisioning import provision
from local.child import ROOT
from local.environment import ACCOUNT, REGION
from local.template.loading import load
from relay_ops.mateo import limits_of
from relay_ops.quick_times import with_quick_times
from relay_ops.stack import Stack, of_clients
from tests.benchmarks.desk_records import CONNECTION, IMPORTS, ROWS, TYPE, objects
from tests.support.builders import message

NAME, RECEIVED = "relay-desk", "ItemsReceived"
REPLAYED = 1_000
DEAD_MESSAGES = 200
"""With a hundred records each: as many as `redrive` reads to say why. moto takes 16 ms for one."""
REFUSED = 2_000
"""Webhooks that were refused within the last hour: lines of the log, and an alarm."""
PARAMETERS = {"EntitiesPerDay": "200000"}


@dataclass(frozen=True)
class Desk:
    """The stack that commands open, and its present time."""

    stack: Stack
    now: datetime

    @property
    def counts(self) -> OutcomeCounts:
        """The outcome counts of the stack."""
        dynamodb, table = self.stack.client("dynamodb"), self.stack.ledger_table
        return OutcomeCounts(dynamodb, table, _day, clock=time.time)


@contextmanager
def desk() -> Iterator[Desk]:
    """The stack, made two days ago; commands open it, and Mateo answers that it has nothing."""
    moto_process._import_cloudformation()
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    with (
        patch.dict(os.environ, keys),
        mock_aws(config={"lambda": {"use_docker": False}}),
        patch.object(httpx.Client, "request", _nothing_in_mateo),
    ):
        with time_machine.travel(datetime.now(UTC) - timedelta(days=2)):
            template = load(ROOT / "template.yaml", PARAMETERS, NAME)
            provision(template, NAME, client, "http://127.0.0.1:1")
        for queue in sqs_backends[ACCOUNT][REGION].queues.values():
            queue.lambda_event_source_mappings.clear()  # moto would push what is sent
        stack = of_clients(NAME, "in moto", client)
        found = Desk(stack, datetime.now(UTC))
        _fill(found)
        with patch.object(relay_ops.stack, "open_stack", lambda *_: stack):
            yield found


@cache
def client(service: str) -> Any:
    """A client as `relay` makes them for a deployed stack."""
    session = boto3.session.Session(
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name=REGION,
        botocore_session=with_quick_times(botocore.session.Session()),
    )
    config = Config(max_pool_connections=READERS)
    return session.client(service, config=config)  # type: ignore[call-overload]


def _nothing_in_mateo(_: object, method: str, url: str, **__: object) -> httpx.Response:
    return httpx.Response(200, json=[], request=httpx.Request(method, url))


def _day(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"


def _fill(made: Desk) -> None:
    s3, bucket = made.stack.client("s3"), made.stack.bucket
    for key, content in objects(made.now):
        s3.put_object(Bucket=bucket, Key=key, Body=content)
    _import_all(made)
    _reject(made)
    _kill(made)
    _refuse(made)


def _import_all(made: Desk) -> None:
    """Every import in the ledger, in the outcome counts and in the metric of what was received.

    moto copies a table for each transaction: one of them stands for all imports of a day.
    """
    dynamodb, table = made.stack.client("dynamodb"), made.stack.ledger_table
    quota = Quota(dynamodb, table, limits_of(made.stack), clock=time.time)
    ledger = Ledger(dynamodb, table, quota, made.counts, clock=time.time)
    by_day: dict[str, Counter[str]] = {}
    for number in range(IMPORTS):
        at = made.now - timedelta(minutes=IMPORTS - number)
        failed = int(number % 4 < 2)
        of_day = by_day.setdefault(_day(at.timestamp()), Counter())
        of_day.update(imported=ROWS - failed, failed=failed)
    _count(made, RECEIVED, [(made.now - timedelta(minutes=n + 1), ROWS) for n in range(IMPORTS)])
    for day, outcomes in by_day.items():
        entry = _entry(f"all-of-{day}", made.now, outcomes.total())
        if not ledger.intend(entry):
            raise AssertionError(entry)
        ledger.close(entry, target=State.FINISHED, outcomes={day: outcomes})
    key = {"pk": {"S": f"import#{entry.reference}"}}
    item = dynamodb.get_item(TableName=table, Key=key)["Item"]
    items = [item | {"pk": {"S": f"import#{number}"}} for number in range(IMPORTS)]
    for some in batches(items, 25):
        puts = [{"PutRequest": {"Item": one}} for one in some]
        dynamodb.batch_write_item(RequestItems={table: puts})


def _entry(reference: str, at: datetime, items: int) -> Entry:
    return Entry(
        reference=reference,
        state=State.INTENDED,
        type=TYPE,
        rows=items,
        day=_day(time.time()),
        created_at=at.timestamp(),
        deadline=at.timestamp(),
        items=items,
    )


def _count(made: Desk, name: str, values: Iterable[tuple[datetime, float]]) -> None:
    """Values of one of the relay's metrics, each at its time."""
    same = {"MetricName": name, "Dimensions": [{"Name": "service", "Value": NAME}]}
    data = [same | {"Timestamp": at, "Value": value} for at, value in values]
    made.stack.client("cloudwatch").put_metric_data(Namespace=NAMESPACE, MetricData=data)


def _reject(made: Desk) -> None:
    """Records that a replay can put back."""
    received = made.now - timedelta(minutes=5)
    at = int(received.timestamp() * 1_000_000)
    delivery = delivery_id(at, b"12345")
    ended = [
        ItemOutcome(
            Occurrence("", CONNECTION, delivery, number, f"e{number}", at, 0, {"id": number}),
            Outcome.REJECTED,
            "row.no_identifier",
        )
        for number in range(REPLAYED)
    ]
    archive = Archive(made.stack.client("s3"), made.stack.bucket)
    archive.record_outcomes(ended, at=time.time(), date=_day(time.time()), batch="b1")
    made.counts.record(ended, batch="b1")
    _count(made, RECEIVED, [(received, REPLAYED)])


def _kill(made: Desk) -> None:
    """Dead letters; every second one says why."""
    sqs, url = made.stack.client("sqs"), made.stack.outputs["DeadLetterQueueUrl"]
    received = made.now - timedelta(minutes=10)
    at = int(received.timestamp() * 1_000_000)
    reasons: tuple[Mapping[str, Any], ...] = ({}, {"moved": {"code": "row.killed_process"}})
    for number in range(DEAD_MESSAGES):
        items = [{"id": f"D-{number}-{n}", "text": "a word or two " * 30} for n in range(ROWS)]
        delivery = delivery_id(at, number.to_bytes(5, "big"))
        body = message(items, delivery=delivery, connection=CONNECTION, received_at=at)
        text = json.dumps(json.loads(body) | reasons[number % 2])
        sqs.send_message(QueueUrl=url, MessageBody=text)
    _count(made, RECEIVED, [(received, ROWS * DEAD_MESSAGES)])


def _refuse(made: Desk) -> None:
    """A sender with a wrong secret: an alarm, and a line in the log for each webhook."""
    logs, at = made.stack.client("logs"), made.now - timedelta(minutes=30)
    _count(made, "WebhooksRefused", [(at, REFUSED)])
    group = {"logGroupName": f"/aws/lambda/{NAME}-receive-webhook", "logStreamName": "one"}
    logs.create_log_stream(**group)
    said = {"connection": CONNECTION, "code": "signature.mismatch", "service": NAME}
    line = {"message": "webhook.refused", **said}
    event = {"timestamp": int(at.timestamp() * 1_000), "message": json.dumps(line)}
    logs.put_log_events(**group, logEvents=[event] * REFUSED)
