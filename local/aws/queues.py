"""Queues that stay fast when they are long; `aws` puts them in the place of moto's own.

moto walks through all messages of a queue on each call, so that a backlog of thousands takes
minutes to drain. Here each call costs the same whatever the length. Standard queues only: the
relay has no other. What SQS does is kept: delay, visibility timeout, receive count, redrive to
the dead-letter queue, retention, and receipts that stay valid for deleting after a message is
visible again.
"""

from __future__ import annotations

import copy
import heapq
import itertools
import json
import time
import uuid
from collections import deque
from typing import Any
from urllib.parse import unquote

from flask import has_request_context, request
from moto.core.utils import camelcase_to_underscores
from moto.sqs import models
from moto.sqs.constants import MAXIMUM_MESSAGE_LENGTH
from moto.sqs.exceptions import (
    BatchRequestTooLong,
    InvalidParameterValue,
    ReceiptHandleIsInvalid,
)
from moto.sqs.models import Message, Queue, SQSBackend

_MAX_NAP_S = 0.2
"""A long poll looks again this often, since the clock may be moved under it, or it may be ended."""

MAX_VISIBILITY_S = 43_200
"""Twelve hours, counted from the receive (SQS quotas, messages)."""

_ATTRIBUTES = [(name, camelcase_to_underscores(name)) for name in Queue.BASE_ATTRIBUTES]
_READY, _DELAYED, _IN_FLIGHT = "ready", "delayed", "in flight"


class LongPolls:
    """Ends long polls before their time."""

    def __init__(self) -> None:
        self.ended = 0

    def end(self) -> None:
        """Let those under way return what there is."""
        self.ended += 1


LONG_POLLS = LongPolls()
"""Those of all queues."""


class IndexedQueue(Queue):
    """moto's queue with messages found by receipt and by the time at which they become visible."""

    endpoint = ""
    """Address of the AWS endpoint: queue URLs begin with it, so that every client finds the
    queue.
    """

    def __init__(self, name: str, region: str, account_id: str, **attributes: Any) -> None:
        super().__init__(name, region, account_id, **attributes)
        if self.fifo_queue:
            raise InvalidParameterValue("The local stack has no FIFO queues")
        self._forget()

    def _forget(self) -> None:
        self._ready: deque[Message] = deque()
        self._waiting: list[tuple[float, int, Message]] = []
        self._by_receipt: dict[str, Message] = {}
        self._places: dict[Message, str] = {}
        self._received_ms: dict[Message, float] = {}
        self._counts = {_READY: 0, _DELAYED: 0, _IN_FLIGHT: 0}
        self._order = itertools.count()

    def __len__(self) -> int:
        return len(self._places)

    def __bool__(self) -> bool:
        return True

    # ------------------------------------------------------------ what moto asks for

    def is_created(self) -> bool:
        """Whether CloudFormation counts the queue as made: at once."""
        return True

    @property
    def physical_resource_id(self) -> str:
        """The queue URL on this machine, instead of Amazon's."""
        return f"{self.endpoint}/{self.account_id}/{self.name}"

    @property
    def approximate_number_of_messages(self) -> int:
        """Messages that a receive would get now."""
        return self._count(_READY)

    @property
    def approximate_number_of_messages_delayed(self) -> int:
        """Messages that were sent with a delay that is not over."""
        return self._count(_DELAYED)

    @property
    def approximate_number_of_messages_not_visible(self) -> int:
        """Messages that somebody received and has not deleted."""
        return self._count(_IN_FLIGHT)

    @property
    def attributes(self) -> dict[str, Any]:
        """As moto's, without spelling all names anew on each message that is sent."""
        result: dict[str, Any] = {}
        for name, own in _ATTRIBUTES:
            value = getattr(self, own)
            result[name] = str(value).lower() if isinstance(value, bool) else value
        if not self.policy:
            del result["Policy"]
        if self.redrive_policy:
            result["RedrivePolicy"] = json.dumps(self.redrive_policy)
        else:
            del result["RedrivePolicy"]
        return result

    def add_message(self, message: Message) -> None:
        """Append a message; nothing is pushed to functions, the poller fetches."""
        with self._messages_lock:
            if message.delayed_until > _now_ms():
                self._move(message, _DELAYED)
                self._wait_until(message, message.delayed_until)
            else:
                self._move(message, _READY)
                self._ready.append(message)
            self._messages_lock.notify_all()

    def delete_message(self, receipt_handle: str) -> None:
        """Delete by any receipt that the message ever had; a second time is no mistake."""
        with self._messages_lock:
            if receipt_handle in self.deleted_messages:
                return
            message = self._by_receipt.get(receipt_handle)
            if message is None:
                raise ReceiptHandleIsInvalid
            self._remove(message)

    def change_visibility(self, receipt_handle: str, timeout_s: int) -> None:
        """Let a message become visible `timeout_s` from now."""
        with self._messages_lock:
            message = self._by_receipt.get(receipt_handle)
            if message is None:
                raise ReceiptHandleIsInvalid
            received = self._received_ms.get(message, 0.0)
            if _now_ms() + timeout_s * 1000 - received > MAX_VISIBILITY_S * 1000:
                raise InvalidParameterValue(
                    f"Value {timeout_s} for parameter VisibilityTimeout is invalid. Reason: Total "
                    "VisibilityTimeout for the message is beyond the limit [43200 seconds]"
                )
            self._hide(message, timeout_s)
            self._messages_lock.notify_all()

    def receive(self, count: int, wait_s: int, visibility_s: int) -> list[Message]:
        """Up to `count` messages, waiting up to `wait_s` for the first; each is counted and
        hidden.
        """
        give_up, ended = time.monotonic() + wait_s, LONG_POLLS.ended
        with self._messages_lock:
            while True:
                received = self._take(count, visibility_s)
                left = give_up - time.monotonic()
                if received or left <= 0 or LONG_POLLS.ended != ended:
                    return received
                self._messages_lock.wait(min(left, _MAX_NAP_S))

    def purge(self) -> None:
        """Drop all messages."""
        with self._messages_lock:
            self._forget()

    # ------------------------------------------------------------ places of a message

    def _count(self, place: str) -> int:
        with self._messages_lock:
            self._wake()
            return self._counts[place]

    def _move(self, message: Message, place: str) -> None:
        before = self._places.get(message)
        if before is not None:
            self._counts[before] -= 1
        self._places[message] = place
        self._counts[place] += 1

    def _wait_until(self, message: Message, due_ms: float) -> None:
        heapq.heappush(self._waiting, (due_ms, next(self._order), message))

    def _hide(self, message: Message, timeout_s: float) -> None:
        message.visible_at = _now_ms() + timeout_s * 1000
        self._move(message, _IN_FLIGHT)
        self._wait_until(message, message.visible_at)

    def _remove(self, message: Message) -> None:
        place = self._places.pop(message, None)
        self._received_ms.pop(message, None)
        if place is not None:
            self._counts[place] -= 1
        for receipt in message.all_receipt_handles:
            if receipt is not None:
                self._by_receipt.pop(receipt, None)
                self.deleted_messages.add(receipt)

    def _wake(self) -> None:
        now = _now_ms()
        while self._waiting and self._waiting[0][0] <= now:
            due, _, message = heapq.heappop(self._waiting)
            place = self._places.get(message)
            current = message.delayed_until if place == _DELAYED else message.visible_at
            if place in (_DELAYED, _IN_FLIGHT) and due == current:
                self._move(message, _READY)
                self._ready.append(message)

    def _take(self, count: int, visibility_s: int) -> list[Message]:
        self._wake()
        received: list[Message] = []
        while self._ready and len(received) < count:
            message = self._ready.popleft()
            if self._places.get(message) != _READY:
                continue
            if self._is_too_old(message):
                self._remove(message)
            elif self._is_spent(message):
                self._redrive(message)
            else:
                self._receive(message, visibility_s)
                received.append(copy.copy(message))
        return received

    def _receive(self, message: Message, visibility_s: int) -> None:
        message.mark_received()
        message.receipt_handle = f"{uuid.uuid4().hex}{uuid.uuid4().hex}"
        self._by_receipt[message.receipt_handle] = message
        self._received_ms[message] = _now_ms()
        self._hide(message, visibility_s)

    def _is_too_old(self, message: Message) -> bool:
        retention_s: int = self.message_retention_period  # type: ignore[attr-defined]
        sent_ms: int = message.sent_timestamp  # type: ignore[assignment]
        return sent_ms + retention_s * 1000 <= _now_ms()

    def _is_spent(self, message: Message) -> bool:
        if self.dead_letter_queue is None or not self.redrive_policy:
            return False
        limit: int = self.redrive_policy["maxReceiveCount"]
        return message.approximate_receive_count >= limit

    def _redrive(self, message: Message) -> None:
        self._remove(message)
        message.visible_at = message.delayed_until = 0.0
        if self.dead_letter_queue is not None:
            self.dead_letter_queue.add_message(message)


def _now_ms() -> float:
    return time.time() * 1000


# ---------------------------------------------------------------- the calls of the service


def _receive_message(  # noqa: PLR0917 - moto's signature
    backend: SQSBackend,
    queue_name: str,
    count: int,
    wait_seconds_timeout: int,
    visibility_timeout: int,
    message_attribute_names: list[str] | None = None,
) -> list[Message]:
    queue = _indexed(backend, queue_name)
    messages = queue.receive(int(count), int(wait_seconds_timeout or 0), int(visibility_timeout))
    for message in messages:
        models._filter_message_attributes(  # noqa: SLF001 - what moto's own receive does
            message, message_attribute_names or []
        )
    return messages


def _change_message_visibility(
    backend: SQSBackend, queue_name: str, receipt_handle: str, visibility_timeout: int
) -> None:
    _indexed(backend, queue_name).change_visibility(receipt_handle, int(visibility_timeout))


def _purge_queue(backend: SQSBackend, queue_name: str) -> None:
    _indexed(backend, queue_name).purge()


_send_message = SQSBackend.send_message
_send_message_batch = SQSBackend.send_message_batch


def _send_traced(backend: SQSBackend, *arguments: Any, **named: Any) -> Message:
    """As SQS: the trace header of the request stays with the message, as a system attribute."""
    trace = request.headers.get("X-Amzn-Trace-Id") if has_request_context() else None
    if trace and not named.get("system_attributes"):
        named["system_attributes"] = {
            "AWSTraceHeader": {"DataType": "String", "StringValue": unquote(trace)}
        }
    return _send_message(backend, *arguments, **named)


def _send_measured_batch(
    backend: SQSBackend, queue_name: str, entries: dict[str, dict[str, Any]]
) -> Any:
    size = sum(len(entry["MessageBody"].encode()) for entry in entries.values())
    if size > MAXIMUM_MESSAGE_LENGTH:
        raise BatchRequestTooLong(size)
    return _send_message_batch(backend, queue_name, entries)


def _indexed(backend: SQSBackend, queue_name: str) -> IndexedQueue:
    queue = backend.get_queue(queue_name)
    if not isinstance(queue, IndexedQueue):
        raise TypeError(f"queue {queue_name} was made before `install_queues`")
    return queue


def install_queues(endpoint: str) -> None:
    """Use these queues from now on; `endpoint` is where clients reach them."""
    IndexedQueue.endpoint = endpoint
    replacements = {
        "receive_message": _receive_message,
        "change_message_visibility": _change_message_visibility,
        "purge_queue": _purge_queue,
        "send_message": _send_traced,
        "send_message_batch": _send_measured_batch,
    }
    for name, function in replacements.items():
        setattr(SQSBackend, name, function)
    models.Queue = IndexedQueue  # type: ignore[misc]
    # moto remembers every message ever sent; a long run would keep all bodies in memory.
    setattr(models.Message, "instances_tracked", deque(maxlen=0))  # noqa: B010 - of a metaclass
