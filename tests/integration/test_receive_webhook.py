"""The function receive_webhook, from the gateway's event to what lies in AWS."""

import json
import os
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import boto3
import pytest
import time_machine

import receive_webhook
from import_relay.connectors.contract import Replies, Request
from import_relay.domain.retrying import RetryPolicy
from import_relay.receive.intake import Receipt
from tests.support.aws import BUCKET, Aws
from tests.support.logged import log_texts
from tests.support.webhooks import (
    NOW,
    ROOT,
    example_secrets,
    gateway_event,
    request,
    sample,
    signed,
    with_headers,
)

SECRETS = example_secrets()
SIGNING = SECRETS["standard_webhooks"][0]
ERP = {"x-relay-secret": SECRETS["json"][0], "content-type": "application/json"}


PLENTY_S = 600.0
"""So much time that a busy machine is no reason to answer 503."""


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
    # All of a test, not only its webhooks: queue and bucket have a clock as well.
    with time_machine.travel(NOW, tick=True), log_texts() as log:
        yield Receiver(aws, arn, log)
    receive_webhook.intake.cache_clear()


def test_a_signed_webhook_is_stored(receiver: Receiver) -> None:
    body = sample("standard_webhooks.contact-created").decode()
    status, answer = receiver.post(signed(body, SIGNING), "standard_webhooks")
    assert (status, answer["received"]) == (200, 1)
    (message,) = receiver.queued()
    assert message["delivery"] == answer["delivery"]
    assert message["connection"] == "standard_webhooks"
    assert NOW * 1_000_000 <= message["received_at"] < (NOW + 60) * 1_000_000
    assert message["items"] == [{"n": 0, "event": "msg_1", "item": json.loads(body)}]


def test_items_are_counted_for_the_time_of_their_receipt(receiver: Receiver) -> None:
    body = sample("standard_webhooks.contact-created").decode()
    receiver.post(signed(body, SIGNING), "standard_webhooks")
    (message,), (record,) = receiver.queued(), receiver.records()
    assert record["ItemsReceived"] == 1
    assert record["_aws"]["Timestamp"] == message["received_at"] // 1_000


@pytest.mark.parametrize("name", ["receive_webhook.json", "receive_webhook.pipedrive"])
def test_the_events_for_sam_local_invoke_are_accepted(receiver: Receiver, name: str) -> None:
    event = json.loads(sample(name))
    status, answer = receiver.call(event)
    assert status == 200
    assert sum(len(message["items"]) for message in receiver.queued()) == answer["received"] > 0


def test_those_events_carry_the_sample_bodies() -> None:
    for name, body in (("json", "json.batch"), ("pipedrive", "pipedrive.person-created")):
        event = json.loads(sample(f"receive_webhook.{name}"))
        assert json.loads(event["body"]) == json.loads(sample(body))


def test_a_body_that_the_gateway_encoded_is_verified_as_it_was_sent(receiver: Receiver) -> None:
    body = '{"type":"contact.created","data":{"id":"ä"}}'
    event = gateway_event(signed(body, SIGNING), "standard_webhooks", encoded=True)
    assert receiver.call(event)[0] == 200


def test_header_names_may_be_in_any_case(receiver: Receiver) -> None:
    event = gateway_event(request("[{}]", {"X-Relay-SECRET": SECRETS["json"][0]}), "json")
    assert receiver.call(event)[0] == 200


def test_six_megabytes_are_stored(receiver: Receiver) -> None:
    record = {"customer_no": "1", "name": "Jo Example", "note": "x" * 250}
    count = 19_500
    body = json.dumps({"records": [record | {"customer_no": str(n)} for n in range(count)]})
    assert 6_000_000 < len(body) < 6 * 1024 * 1024
    status, answer = receiver.post(request(body, ERP), "json")
    assert (status, answer["received"]) == (200, count)
    numbers = [item["n"] for message in receiver.queued() for item in message["items"]]
    assert sorted(numbers) == list(range(count))


def test_more_than_that_is_refused(receiver: Receiver) -> None:
    status, answer = receiver.post(request(b" " * (6 * 1024 * 1024 + 1), ERP), "json")
    assert (status, answer) == (413, {"code": "delivery.too_large"})
    assert receiver.untouched


def test_a_large_item_lies_in_the_bucket(receiver: Receiver) -> None:
    body = json.dumps({"customer_no": "1", "note": "ä" * 200_000}, ensure_ascii=False)
    status, answer = receiver.post(request(body, ERP), "json")
    assert status == 200
    key = f"oversize/{answer['delivery']}/0.json"
    assert receiver.aws.objects() == {key: body.encode()}
    (message,) = receiver.queued()
    assert message["items"][0]["at"] == key


def test_what_cannot_be_read_is_kept_in_quarantine_and_its_builder_told(
    receiver: Receiver,
) -> None:
    status, answer = receiver.post(request(b"not json", ERP), "json")
    assert (status, answer["code"]) == (400, "delivery.not_json")
    assert "line 1, column 1" in answer["reason"]
    ((key, content),) = receiver.aws.objects().items()
    assert key == f"quarantine/date=2026-11-21/{answer['delivery']}.json"
    assert b64decode(json.loads(content)["body_base64"]) == b"not json"
    assert not receiver.queued()


def test_an_unknown_connection_is_not_found(receiver: Receiver) -> None:
    assert receiver.post(request("[{}]", ERP), "ada@example.com") == (
        404,
        {"code": "connection.unknown"},
    )
    assert receiver.untouched
    assert "ada@example.com" not in "".join(receiver.log)


@pytest.mark.parametrize("secret", [None, "", "wrong", "gef\u00e4lscht"])
def test_without_the_right_signature_nobody_gets_in(receiver: Receiver, secret: str | None) -> None:
    given = with_headers(request("[{}]"), x_relay_secret=secret)
    status, answer = receiver.post(given, "json")
    assert status == 401
    assert answer["code"] == ("signature.mismatch" if secret else "signature.missing")
    assert receiver.untouched


def test_a_new_secret_works_at_once_and_beside_the_old_one(receiver: Receiver) -> None:
    assert receiver.post(request("[{}]", ERP), "json")[0] == 200
    receiver.set_secrets({"json": [SECRETS["json"][0], "new"]})
    assert receiver.post(request("[{}]", {"x-relay-secret": "new"}), "json")[0] == 200
    assert receiver.post(request("[{}]", ERP), "json")[0] == 200


def test_a_connection_without_a_secret_lets_nobody_in(receiver: Receiver) -> None:
    receiver.set_secrets({})
    assert receiver.post(request("[{}]", ERP), "json") == (401, {"code": "signature.no_secret"})


SOAP = replace(
    request(sample("salesforce_outbound.event-created.xml"), {"content-type": "text/xml"}),
    path=f"/webhooks/salesforce_outbound/{SECRETS['salesforce_outbound'][0]}",
)


def test_a_kind_is_answered_in_its_own_words(receiver: Receiver) -> None:
    answer = receiver.answer(gateway_event(SOAP, "salesforce_outbound"))
    assert (answer["statusCode"], answer["headers"]["content-type"]) == (200, "text/xml")
    assert "<Ack>true</Ack>" in answer["body"]
    assert len(receiver.queued()) == 1


def test_a_secret_in_the_path_authenticates_the_sender_and_stands_nowhere(
    receiver: Receiver, capfd: pytest.CaptureFixture[str]
) -> None:
    unreadable = replace(SOAP, body=b"<no XML")
    wrong = replace(SOAP, path="/webhooks/salesforce_outbound/another0secret")
    answers = [
        receiver.answer(gateway_event(given, "salesforce_outbound"))
        for given in (SOAP, unreadable, wrong)
    ]
    assert [answer["statusCode"] for answer in answers] == [200, 200, 401]
    out, err = capfd.readouterr()
    kept = [content.decode() for content in receiver.aws.objects().values()]
    shown = "".join([*receiver.log, out, err, str(answers), str(receiver.queued()), *kept])
    assert SECRETS["salesforce_outbound"][0] not in shown
    assert "another0secret" not in shown


def question(connection: str, origin: str) -> dict[str, Any]:
    asked = request("", {"webhook-request-origin": origin})
    return gateway_event(replace(asked, method="OPTIONS"), connection)


def test_a_sender_of_cloudevents_may_ask_whether_it_may_deliver(receiver: Receiver) -> None:
    answer = receiver.answer(question("cloudevents", "eventgrid.azure.net"))
    assert (answer["statusCode"], answer["body"]) == (200, "")
    assert answer["headers"]["webhook-allowed-origin"] == "eventgrid.azure.net"
    (record,) = receiver.records()
    assert (record["message"], record["connection"]) == ("webhook.permitted", "cloudevents")
    assert receiver.untouched


@pytest.mark.parametrize(
    ("connection", "origin"),
    [
        ("cloudevents", "ada@example.com"),
        ("cloudevents", ""),
        ("json", "eventgrid.azure.net"),
        ("nobody", "eventgrid.azure.net"),
    ],
)
def test_other_senders_that_ask_find_nobody(
    receiver: Receiver, connection: str, origin: str
) -> None:
    answer = receiver.answer(question(connection, origin))
    assert answer["statusCode"] == 404
    assert "webhook-allowed-origin" not in answer["headers"]
    assert "ada@example.com" not in "".join(receiver.log)
    assert receiver.untouched


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
    "aws_xray_sdk",
    "httpx",
    "import_relay.mapping.record_mapping",
    "phonenumbers",
    "pydantic",
)
"""What other functions need and what would make the start of this one slower."""


def in_a_new_process(program: str, **variables: str) -> list[str]:
    """What a program prints that finds the function as Lambda does."""
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
