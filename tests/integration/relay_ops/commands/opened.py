"""The stack that commands open."""

import io
from collections.abc import Callable
from typing import Any

import pytest

import relay_ops.stack
from relay_ops.stack import Stack
from tests.support import aws as resources
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
        return resources.client(service)

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
