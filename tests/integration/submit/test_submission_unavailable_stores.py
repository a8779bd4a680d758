"""When a store does not answer, only the messages that depend on it stay queued."""

import json
from dataclasses import replace

import pytest
from aws_lambda_powertools.utilities.parameters import SecretsProvider

from import_relay.domain.errors import StoreUnavailable
from import_relay.wiring.stores import Token
from tests.support.aws import client
from tests.support.builders import message
from tests.support.relay import Relay

ADA = {"id": 1, "v": 1, "name": "Ada Example"}


def with_pointer(key: str) -> str:
    content = json.loads(message([], delivery="d2"))
    content["items"] = [{"n": 0, "event": "big", "at": key}]
    return json.dumps(content)


def test_an_item_that_was_stored_apart_is_imported(relay: Relay) -> None:
    relay.archive.put("oversize/d2/0.json", json.dumps(ADA).encode(), content_type="x/y")

    relay.submit(with_pointer("oversize/d2/0.json"))

    assert relay.mateo.rows == [{"external_id": "1", "full_name": "Ada Example"}]


def test_an_item_that_cannot_be_loaded_stays_queued_and_hurts_no_other(relay: Relay) -> None:
    report = relay.submit(with_pointer("oversize/d2/0.json"), message([ADA]))

    assert report.failed_message_ids == {"m0"}
    assert len(relay.mateo.rows) == 1


@pytest.fixture
def token(relay: Relay) -> Token:
    arn = client("secretsmanager").create_secret(Name="token", SecretString=" one\n")["ARN"]
    return Token(arn, SecretsProvider(boto3_client=client("secretsmanager")))


def test_a_token_is_kept_until_a_newer_one_is_asked_for(token: Token) -> None:
    assert token() == "one"
    client("secretsmanager").put_secret_value(SecretId=token._arn, SecretString="two")

    assert token() == "one"
    assert token.refresh() is True
    assert token() == "two"
    assert token.refresh() is False


def test_without_a_token_nothing_is_posted_and_the_message_stays_queued(relay: Relay) -> None:
    absent = Token("arn:nothing", SecretsProvider(boto3_client=client("secretsmanager")))

    report = relay.submit(message([ADA]), api=replace(relay.api, token=absent))

    assert report.failed_message_ids == {"m0"}
    assert relay.mateo.requests == []
    assert relay.quota.usage().entities == 0
    with pytest.raises(StoreUnavailable):
        absent()
