"""The dead-letter queue: what killed its messages, and moving them back. Used by `redrive`."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from relay_ops.exits import CommandError
from relay_ops.stack import Stack

MAX_LOOKED_AT = 200
"""Messages that are read to say what killed them; each read hides them for a while."""
HIDDEN_S = 20
MOVE_WAIT_S = 300.0
FAILED_OFTEN = "failed ten times"


@dataclass(slots=True)
class DeadLetters:
    """What is in the queue. `causes`: (connection, code or words) → items, of `looked_at`."""

    messages: int = 0
    looked_at: int = 0
    items: int = 0
    causes: Counter[tuple[str, str]] = field(default_factory=Counter)


def look(stack: Stack) -> DeadLetters:
    """Count messages and say what killed them; nothing is changed."""
    sqs, url = stack.client("sqs"), stack.outputs["DeadLetterQueueUrl"]
    found = DeadLetters(counted(sqs, url))
    seen: dict[str, str] = {}
    try:
        while len(seen) < MAX_LOOKED_AT:
            answer = sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=HIDDEN_S, WaitTimeSeconds=0
            )
            new = [one for one in answer.get("Messages", []) if one["MessageId"] not in seen]
            if not new:
                break
            for one in new:
                seen[one["MessageId"]] = one["ReceiptHandle"]
                _count(found, one["Body"])
    finally:
        for handle in seen.values():  # visible again at once, so that they can be moved
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    found.looked_at = len(seen)
    found.messages = max(found.messages, found.looked_at)
    return found


def counted(sqs: Any, url: str) -> int:
    """About how many messages are in a queue."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(counts[name]) for name in names)


def move_back(
    stack: Stack, advance: Callable[..., None], *, sleep: Callable[[float], None] = time.sleep
) -> int:
    """Move all messages to the queue of the live lane.

    SQS does not know where a message came from that the relay itself sent to the dead letters, and
    would move others to a queue of held messages, which nothing wakes.

    Returns:
        how many were moved.

    Raises:
        CommandError: SQS stopped, or takes longer than some minutes; it then goes on by itself.
    """
    sqs, url = stack.client("sqs"), stack.outputs["DeadLetterQueueUrl"]
    arn = _arn(sqs, url)
    live = _arn(sqs, stack.outputs["QueueUrl"])
    sqs.start_message_move_task(SourceArn=arn, DestinationArn=live)
    give_up_at = time.monotonic() + MOVE_WAIT_S
    done = 0
    while True:
        task = sqs.list_message_move_tasks(SourceArn=arn, MaxResults=1)["Results"][0]
        moved = int(task.get("ApproximateNumberOfMessagesMoved", 0))
        advance(moved - done)
        done = moved
        if task["Status"] == "COMPLETED":
            return moved
        if task["Status"] != "RUNNING":
            reason = task.get("FailureReason", task["Status"])
            raise CommandError(f"SQS moved {moved} messages and stopped: {reason}.")
        if time.monotonic() > give_up_at:
            raise CommandError(f"SQS has moved {moved} messages and goes on by itself.")
        sleep(1)


def _arn(sqs: Any, url: str) -> str:
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(answer["Attributes"]["QueueArn"])


def _count(found: DeadLetters, body: str) -> None:
    try:
        content: Any = json.loads(body)
        connection, items = str(content["connection"]), len(content["items"])
        cause = str(content.get("moved", {}).get("code", FAILED_OFTEN))
    except (ValueError, KeyError, TypeError, AttributeError):
        connection, items, cause = "?", 1, "message.unreadable"
    found.items += items
    found.causes[connection, cause] += items
