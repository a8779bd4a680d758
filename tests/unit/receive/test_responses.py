"""What senders are told."""

import json

import pytest

from import_relay.connectors.contract import Replies
from import_relay.domain.codes import CODES
from import_relay.domain.errors import (
    ConfigurationError,
    DeliveryTooLarge,
    SignatureError,
    StoreUnavailable,
    UnknownConnection,
    UnreadableDelivery,
)
from import_relay.receive.intake import Receipt
from import_relay.receive.responses import answer_to, answer_to_question

USUAL = Replies()
SOAP = Replies(accepted="<Ack>true</Ack>", content_type="text/xml", retry_after="60000")


def test_a_stored_delivery_is_accepted_and_counted() -> None:
    answer = answer_to(Receipt("d1", items=3, messages=1), USUAL)
    assert (answer.status, answer.event) == (200, "webhook.stored")
    assert json.loads(answer.body) == {"received": 3, "delivery": "d1"}
    assert answer.counts == {"ItemsReceived": 3}


def test_the_sender_of_a_test_is_told_that_it_is_a_test() -> None:
    answer = answer_to(Receipt("d1", items=1, messages=1, is_test=True), SOAP)
    assert json.loads(answer.body) == {"received": 1, "delivery": "d1", "test": True}
    assert answer.keys["test"] is True


def test_a_delivery_in_quarantine_is_accepted_and_logged_as_an_error() -> None:
    answer = answer_to(Receipt("d1", quarantined="delivery.not_json"), USUAL)
    assert (answer.status, answer.event, answer.level) == (200, "webhook.quarantined", "error")
    assert json.loads(answer.body) == {"quarantined": "delivery.not_json", "delivery": "d1"}
    assert answer.counts == {"Quarantined": 1}


def test_a_kind_whose_sender_corrects_its_call_says_what_is_wrong_with_it() -> None:
    receipt = Receipt("d1", quarantined="delivery.not_json", reason="Extra data, line 1, column 3")
    answer = answer_to(receipt, Replies(unreadable=400))
    assert (answer.status, answer.event, answer.counts) == (
        400,
        "webhook.quarantined",
        {"Quarantined": 1},
    )
    told = json.loads(answer.body)
    assert told["code"] == "delivery.not_json"
    assert told["reason"].endswith("JSON. (Extra data, line 1, column 3)")
    assert told["what_to_do"] == CODES["delivery.not_json"].what_to_do
    assert told["delivery"] == "d1"
    assert answer.keys["reason"] == "Extra data, line 1, column 3"


@pytest.mark.parametrize(
    "receipt", [Receipt("d1", items=3), Receipt("d1", quarantined="delivery.not_xml")]
)
def test_a_kind_with_its_own_acceptance_gets_it_for_quarantine_too(
    receipt: Receipt,
) -> None:
    answer = answer_to(receipt, SOAP)
    assert (answer.status, answer.body) == (200, "<Ack>true</Ack>")
    assert answer.headers == {"content-type": "text/xml"}


def test_a_kind_with_its_own_acceptance_gets_errors_in_json() -> None:
    for error in (SignatureError("signature.missing"), StoreUnavailable()):
        answer = answer_to(error, SOAP)
        assert answer.headers["content-type"] == "application/json"
        assert "code" in json.loads(answer.body)


def test_a_kind_is_told_when_to_try_again_in_its_own_unit() -> None:
    assert answer_to(StoreUnavailable(), SOAP).headers["retry-after"] == "60000"


def test_a_sender_that_may_deliver_is_told_so_in_headers() -> None:
    answer = answer_to_question("sender.example.com")
    assert (answer.status, answer.body) == (200, "")
    assert answer.headers == {
        "allow": "POST",
        "webhook-allowed-origin": "sender.example.com",
        "webhook-allowed-rate": "*",
    }


def test_a_sender_that_may_not_deliver_is_told_that_there_is_no_connection() -> None:
    answer = answer_to_question(None)
    assert (answer.status, json.loads(answer.body)) == (404, {"code": "connection.unknown"})
    assert not [name for name in answer.headers if name.startswith("webhook-")]
    assert (answer.event, answer.counts) == ("webhook.refused", {"WebhooksRefused": 1})


@pytest.mark.parametrize(
    ("error", "status"),
    [
        *((SignatureError(code), 401) for code in CODES if code.startswith("signature.")),
        (UnknownConnection(), 404),
        (DeliveryTooLarge(), 413),
    ],
)
def test_a_refusal_says_no_more_than_its_code(error: SignatureError, status: int) -> None:
    answer = answer_to(error, USUAL)
    assert (answer.status, json.loads(answer.body)) == (status, {"code": error.code})
    assert (answer.event, answer.counts) == ("webhook.refused", {"WebhooksRefused": 1})


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StoreUnavailable("SQS"), "store.unavailable"),
        (ConfigurationError("environment: QUEUE_URL is not set"), "configuration.invalid"),
        (UnreadableDelivery("delivery.not_json"), "delivery.not_json"),
        (ValueError("ada@example.com"), "unexpected"),
        (MemoryError(), "unexpected"),
    ],
)
def test_at_any_other_error_the_sender_is_told_to_try_again(error: Exception, code: str) -> None:
    answer = answer_to(error, USUAL)
    assert (answer.status, json.loads(answer.body)) == (503, {"code": "store.unavailable"})
    assert answer.headers == {"content-type": "application/json", "retry-after": "60"}
    assert (answer.event, answer.level) == ("webhook.unavailable", "error")
    assert answer.counts == {"WebhooksUnavailable": 1}
    assert answer.keys["code"] == code
    assert "ada@example.com" not in str(answer)


def test_an_unknown_error_is_described_by_its_type_and_place() -> None:
    try:
        int("ada@example.com")
    except ValueError as error:
        answer = answer_to(error, USUAL)
    assert str(answer.keys["reason"]).startswith("ValueError at test_responses.py:")
