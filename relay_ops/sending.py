"""Sends a webhook to a stack as its CRM would: as a test, whose outcome is waited for, or not."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from import_relay.connectors.contract import Request
from import_relay.domain.connections import Connection
from import_relay.receive.intake import EVENT_BUS_KIND, TEST_HEADER
from import_relay.storage.outcome_counts import OutcomeCounts
from relay_ops.exits import CommandError, StackUnavailable
from relay_ops.secret_texts import secrets_of
from relay_ops.signing import authenticated
from relay_ops.stack import Stack

WAIT_S = 600.0
"""Longer than the batching window and a requeue together."""
POLL_S = 2.0
TIMEOUT_S = 30.0
EVENTS_FUNCTION = "ReceiveChangeEvents"


@dataclass(frozen=True, slots=True)
class ReceiverAnswer:
    """What the receiver said. `delivery`: empty if it stored nothing for submission."""

    status: int
    said: str
    delivery: str = ""
    items: int = 0


def send(
    stack: Stack, connection: Connection, request: Request, *, is_test: bool = False
) -> ReceiverAnswer:
    """Authenticate a webhook of a connection, and send it to the receiver.

    `is_test`: it is marked as a test, which is never posted to Mateo.

    Raises:
        UsageMistake: no secret of the connection can authenticate it.
        StackUnavailable: the receiver does not answer.
        CommandError: the stack has no receiver for it.
    """
    secrets = secrets_of(stack, "ConnectionSecretsArn").get(connection.name, [])
    given = replace(request, received_at=int(stack.clock() * 1_000_000))
    signed = authenticated(given, connection, [str(one) for one in secrets])
    if connection.kind == EVENT_BUS_KIND:
        return _invoked(stack, signed, is_test=is_test)
    return _posted(stack, connection.name, signed, is_test=is_test)


def _posted(stack: Stack, name: str, signed: Request, *, is_test: bool) -> ReceiverAnswer:
    import httpx

    secret_part = signed.path.removeprefix(f"/webhooks/{name}")
    address = f"{stack.webhooks}/{quote(name)}{secret_part}"
    headers = {**signed.headers, **({TEST_HEADER: "true"} if is_test else {})}
    try:
        answer = httpx.post(
            f"{address}?{signed.query}" if signed.query else address,
            content=signed.body,
            headers=headers,
            timeout=TIMEOUT_S,
            trust_env=not stack.is_local,
        )
    except httpx.HTTPError as error:  # its text may hold the address, and so a secret
        raise StackUnavailable(
            f"The receiver at {stack.webhooks} does not answer: {type(error).__name__}."
        ) from None
    return _sent(answer.status_code, answer.text)


def _invoked(stack: Stack, signed: Request, *, is_test: bool) -> ReceiverAnswer:
    """Pass the event to the function itself: only Salesforce can put it onto its bus."""
    if EVENTS_FUNCTION not in stack.resources:
        raise CommandError(
            f"{stack.name} takes no events of Salesforce. Deploy it with SalesforceEventBus."
        )
    mark = {TEST_HEADER: True} if is_test else {}
    event = {**json.loads(signed.body), "source": signed.path, **mark}
    answer = stack.client("lambda").invoke(
        FunctionName=stack.resources[EVENTS_FUNCTION], Payload=json.dumps(event).encode()
    )
    said = answer["Payload"].read().decode()
    return _sent(500 if answer.get("FunctionError") else 200, said)


def _sent(status: int, said: str) -> ReceiverAnswer:
    try:
        content: Any = json.loads(said)
    except ValueError:
        content = {}
    found = content if isinstance(content, dict) else {}
    items = int(found.get("received", 0))
    return ReceiverAnswer(status, said, str(found.get("delivery", "")) if items else "", items)


def wait_for_outcomes(
    stack: Stack,
    delivery: str,
    numbers: Sequence[int],
    advance: Callable[..., None],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Wait until all items of a delivery have an outcome; whether they have after `WAIT_S`."""
    counts = OutcomeCounts(
        stack.client("dynamodb"), stack.ledger_table, lambda _: "", clock=stack.clock
    )
    waiting, waited = {(delivery, number) for number in numbers}, 0.0
    advance(0, total=len(waiting))
    while waiting:
        ended = counts.batches_of(waiting).keys() & waiting
        waiting -= ended
        advance(len(ended))
        if waiting:
            if waited >= WAIT_S:
                return False
            sleep(POLL_S)
            waited += POLL_S
    return True
