"""The relay's AWS resources: what functional tests act on.

They are in moto, in process; with `AWS_FAKE=ministack` in a process of that.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import boto3
from moto import mock_aws
from moto.sqs.models import SQSBackend

from tests.support import ministack

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient

LEDGER = "ledger"
WATERMARKS = "watermarks"
BUCKET = "relay-bucket"
MAPPING_PARAMETER = "/import-relay/event-source-mappings"
MAPPINGS = ("mapping-1", "mapping-2")
"""Of the live lane and the bulk lane."""
SCHEDULE_GROUP = "import-relay-pause"
SCHEDULE_ROLE = "arn:aws:iam::123456789012:role/pause"
MACHINE = "track-import"


@cache
def client(service: Any) -> Any:
    """A client that all tests share: making one takes longer than most tests."""
    return boto3.session.Session(
        aws_access_key_id="testing", aws_secret_access_key="testing", region_name="eu-central-1"
    ).client(service, endpoint_url=ministack.fake().url if ministack.is_fake() else None)


@dataclass(frozen=True)
class Aws:
    """Handles on the resources."""

    dynamodb: "DynamoDBClient"
    s3: "S3Client"
    sqs: "SQSClient"
    queue_url: str
    state_machine_arn: str
    dead_letter_url: str
    bulk_queue_url: str
    held_queue_url: str
    bulk_held_queue_url: str

    def objects(self, prefix: str = "") -> dict[str, bytes]:
        """Key → content of all objects below a prefix."""
        listed = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        return {
            one["Key"]: self.s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read()
            for one in listed
        }

    def lines(self, prefix: str) -> list[dict[str, Any]]:
        """All lines of the ndjson objects below a prefix."""
        return [
            json.loads(line)
            for content in self.objects(prefix).values()
            for line in content.decode().splitlines()
        ]

    def taken(self, url: str = "") -> list[str]:
        """Empty the queue, or another one; the bodies of the messages that were in it."""
        bodies = [json.dumps(content) for content, _ in self.queued(url)]
        if ministack.is_fake():
            self.sqs.purge_queue(QueueUrl=url or self.queue_url)
        else:  # moto's purge keeps delayed messages
            self._in_moto(url)._messages.clear()
        return bodies

    def _in_moto(self, url: str = "") -> Any:
        from moto.core.models import DEFAULT_ACCOUNT_ID
        from moto.sqs.models import sqs_backends

        backend = sqs_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"]
        return backend.get_queue((url or self.queue_url).rsplit("/", 1)[1])

    def queued(self, url: str = "") -> list[tuple[dict[str, Any], int]]:
        """(content, delay in s) of every message that was sent to the queue, or to another one."""
        if ministack.is_fake():
            return ministack.fake().queued(url or self.queue_url)
        return [
            (
                json.loads(one.body),
                round(max(0, one.delayed_until - float(str(one.sent_timestamp))) / 1000),
            )
            for one in self._in_moto(url)._messages
        ]


@contextmanager
def _moto() -> Iterator[None]:
    """moto, whose long polls answer at once: in a test nobody sends while they would wait."""
    receive = SQSBackend.receive_message

    def at_once(self: Any, queue_name: str, count: int, _: int, *rest: Any) -> Any:
        return receive(self, queue_name, count, 0, *rest)

    with mock_aws(), patch.object(SQSBackend, "receive_message", at_once):
        yield


def _make_tables(dynamodb: "DynamoDBClient") -> None:
    dynamodb.create_table(
        TableName=LEDGER,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "open", "AttributeType": "S"},
            {"AttributeName": "created_at", "AttributeType": "N"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "open-imports",
                "KeySchema": [
                    {"AttributeName": "open", "KeyType": "HASH"},
                    {"AttributeName": "created_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    dynamodb.create_table(
        TableName=WATERMARKS,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )


@contextmanager
def relay_resources() -> Iterator[Aws]:
    """Tables, bucket, queue, state machine and schedule group as the template makes them."""
    with ministack.fresh_fake() if ministack.is_fake() else _moto():
        dynamodb = client("dynamodb")
        _make_tables(dynamodb)
        s3 = client("s3")
        s3.create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        sqs = client("sqs")
        queue_url = sqs.create_queue(QueueName="relay")["QueueUrl"]
        machine = client("stepfunctions").create_state_machine(
            name=MACHINE,
            definition=json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}),
            roleArn="arn:aws:iam::123456789012:role/machine",
        )["stateMachineArn"]
        client("scheduler").create_schedule_group(Name=SCHEDULE_GROUP)
        ids = ",".join(MAPPINGS)
        client("ssm").put_parameter(Name=MAPPING_PARAMETER, Value=ids, Type="StringList")
        dead_letter_url = sqs.create_queue(QueueName="dead")["QueueUrl"]
        others = [
            sqs.create_queue(QueueName=name)["QueueUrl"]
            for name in ("relay-bulk", "relay-held", "relay-bulk-held")
        ]
        yield Aws(dynamodb, s3, sqs, queue_url, machine, dead_letter_url, *others)
