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


def move_messages(queues: list[Any], source_arn: str, target_arn: str = "") -> dict[str, Any]:
    """Move all visible messages to a queue; returns the task. Their receive count starts at zero.

    Without a target SQS moves each message to the queue that it died in, and fails at one that was
    sent to the dead letters. No message here knows where it died, so that each of them fails.

    Raises:
        QueueDoesNotExist: there is no such queue, or it is nobody's dead-letter queue.
    """
    source = next((one for one in queues if one.queue_arn == source_arn), None)
    if source is None or source_arn not in map(_dead_letters_of, queues):
        raise QueueDoesNotExist
    if not target_arn:
        return _task(source_arn, "", 0, "AWS.SimpleQueueService.CouldNotDetermineMessageSource")
    target = next((one for one in queues if one.queue_arn == target_arn), None)
    if target is None:
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
    return _task(source_arn, target_arn, moved)


def _task(source: str, target: str, moved: int, failure: str = "") -> dict[str, Any]:
    named = {"DestinationArn": target} if target else {}
    return {
        "TaskHandle": str(uuid.uuid4()),
        "Status": "FAILED" if failure else "COMPLETED",
        "SourceArn": source,
        **named,
        **({"FailureReason": failure} if failure else {}),
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
    target = response._get_param("DestinationArn") or ""  # noqa: SLF001
    task = move_messages(queues, source, target)
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
