"""What senders are told."""

import pytest

from import_relay.answers import answer_to
from import_relay.errors import (
    CODES,
    ConfigurationError,
    DeliveryTooLarge,
    SignatureError,
    StoreUnavailable,
    UnknownConnection,
    UnreadableDelivery,
)
from import_relay.intake import Receipt


def test_a_stored_delivery_is_accepted_and_counted() -> None:
    answer = answer_to(Receipt("d1", items=3, messages=1))
    assert (answer.status, answer.event) == (200, "webhook.stored")
    assert answer.body == {"received": 3, "delivery": "d1"}
    assert answer.counts == {"WebhooksAccepted": 1, "ItemsReceived": 3}


def test_a_delivery_in_quarantine_is_accepted_and_seen() -> None:
    answer = answer_to(Receipt("d1", quarantined="delivery.not_json"))
    assert (answer.status, answer.event, answer.level) == (200, "webhook.quarantined", "error")
    assert answer.body == {"quarantined": "delivery.not_json", "delivery": "d1"}
    assert answer.counts == {"Quarantined": 1}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        *((SignatureError(code), 401) for code in CODES if code.startswith("signature.")),
        (UnknownConnection(), 404),
        (DeliveryTooLarge(), 413),
    ],
)
def test_a_refusal_says_no_more_than_its_code(error: SignatureError, status: int) -> None:
    answer = answer_to(error)
    assert (answer.status, answer.body) == (status, {"code": error.code})
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
def test_whatever_else_goes_wrong_the_sender_is_to_try_again(error: Exception, code: str) -> None:
    answer = answer_to(error)
    assert (answer.status, answer.body) == (503, {"code": "store.unavailable"})
    assert answer.headers == {"retry-after": "60"}
    assert (answer.event, answer.level) == ("webhook.unavailable", "error")
    assert answer.keys["code"] == code
    assert "ada@example.com" not in str(answer)


def test_an_unknown_error_is_described_by_its_type_and_place() -> None:
    try:
        int("ada@example.com")
    except ValueError as error:
        answer = answer_to(error)
    assert str(answer.keys["reason"]).startswith("ValueError at test_answers.py:")
