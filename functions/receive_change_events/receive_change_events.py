"""Lambda behind Salesforce's event bus: from an event of EventBridge to `Intake.receive`.

Nobody waits for an answer. What cannot be stored is an error: Lambda tries again, then moves
the event to its dead-letter queue. docs/runbook.md says how to send it again.
"""

import json
import os
import time
from functools import cache
from typing import Any

from import_relay.connectors.contract import Replies, Request
from import_relay.domain.errors import RelayError, StoreUnavailable
from import_relay.domain.reasons import place_of
from import_relay.receive.intake import TEST_HEADER, Intake, Receipt, delivery_id
from import_relay.receive.responses import answer_to
from import_relay.receive.settings import ReceiveSettings
from import_relay.receive.wiring import build_intake
from import_relay.telemetry.outcome_log import OutcomeLog, without_payload

TIME_TO_END_S = 0.5
log = OutcomeLog()


@cache
def intake() -> Intake:
    """The use case, made once per process."""
    return build_intake(ReceiveSettings.from_environment(), log)


@without_payload
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Store the event's changes; each outcome is logged as that of a webhook.

    Returns:
        what a sender of a webhook would be told, for a person who invokes the function with a test.

    Raises:
        RelayError: nothing or not everything is stored; its text holds nothing of the event.
    """
    received_at = time.time_ns() // 1_000
    left_s = context.get_remaining_time_in_millis() / 1_000
    give_up_at = time.monotonic() + left_s - TIME_TO_END_S
    keys = {"delivery": delivery_id(received_at, os.urandom(5))}
    outcome: Receipt | RelayError
    try:
        keys["connection"] = name = intake().connection_of_events(event["source"])
        outcome = intake().receive(
            request_of(event, received_at),
            name,
            delivery=keys["delivery"],
            answer_by=give_up_at,
            give_up_at=give_up_at,
        )
    except RelayError as error:
        outcome = error
    except Exception as error:  # noqa: BLE001 - its text may be a part of the event
        outcome = StoreUnavailable(place_of(error))
    answer = answer_to(outcome, Replies())
    answer.write(log, received_at, keys)
    if isinstance(outcome, RelayError):
        raise outcome
    said: dict[str, Any] = json.loads(answer.body)
    return said


def request_of(event: dict[str, Any], received_at: int) -> Request:
    """The event as a request: AWS vouches for its source, which stands in place of a path.

    A person who may invoke this function can mark an event as a test; EventBridge never does.
    """
    return Request(
        method="",
        path=event["source"],
        query="",
        headers={TEST_HEADER: "true"} if TEST_HEADER in event else {},
        body=json.dumps(event).encode(),
        received_at=received_at,
        transport="eventbridge",
    )
