"""The response and the log event for each outcome. Called by the receivers' handlers.

The rules of the senders behind it: 2xx only when everything is stored; 503 when it could not be,
never 429 or 500, which some senders take as final (Dataverse); an unreadable delivery is accepted,
because a 4xx would bring it back ten times with everything beside it (HubSpot). A kind may want its
200 in its own words, its pause in its own unit, and a 4xx with the reason for what is unreadable
(`contract.Replies`).
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from import_relay.connectors.contract import Replies
from import_relay.domain.codes import CODES
from import_relay.domain.errors import (
    DeliveryTooLarge,
    RelayError,
    SignatureError,
    UnknownConnection,
)
from import_relay.domain.log_events import Level
from import_relay.domain.reasons import place_of
from import_relay.receive.intake import Receipt
from import_relay.telemetry.outcome_log import OutcomeLog

REFUSALS: Mapping[type[RelayError], int] = {
    SignatureError: 401,
    UnknownConnection: 404,
    DeliveryTooLarge: 413,
}
JSON = "application/json"


_AS_JSON = MappingProxyType({"content-type": JSON})


class Answer(NamedTuple):
    """An HTTP answer, and the log event with its keys and counts."""

    status: int
    body: str
    event: str
    level: Level
    counts: Mapping[str, int]
    keys: Mapping[str, object] = MappingProxyType({})
    headers: Mapping[str, str] = _AS_JSON

    def write(self, log: OutcomeLog, received_at: int, keys: Mapping[str, str]) -> None:
        """Log the event, and count it for the time of receipt (µs since the epoch)."""
        log.write(
            self.event, self.counts, level=self.level, counted_at=received_at, **keys, **self.keys
        )


def answer_to(outcome: Receipt | Exception, replies: Replies) -> Answer:
    """The answer to a receipt, or to whatever `Intake.receive` raised."""
    if isinstance(outcome, Receipt):
        return _accepted(outcome, replies)
    if isinstance(outcome, RelayError) and type(outcome) in REFUSALS:
        return _refused(outcome, outcome.detail)
    return _unavailable(outcome, replies)


def answer_to_question(origin: str | None) -> Answer:
    """The answer to a sender that asks whether it may deliver; `origin`: the one that may.

    By "HTTP 1.1 Web Hooks for Event Delivery", section 4.2, the two headers alone are a permission,
    whatever the status is. No rate is agreed upon: what is stored at once needs none.
    """
    if origin is None:
        return _refused(UnknownConnection(), "nobody here gives this sender a permission")
    headers = {"allow": "POST", "webhook-allowed-origin": origin, "webhook-allowed-rate": "*"}
    return Answer(200, "", "webhook.permitted", "info", {}, {"origin": origin}, headers)


def _refused(error: RelayError, reason: str) -> Answer:
    return Answer(
        REFUSALS[type(error)],
        json.dumps({"code": error.code}),
        "webhook.refused",
        "warning",
        {"WebhooksRefused": 1},
        {"code": error.code, "reason": reason},
    )


def _accepted(receipt: Receipt, replies: Replies) -> Answer:
    if receipt.quarantined is not None:
        return _quarantined(receipt, receipt.quarantined, replies)
    marked = {"test": True} if receipt.is_test else {}
    told = Replies() if receipt.is_test else replies  # a person reads it, not the CRM
    return Answer(
        200,
        _acceptance(told, received=receipt.items, delivery=receipt.delivery, **marked),
        "webhook.stored",
        "info",
        {"ItemsReceived": receipt.items},
        {"items": receipt.items, "messages": receipt.messages, **marked},
        {"content-type": told.content_type},
    )


def _quarantined(receipt: Receipt, code: str, replies: Replies) -> Answer:
    """What was kept although nobody can read it."""
    if replies.unreadable == 200:
        body = _acceptance(replies, quarantined=code, delivery=receipt.delivery)
        headers = {"content-type": replies.content_type}
    else:
        told = CODES[code]
        reason = f"{told.what} ({receipt.reason})" if receipt.reason else told.what
        content = {"code": code, "reason": reason, "what_to_do": told.what_to_do}
        body = json.dumps({**content, "delivery": receipt.delivery})
        headers = {"content-type": JSON}
    return Answer(
        replies.unreadable,
        body,
        "webhook.quarantined",
        "error",
        {"Quarantined": 1},
        {"code": code, "reason": receipt.reason},
        headers,
    )


def _acceptance(replies: Replies, **content: object) -> str:
    return json.dumps(content) if replies.accepted is None else replies.accepted


def _unavailable(error: Exception, replies: Replies) -> Answer:
    """Known or unknown, the sender learns no more than that it must try again."""
    if isinstance(error, RelayError):
        keys = {"code": error.code, "reason": error.detail}
    else:
        keys = {"code": "unexpected", "reason": place_of(error)}
    return Answer(
        503,
        json.dumps({"code": "store.unavailable"}),
        "webhook.unavailable",
        "error",
        {"WebhooksUnavailable": 1},
        keys,
        {"content-type": JSON, "retry-after": replies.retry_after},
    )
