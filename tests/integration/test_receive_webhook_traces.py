"""What receive_webhook writes to its log and to messages, and what it imports at its start."""

import json
import os
import subprocess
import sys

import pytest

from tests.integration.receiving import ERP, SIGNING, Receiver, receiver
from tests.support.webhooks import (
    ROOT,
    gateway_event,
    request,
    sample,
    signed,
    with_headers,
)

__all__ = ["receiver"]  # fixtures


PERSONAL = ("Jo Example", "jo@example.com", "+4915112345678", "1f81eb52")


def test_neither_log_nor_answer_shows_a_record_or_a_secret(
    receiver: Receiver, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    body = sample("standard_webhooks.contact-created").decode()
    secret = SIGNING
    good = signed(body, secret)
    answers = [
        receiver.post(good, "standard_webhooks"),
        receiver.post(with_headers(good, webhook_signature="v1,SECRET"), "standard_webhooks"),
        receiver.post(with_headers(good, webhook_id="jo@example.com"), "standard_webhooks"),
        receiver.post(signed(body + "}", secret), "standard_webhooks"),
        receiver.post(signed(f"[{body}]", secret), "standard_webhooks"),
    ]
    receiver.aws.sqs.delete_queue(QueueUrl=receiver.aws.queue_url)
    answers.append(receiver.call(gateway_event(good, "standard_webhooks"), remaining_s=4.7))
    assert [status for status, _ in answers] == [200, 401, 401, 200, 200, 503]
    out, err = capfd.readouterr()
    shown = "".join(receiver.log) + caplog.text + out + err + json.dumps(answers)
    for text in (*PERSONAL, secret, secret[6:], "SECRET", good.headers["webhook-signature"]):
        assert text not in shown
    assert [record["message"] for record in receiver.records()] == [
        "webhook.stored",
        "webhook.refused",
        "webhook.refused",
        "webhook.quarantined",
        "webhook.quarantined",
        "webhook.unavailable",
    ]


def test_a_message_has_no_attributes(receiver: Receiver) -> None:
    receiver.post(request("[{}]", ERP), "json")
    (message,) = receiver.aws.sqs.receive_message(
        QueueUrl=receiver.aws.queue_url, MessageAttributeNames=["All"]
    )["Messages"]
    assert "MessageAttributes" not in message


def test_every_outcome_is_one_record_with_its_metric(receiver: Receiver) -> None:
    receiver.post(request("[{},{}]", ERP), "json")
    receiver.post(request("[{}]"), "json")
    stored, refused = receiver.records()
    assert stored["message"] == "webhook.stored"
    assert (stored["connection"], stored["items"], stored["messages"]) == ("json", 2, 1)
    assert stored["ItemsReceived"] == 2
    assert (refused["message"], refused["code"]) == ("webhook.refused", "signature.missing")
    assert refused["WebhooksRefused"] == 1


NEEDLESS = (
    "aws_lambda_powertools.utilities.parameters",
    "aws_xray_sdk",
    "httpx",
    "import_relay.mapping.record_mapping",
    "phonenumbers",
    "pydantic",
)
"""Modules of other functions, which would make the start of this one slower."""


def in_a_new_process(program: str, **variables: str) -> list[str]:
    """What a program prints that imports the function as Lambda does."""
    paths = [ROOT / "layers/import_relay/python", ROOT / "functions/receive_webhook"]
    environment = os.environ | variables | {"PYTHONPATH": os.pathsep.join(map(str, paths))}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_the_start_imports_only_what_receiving_needs(receiver: Receiver) -> None:
    modules = in_a_new_process("import receive_webhook as r, sys; r.intake(); print(*sys.modules)")
    assert "receive_webhook" in modules
    assert [name for name in modules if name in NEEDLESS] == []


@pytest.mark.parametrize(
    ("variables", "made"),
    [
        ({}, "0"),
        ({"AWS_LAMBDA_FUNCTION_NAME": "receive"}, "1"),
        ({"AWS_LAMBDA_FUNCTION_NAME": "receive", "QUEUE_URL": ""}, "0"),
    ],
)
def test_clients_are_made_in_the_init_phase_of_lambda_and_only_there(
    receiver: Receiver, variables: dict[str, str], made: str
) -> None:
    program = "import receive_webhook as r; print(r.intake.cache_info().currsize)"
    assert in_a_new_process(program, **variables) == [made]
