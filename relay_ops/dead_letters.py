"""The dead-letter queue: why its messages failed, and how they are moved back. For `redrive`."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from import_relay.domain.lanes import Lane
from import_relay.domain.queue_messages import lane_of_body, moved_because
from import_relay.storage.queue import Delayed, Queue
from relay_ops.exits import CommandError
from relay_ops.output import number_of
from relay_ops.stack import Stack

MAX_LOOKED_AT = 200
"""Messages that are read to say what killed them; each read hides them for a while."""
_HIDDEN_S = 20
MOVE_WAIT_S = 300.0
CALLS_AT_A_TIME = 10
FAILED_OFTEN, UNREADABLE = "failed ten times", "message.unreadable"


@dataclass(slots=True)
class DeadLetters:
    """What is in the queue. `causes`: (connection, code or words) → items, of `looked_at`.

    `examples`: the same → a delivery with such a record.
    """

    messages: int = 0
    looked_at: int = 0
    items: int = 0
    causes: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], str] = field(default_factory=dict)


def read_dead_letters(stack: Stack) -> DeadLetters:
    """Count messages by their causes; nothing is changed."""
    sqs, url = stack.client("sqs"), stack.outputs["DeadLetterQueueUrl"]
    found = DeadLetters(counted(sqs, url))
    seen: dict[str, str] = {}
    try:
        while len(seen) < MAX_LOOKED_AT:
            answer = sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=_HIDDEN_S, WaitTimeSeconds=0
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


def move_back(stack: Stack, advance: Callable[..., None]) -> int:
    """Move all messages to the queue of the lane that they came from.

    SQS itself moves all of them to one queue, or each to the queue where it died. That may be a
    holding queue, which nothing reads by itself. If this process dies in between, a copy of a
    message remains, which does no harm.

    Returns:
        how many were moved.

    Raises:
        CommandError: it takes longer than some minutes.
        StoreUnavailable: SQS did not take some; they stay where they are.
    """
    sqs, outputs = stack.client("sqs"), stack.outputs
    dead = Queue(sqs, outputs["DeadLetterQueueUrl"])
    lanes = {
        Lane.LIVE: Queue(sqs, outputs["QueueUrl"]),
        Lane.BULK: Queue(sqs, outputs["BulkQueueUrl"]),
    }
    give_up_at = time.monotonic() + MOVE_WAIT_S
    moved = 0
    while received := dead.receive_surely(CALLS_AT_A_TIME).messages:
        for lane, queue in lanes.items():
            own = [one for one in received if lane_of_body(one.body) is lane]
            queue.send(Delayed(one.body, 0) for one in own)
            dead.delete(one.receipt for one in own)
        moved += len(received)
        advance(len(received))
        if time.monotonic() > give_up_at:
            raise CommandError(
                f"Moved {number_of(moved, 'message')}. Redrive again for the others."
            )
    return moved


def _count(found: DeadLetters, body: str) -> None:
    try:
        content: Any = json.loads(body)
        connection, items = str(content["connection"]), len(content["items"])
        cause = moved_because(content) or FAILED_OFTEN
        found.examples.setdefault((connection, cause), str(content["delivery"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        connection, items, cause = "?", 1, UNREADABLE
    found.items += items
    found.causes[connection, cause] += items
