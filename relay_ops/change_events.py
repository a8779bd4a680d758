"""Redrives Salesforce's change events that could not be stored: invokes the receiver with each."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from relay_ops.dead_letters import counted
from relay_ops.exits import UsageMistake
from relay_ops.stack import Stack

OUTPUT = "ChangeEventsDeadLetterQueueUrl"
_FUNCTION = "ReceiveChangeEvents"
_HIDDEN_S = 120


@dataclass(slots=True)
class Redriven:
    """How many events were stored now, and for how many the function failed again."""

    stored: int = 0
    failed: int = 0


def waiting(stack: Stack) -> int:
    """About how many events wait.

    Raises:
        UsageMistake: the stack takes no events of Salesforce.
    """
    if OUTPUT not in stack.outputs:
        raise UsageMistake(f"{stack.name} takes no events of Salesforce (SalesforceEventBus).")
    return counted(stack.client("sqs"), stack.outputs[OUTPUT])


def redrive(stack: Stack, advance: Callable[..., None]) -> Redriven:
    """Pass each event to the function, and delete it from the queue if the function stored it.

    An event that fails again stays in the queue, hidden for two minutes.
    """
    sqs, url, found = stack.client("sqs"), stack.outputs[OUTPUT], Redriven()
    while messages := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=_HIDDEN_S, WaitTimeSeconds=1
    ).get("Messages"):
        for message in messages:
            if _stored(stack, message["Body"]):
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found.stored += 1
            else:
                found.failed += 1
            advance()
    return found


def _stored(stack: Stack, body: str) -> bool:
    try:
        content: Any = json.loads(body)
    except ValueError:
        return False
    event = content.get("requestPayload", content)  # of the function, or as EventBridge had it
    answer = stack.client("lambda").invoke(
        FunctionName=stack.resources[_FUNCTION], Payload=json.dumps(event).encode()
    )
    return "FunctionError" not in answer
