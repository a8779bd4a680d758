"""Brings records again later: new messages in the relay's own queue, with a delay.

A message that is requeued does not use up its receive count, so waiting never fills the DLQ.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from import_relay.domain.batches import MESSAGES_PER_CALL, batches, calls
from import_relay.domain.errors import StoreUnavailable
from import_relay.domain.retrying import SEND_MESSAGES, tries

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient


class Delayed(NamedTuple):
    """A message to be received in `delay_s` seconds at the earliest."""

    body: str
    delay_s: int


class Sender(Protocol):
    """What sends records again: a queue, or `requeueing` before it."""

    def send(self, messages: Iterable[Delayed]) -> None:
        """Store messages, all of them; `StoreUnavailable` if some were not taken."""


class Queue:
    """The sending side of a queue."""

    def __init__(
        self, client: "SQSClient", url: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._url = url
        self._sleep = sleep

    def send(self, messages: Iterable[Delayed]) -> None:
        """Store messages, all of them.

        Raises:
            StoreUnavailable: some were not taken; the caller keeps what they came from.
        """
        for call in calls(messages, lambda message: message.body):
            self._send_batch(call)

    def delete(self, receipts: Iterable[str]) -> None:
        """Delete received messages; what SQS does not delete is delivered again."""
        for call in batches(receipts, MESSAGES_PER_CALL):
            self._client.delete_message_batch(
                QueueUrl=self._url,
                Entries=[{"Id": str(n), "ReceiptHandle": one} for n, one in enumerate(call)],
            )

    def _send_batch(self, messages: Sequence[Delayed]) -> None:
        pending: dict[str, Any] = {
            str(n): {"Id": str(n), "MessageBody": message.body, "DelaySeconds": message.delay_s}
            for n, message in enumerate(messages)
        }
        for _ in tries(SEND_MESSAGES, self._sleep):
            answer = self._client.send_message_batch(
                QueueUrl=self._url, Entries=list(pending.values())
            )
            for done in answer.get("Successful", []):
                pending.pop(done["Id"], None)
            if not pending:
                return
            codes = " ".join(sorted({str(one.get("Code")) for one in answer.get("Failed", [])}))
        raise StoreUnavailable(f"the queue did not take all messages: {codes} in SendMessageBatch")
