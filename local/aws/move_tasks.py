"""Message move tasks, which moto lacks: they move the messages of a dead-letter queue back.

`queues.install` puts them in place. A task is complete when its call returns.
"""

from __future__ import annotations

import time
import uuid
from typing import Any

from moto.core.responses import ActionResult
from moto.sqs.exceptions import QueueDoesNotExist
from moto.sqs.models import Message
from moto.sqs.responses import SQSResponse

BATCH = 10
_tasks: list[dict[str, Any]] = []


def move_messages(queues: list[Any], source_arn: str) -> dict[str, Any]:
    """Move all visible messages to the queue that has this dead-letter queue; returns the task.

    Their receive count starts at zero.

    Raises:
        QueueDoesNotExist: there is no such queue, or it is nobody's dead-letter queue.
    """
    source = next((one for one in queues if one.queue_arn == source_arn), None)
    target = next((one for one in queues if _dead_letters_of(one) == source_arn), None)
    if source is None or target is None:
        raise QueueDoesNotExist
    moved = 0
    while messages := source.receive(BATCH, 0, 30):
        for message in messages:
            copied = Message(message.id, message.body)
            copied.message_attributes = message.message_attributes
            copied.mark_sent(delay_seconds=0)
            target.add_message(copied)
            source.delete_message(message.receipt_handle)
            moved += 1
    return {
        "TaskHandle": str(uuid.uuid4()),
        "Status": "COMPLETED",
        "SourceArn": source_arn,
        "DestinationArn": target.queue_arn,
        "ApproximateNumberOfMessagesMoved": moved,
        "ApproximateNumberOfMessagesToMove": moved,
        "StartedTimestamp": int(time.time() * 1_000),
    }


def _dead_letters_of(queue: Any) -> str:
    policy = queue.redrive_policy or {}
    return str(policy.get("deadLetterTargetArn", ""))


def _start(response: SQSResponse) -> ActionResult:
    source = response._get_param("SourceArn")  # noqa: SLF001 - moto's way to read it
    queues = list(response.sqs_backend.queues.values())
    task = move_messages(queues, source)
    _tasks.append(task)
    return ActionResult({"TaskHandle": task["TaskHandle"]})


def _list(response: SQSResponse) -> ActionResult:
    source = response._get_param("SourceArn")  # noqa: SLF001
    most = int(response._get_param("MaxResults") or 1)  # noqa: SLF001
    found = [
        {name: text for name, text in one.items() if name != "TaskHandle"}
        for one in reversed(_tasks)
        if one["SourceArn"] == source
    ]
    return ActionResult({"Results": found[:most]})


def install() -> None:
    """Teach moto's SQS both calls."""
    for name, function in (("start_message_move_task", _start), ("list_message_move_tasks", _list)):
        setattr(SQSResponse, name, function)
