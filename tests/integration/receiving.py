"""The function receive_webhook with its resources in moto, as a gateway invokes it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
import time_machine

import receive_webhook
from import_relay.connectors.contract import Request
from tests.support.aws import BUCKET, Aws
from tests.support.logged import log_texts
from tests.support.webhooks import (
    NOW,
    ROOT,
    example_secrets,
    gateway_event,
)

SECRETS = example_secrets()
SIGNING = SECRETS["standard_webhooks"][0]
ERP = {"x-relay-secret": SECRETS["json"][0], "content-type": "application/json"}
PLENTY_S = 600.0
"""So much time that even a busy machine does not answer 503."""


class Context:
    """What Lambda tells a function about its invocation."""

    def __init__(self, remaining_s: float = PLENTY_S) -> None:
        self._remaining_s = remaining_s

    def get_remaining_time_in_millis(self) -> int:
        return int(self._remaining_s * 1_000)


@dataclass
class Receiver:
    """The function as deployed, and what it wrote to its log."""

    aws: Aws
    secret_arn: str
    log: list[str]

    def call(
        self, event: dict[str, Any], *, remaining_s: float = PLENTY_S
    ) -> tuple[int, dict[str, Any]]:
        """Status and body of the answer."""
        answer = self.answer(event, remaining_s=remaining_s)
        assert answer["headers"]["content-type"] == "application/json"
        return answer["statusCode"], json.loads(answer["body"])

    def answer(self, event: dict[str, Any], *, remaining_s: float = PLENTY_S) -> dict[str, Any]:
        """The answer as it is."""
        return receive_webhook.handler(event, Context(remaining_s))

    def post(self, given: Request, connection: str) -> tuple[int, dict[str, Any]]:
        """Post a request to a connection."""
        return self.call(gateway_event(given, connection))

    def queued(self) -> list[dict[str, Any]]:
        """The messages in the queue."""
        return [content for content, _ in self.aws.queued()]

    def records(self) -> list[dict[str, Any]]:
        """The lines of the log."""
        return [json.loads(line) for line in self.log]

    def set_secrets(self, secrets: object) -> None:
        """Change the connection secrets as an operator does."""
        boto3.client("secretsmanager").put_secret_value(
            SecretId=self.secret_arn, SecretString=json.dumps(secrets)
        )

    @property
    def untouched(self) -> bool:
        """Nothing was written."""
        return not self.queued() and not self.aws.objects()


@pytest.fixture
def receiver(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    arn = boto3.client("secretsmanager").create_secret(
        Name="secrets", SecretString=json.dumps(SECRETS)
    )["ARN"]
    monkeypatch.setenv("QUEUE_URL", aws.queue_url)
    monkeypatch.setenv("BUCKET_NAME", BUCKET)
    monkeypatch.setenv("CONNECTIONS_FILE", str(ROOT / "layers/connections/connections.toml"))
    monkeypatch.setenv("CONNECTION_SECRETS_ARN", arn)
    monkeypatch.setattr(receive_webhook, "SENDERS_WAIT_S", PLENTY_S)
    receive_webhook.intake.cache_clear()
    # It lasts for the whole test: queue and bucket have a clock as well.
    with time_machine.travel(NOW, tick=True), log_texts() as log:
        yield Receiver(aws, arn, log)
    receive_webhook.intake.cache_clear()
