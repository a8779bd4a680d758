"""Without a queue, a bucket, secrets or time receive_webhook asks senders to try again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
import time_machine

import receive_webhook
from import_relay.connectors.contract import Replies
from import_relay.domain.retrying import RetryPolicy
from import_relay.receive.intake import Receipt
from tests.integration.receiving import ERP, Context, Receiver, receiver
from tests.support.aws import BUCKET
from tests.support.webhooks import (
    NOW,
    gateway_event,
    request,
)

__all__ = ["receiver"]  # fixtures


@pytest.mark.parametrize(("left_s", "answer_by", "give_up_at"), [(10.0, 4.5, 9.5), (3.0, 2.5, 2.5)])
def test_a_sender_is_answered_before_it_or_the_function_gives_up(
    monkeypatch: pytest.MonkeyPatch, left_s: float, answer_by: float, give_up_at: float
) -> None:
    @dataclass
    class Noting:
        connections: Mapping[str, object] = field(default_factory=dict)
        times: list[float] = field(default_factory=list)

        def replies(self, name: str) -> Replies:
            return Replies()

        def receive(self, *_: object, answer_by: float, give_up_at: float, **__: str) -> Receipt:
            self.times = [answer_by - NOW, give_up_at - NOW]
            return Receipt("d1")

    noting = Noting()
    monkeypatch.setattr(receive_webhook, "intake", lambda: noting)
    with time_machine.travel(NOW, tick=False):
        monkeypatch.setattr("time.monotonic", lambda: float(NOW))
        receive_webhook.handler(gateway_event(request("[]"), "json"), Context(left_s))
    assert noting.times == [answer_by, give_up_at]


UNAVAILABLE = (503, {"code": "store.unavailable"})


def test_a_queue_that_is_gone_means_try_again(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("import_relay.storage.intake_store.STORE_DELIVERY", RetryPolicy(2, 0.0))
    receiver.aws.sqs.delete_queue(QueueUrl=receiver.aws.queue_url)
    assert receiver.post(request("[{}]", ERP), "json") == UNAVAILABLE


def test_a_bucket_that_is_gone_means_try_again(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("import_relay.storage.intake_store.STORE_DELIVERY", RetryPolicy(2, 0.0))
    receiver.aws.s3.delete_bucket(Bucket=BUCKET)
    assert receiver.post(request("not json", ERP), "json") == UNAVAILABLE


def test_a_function_that_has_no_time_left_says_so(receiver: Receiver) -> None:
    event = gateway_event(request("[{}]", ERP), "json")
    assert receiver.call(event, remaining_s=2.0) == UNAVAILABLE
    assert receiver.untouched


def test_secrets_that_cannot_be_read_mean_try_again(receiver: Receiver) -> None:
    boto3.client("secretsmanager").delete_secret(
        SecretId=receiver.secret_arn, ForceDeleteWithoutRecovery=True
    )
    assert receiver.post(request("[{}]", ERP), "json") == UNAVAILABLE


@pytest.mark.parametrize("variable", ["QUEUE_URL", "CONNECTIONS_FILE"])
def test_a_setting_that_is_missing_means_try_again(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.delenv(variable)
    assert receiver.post(request("[{}]", ERP), "json") == UNAVAILABLE
    (record,) = receiver.records()
    assert (record["code"], variable in record["reason"]) == ("configuration.invalid", True)


@pytest.mark.parametrize("event", [{}, {"pathParameters": None}, {"body": 7}])
def test_an_event_that_no_gateway_sends_is_answered_too(
    receiver: Receiver, event: dict[str, Any]
) -> None:
    assert receiver.call(event) == UNAVAILABLE
    (record,) = receiver.records()
    assert record["code"] == "unexpected"


def test_an_answer_that_asks_for_another_try_says_when(receiver: Receiver) -> None:
    answer = receive_webhook.handler({}, Context())
    assert answer["headers"]["retry-after"] == "60"
