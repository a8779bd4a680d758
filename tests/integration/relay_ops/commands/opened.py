"""The stack that commands open, with the parts of AWS that moto lacks."""

import io
from collections.abc import Callable
from typing import Any

import pytest
import time_machine

import relay_ops.stack
from relay_ops.stack import Stack
from tests.support import aws as resources
from tests.support.aws import Aws
from tests.support.builders import NOON
from tests.support.relay import Relay

SETTINGS = {
    "EVENT_SOURCE_MAPPINGS_PARAMETER": resources.MAPPING_PARAMETER,
    "PAUSE_SCHEDULE_GROUP": resources.SCHEDULE_GROUP,
    "PAUSE_SCHEDULE_ROLE_ARN": resources.SCHEDULE_ROLE,
    "REQUESTS_PER_SECOND": "2",
    "REQUESTS_PER_DAY": "10000",
    "ENTITIES_PER_DAY": "25000",
    "BULK_SHARE_PERCENT": "80",
    "ROWS_PER_IMPORT": "5000",
    "MATEO_BASE_URL": "https://mateo.example/api/v1",
}


class Moving:
    """SQS with the move tasks, which moto lacks."""

    def __init__(self, sqs: Any, aws: Aws) -> None:
        self._sqs, self._aws = sqs, aws
        self.moved = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sqs, name)

    def start_message_move_task(self, *, SourceArn: str, DestinationArn: str) -> None:  # noqa: N803
        assert DestinationArn.rpartition(":")[2] == self._aws.queue_url.rpartition("/")[2]
        assert SourceArn.endswith(self._aws.dead_letter_url.rpartition("/")[2])
        url = self._aws.dead_letter_url
        with time_machine.travel(NOON + 1, tick=False):  # moto: visible after a time, not at it
            answer = self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        for one in answer["Messages"]:
            self._sqs.send_message(QueueUrl=self._aws.queue_url, MessageBody=one["Body"])
            self.moved += 1

    def list_message_move_tasks(self, **_: Any) -> Any:
        moved = {"Status": "COMPLETED", "ApproximateNumberOfMessagesMoved": self.moved}
        return {"Results": [moved]}


@pytest.fixture
def stack(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """A stack of these resources, which commands open."""
    manager = resources.client("secretsmanager")
    arns = {
        name: manager.create_secret(Name=name, SecretString=text)["ARN"]
        for name, text in (
            ("MateoTokenArn", "old"),
            ("ConnectionSecretsArn", '{"erp": ["one"]}'),
            ("CrmTokensArn", "{}"),
        )
    }
    outputs = {
        "LedgerTableName": resources.LEDGER,
        "BucketName": resources.BUCKET,
        "QueueUrl": relay.aws.queue_url,
        "BulkQueueUrl": relay.aws.bulk_queue_url,
        "DeadLetterQueueUrl": relay.aws.dead_letter_url,
        **arns,
    }
    described = {"Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()]}

    def client(service: str) -> Any:
        if service == "lambda":
            return relay.lambda_
        made = resources.client(service)
        return Moving(made, relay.aws) if service == "sqs" else made

    stack = Stack("import-relay", "here", described, client, clock=relay.clock)
    stack.__dict__["settings"] = {**SETTINGS, "MATEO_TOKEN_ARN": arns["MateoTokenArn"]}
    monkeypatch.setattr(relay_ops.stack, "open_stack", lambda *_: stack)
    return stack


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Gives a command a text on stdin."""
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


def stored(stack: Stack, output: str) -> str:
    manager = stack.client("secretsmanager")
    return str(manager.get_secret_value(SecretId=stack.outputs[output])["SecretString"])
