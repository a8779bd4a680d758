"""What a sender is told and what is logged for each outcome. Called by receive_webhook.

The rules of the senders behind it: 2xx only when everything is stored; 503 when it could not be,
never 429 or 500, which some senders take as final (Dataverse); an unreadable delivery is accepted,
because a 4xx would bring it back ten times with everything beside it (HubSpot).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from import_relay.errors import DeliveryTooLarge, RelayError, SignatureError, UnknownConnection
from import_relay.intake import Receipt
from import_relay.outcome_log import Level, place_of

REFUSALS: Mapping[type[RelayError], int] = {
    SignatureError: 401,
    UnknownConnection: 404,
    DeliveryTooLarge: 413,
}
RETRY_AFTER_S = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, and the log event with its keys and counts."""

    status: int
    body: Mapping[str, object]
    event: str
    level: Level
    counts: Mapping[str, int]
    keys: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def answer_to(outcome: Receipt | Exception) -> Answer:
    """The answer to a receipt, or to whatever `Intake.receive` raised."""
    if isinstance(outcome, Receipt):
        return _accepted(outcome)
    if isinstance(outcome, RelayError) and type(outcome) in REFUSALS:
        return Answer(
            REFUSALS[type(outcome)],
            {"code": outcome.code},
            "webhook.refused",
            "warning",
            {"WebhooksRefused": 1},
            {"code": outcome.code, "reason": outcome.detail},
        )
    return _unavailable(outcome)


def _accepted(receipt: Receipt) -> Answer:
    if receipt.quarantined is not None:
        return Answer(
            200,
            {"quarantined": receipt.quarantined, "delivery": receipt.delivery},
            "webhook.quarantined",
            "error",
            {"Quarantined": 1},
            {"code": receipt.quarantined},
        )
    return Answer(
        200,
        {"received": receipt.items, "delivery": receipt.delivery},
        "webhook.stored",
        "info",
        {"WebhooksAccepted": 1, "ItemsReceived": receipt.items},
        {"items": receipt.items, "messages": receipt.messages},
    )


def _unavailable(error: Exception) -> Answer:
    """Known or unknown, the sender learns no more than that it must try again."""
    if isinstance(error, RelayError):
        keys = {"code": error.code, "reason": error.detail}
    else:
        keys = {"code": "unexpected", "reason": place_of(error)}
    return Answer(
        503,
        {"code": "store.unavailable"},
        "webhook.unavailable",
        "error",
        {"WebhooksUnavailable": 1},
        keys,
        {"retry-after": str(RETRY_AFTER_S)},
    )
