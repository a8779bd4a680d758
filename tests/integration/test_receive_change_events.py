"""The function receive_change_events, from EventBridge's event to what is stored in AWS."""

import json
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

import receive_change_events
from import_relay.domain.errors import RelayError, StoreUnavailable, UnknownConnection
from import_relay.domain.retrying import RetryPolicy
from tests.support import aws as resources
from tests.support.aws import Aws
from tests.support.following import Context
from tests.support.logged import Lines, log_lines
from tests.support.webhooks import ROOT, example_secrets, sample

CREATED = "salesforce_cdc.contact-created"
PERSONAL = ("Grace", "grace@example.com", "+493023125002")


@dataclass
class Receiver:
    """The function as deployed."""

    aws: Aws

    def hand_in(self, event: dict[str, Any]) -> dict[str, Any]:
        return receive_change_events.handler(event, Context())

    @property
    def untouched(self) -> bool:
        return not self.aws.queued() and not self.aws.objects()


@pytest.fixture
def receiver(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    secret = resources.client("secretsmanager").create_secret(
        Name="secrets", SecretString=json.dumps(example_secrets())
    )
    monkeypatch.setenv("QUEUE_URL", aws.queue_url)
    monkeypatch.setenv("BUCKET_NAME", resources.BUCKET)
    monkeypatch.setenv("CONNECTIONS_FILE", str(ROOT / "layers/connections/connections.toml"))
    monkeypatch.setenv("CONNECTION_SECRETS_ARN", secret["ARN"])
    receive_change_events.intake.cache_clear()
    yield Receiver(aws)
    receive_change_events.intake.cache_clear()


@pytest.fixture
def lines() -> Iterator[Lines]:
    with log_lines() as lines:
        yield lines


def said(lines: Lines, name: str) -> list[dict[str, Any]]:
    return [line for line in lines() if line["message"] == name]


def event(**changes: object) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(sample(CREATED))
    return {**content, **changes}


def test_a_change_is_stored_for_the_connection_of_its_source(
    receiver: Receiver, lines: Lines
) -> None:
    receiver.hand_in(event())
    ((message, _),) = receiver.aws.queued()
    assert message["connection"] == "salesforce_cdc"
    assert len(message["items"]) == 1
    (stored,) = said(lines, "webhook.stored")
    assert (stored["connection"], stored["items"]) == ("salesforce_cdc", 1)


def test_a_caller_of_the_function_can_mark_an_event_as_a_test(receiver: Receiver) -> None:
    said = receiver.hand_in(event(**{"x-relay-test": True}))
    ((message, _),) = receiver.aws.queued()
    assert message["test"] is True
    assert said == {"received": 1, "delivery": message["delivery"], "test": True}


def test_changes_are_counted_for_the_time_of_their_receipt(
    receiver: Receiver, lines: Lines
) -> None:
    receiver.hand_in(event())
    ((message, _),) = receiver.aws.queued()
    (stored,) = said(lines, "webhook.stored")
    assert stored["ItemsReceived"] == 1
    assert stored["_aws"]["Timestamp"] == message["received_at"] // 1_000


def test_numbers_that_no_float_holds_arrive_as_they_are(receiver: Receiver) -> None:
    receiver.hand_in(event())
    ((message, _),) = receiver.aws.queued()
    assert "1795253400683617281" in json.dumps(message)


def test_an_event_that_cannot_be_read_is_kept_in_quarantine(
    receiver: Receiver, lines: Lines
) -> None:
    receiver.hand_in(event(detail={}))
    ((key, content),) = receiver.aws.objects().items()
    assert key.startswith("quarantine/")
    assert json.loads(b64decode(json.loads(content)["body_base64"])) == event(detail={})
    assert len(said(lines, "webhook.quarantined")) == 1


def test_an_event_of_an_unknown_source_is_an_error_so_that_it_becomes_a_dead_letter(
    receiver: Receiver, lines: Lines
) -> None:
    with pytest.raises(UnknownConnection):
        receiver.hand_in(event(source="aws.partner/salesforce.com/other/channel"))
    assert receiver.untouched
    assert len(said(lines, "webhook.refused")) == 1


def test_an_event_that_cannot_be_stored_is_an_error_so_that_lambda_retries_it(
    receiver: Receiver, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("import_relay.storage.intake_store.STORE_DELIVERY", RetryPolicy(2, 0.0))
    receiver.aws.sqs.delete_queue(QueueUrl=receiver.aws.queue_url)
    with pytest.raises(StoreUnavailable):
        receiver.hand_in(event())
    assert len(said(lines, "webhook.unavailable")) == 1


@pytest.mark.parametrize("changes", [{"source": 7}, {"source": ["grace@example.com"]}])
def test_no_error_shows_a_text_of_the_event(
    receiver: Receiver, lines: Lines, changes: dict[str, object]
) -> None:
    with pytest.raises(RelayError) as caught:
        receiver.hand_in(event(**changes))
    shown = str(caught.value) + str(lines())
    assert not [text for text in PERSONAL if text in shown]


def test_an_event_without_a_source_is_an_error_too(receiver: Receiver) -> None:
    with pytest.raises(StoreUnavailable, match="KeyError"):
        receiver.hand_in({})


def test_neither_log_nor_error_shows_a_record(
    receiver: Receiver, lines: Lines, capfd: pytest.CaptureFixture[str]
) -> None:
    receiver.hand_in(event())
    receiver.hand_in(event(detail={"payload": {"Email": "grace@example.com"}}))
    out, err = capfd.readouterr()
    shown = str(lines()) + out + err
    assert not [text for text in PERSONAL if text in shown]
