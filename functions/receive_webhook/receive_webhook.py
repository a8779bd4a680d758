"""Webhooks: from an event of the gateway's routes to `Intake.receive`, and to an answer."""
# ruff: noqa: E402 - the imports stand between two lines that make them faster

import gc

gc.disable()  # going through all that boto3 leaves behind takes a fifth of the start

import os
import time
from base64 import b64decode
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any

from import_relay.connectors.contract import Replies, Request
from import_relay.receive.intake import Intake, Receipt, delivery_id
from import_relay.receive.responses import Answer, answer_to, answer_to_question
from import_relay.receive.settings import ReceiveSettings
from import_relay.receive.wiring import build_intake
from import_relay.telemetry.outcome_log import OutcomeLog, without_payload

gc.freeze()
gc.enable()

TIME_TO_ANSWER_S = 0.5
SENDERS_WAIT_S = 5.0
"""HubSpot and Shopify hang up after this time; nobody is known to wait less."""
log = OutcomeLog()


@cache
def intake() -> Intake:
    """The use case, made once per process."""
    return build_intake(ReceiveSettings.from_environment(), log)


def request_of(event: dict[str, Any], received_at: int) -> Request:
    """The request behind an event of an HTTP API, payload format 2.0."""
    body = event.get("body") or ""
    return Request(
        method=event["requestContext"]["http"]["method"],
        path=event["rawPath"],
        query=event["rawQueryString"],
        headers={name.lower(): value for name, value in event["headers"].items()},
        body=b64decode(body) if event.get("isBase64Encoded") else body.encode(),
        received_at=received_at,
    )


@without_payload
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Store the delivery and answer; whatever goes wrong here, the sender is told to try again.

    An OPTIONS request asks whether its sender may deliver, and stores nothing.
    """
    received_at, begun_at = time.time_ns() // 1_000, time.monotonic()
    left_s = context.get_remaining_time_in_millis() / 1_000
    keys = {"delivery": delivery_id(received_at, os.urandom(5))}
    replies = Replies()
    outcome: Receipt | Exception
    try:
        name = event["pathParameters"]["connection"]
        if name in intake().connections:  # other names are the sender's text and go into no log
            keys["connection"] = name
        request = request_of(event, received_at)
        if request.method == "OPTIONS":
            question = answer_to_question(intake().allowed_origin(request, name))
            return told(question, received_at, keys)
        replies = intake().replies(name)
        outcome = intake().receive(
            request,
            name,
            delivery=keys["delivery"],
            answer_by=begun_at + min(left_s, SENDERS_WAIT_S) - TIME_TO_ANSWER_S,
            give_up_at=begun_at + left_s - TIME_TO_ANSWER_S,
        )
    except Exception as error:  # noqa: BLE001 - a 500 of the gateway is final for some senders
        outcome = error
    return told(answer_to(outcome, replies), received_at, keys)


def told(answer: Answer, received_at: int, keys: Mapping[str, str]) -> dict[str, Any]:
    """The answer in the gateway's form, once it is logged and counted for the time of receipt."""
    answer.write(log, received_at, keys)
    return {"statusCode": answer.status, "headers": dict(answer.headers), "body": answer.body}


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:  # Lambda gives the init phase more CPU than requests
    with suppress(Exception):  # the first request meets the same error and answers it
        intake()
