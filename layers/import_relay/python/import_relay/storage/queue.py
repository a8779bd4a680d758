"""A queue of the relay, as submission and reporting use it: they send, receive and delete.

A message that is requeued does not use up its receive count, so waiting never fills the DLQ.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from import_relay.domain.batches import MESSAGES_PER_CALL, batches, calls
from import_relay.domain.errors import StoreUnavailable
from import_relay.domain.retrying import SEND_MESSAGES, tries
from import_relay.storage.in_threads import ForAll, in_threads

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient


MAX_ROUND_B = 12_000_000
"""Own limit, for memory: characters of the messages that one round of calls receives. Calls that
are under way when it is reached add up to 10 messages each."""
SURE_S = 1
"""Shortest wait for messages with which SQS asks all of its servers (AWS: SQS, long polling)."""
_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class Delayed(NamedTuple):
    """A message to be received in `delay_s` seconds at the earliest."""

    body: str
    delay_s: int


class ReceivedMessage(NamedTuple):
    """A message that was received here and not by Lambda.

    `receives`: how often it was received by now. `sent_at`: in s since the epoch.
    """

    message_id: str
    body: str
    receipt: str
    receives: int
    sent_at: float


class SureAnswer(NamedTuple):
    """Messages of a queue. `may_miss`: SQS may have hidden others for a while that nobody got."""

    messages: list[ReceivedMessage]
    may_miss: bool


def message_count(client: "SQSClient", queue_url: str) -> int:
    """About how many messages a queue holds, whatever their state; SQS counts a minute late."""
    answer = client.get_queue_attributes(
        QueueUrl=queue_url,
        AttributeNames=[*_COUNTS],  # type: ignore[list-item]
    )
    counts: Any = answer["Attributes"]
    return sum(int(counts[name]) for name in _COUNTS)


class Sender(Protocol):
    """What sends records again: a queue, or `requeueing` before it."""

    def send(self, messages: Iterable[Delayed]) -> None:
        """Store messages, all of them; `StoreUnavailable` if some were not taken."""


@dataclass(slots=True)
class Queue:
    """One queue. `for_all` makes the calls of what takes many."""

    client: "SQSClient"
    url: str
    sleep: Callable[[float], None] = time.sleep
    for_all: ForAll = in_threads

    def send(self, messages: Iterable[Delayed]) -> None:
        """Store messages, all of them.

        Raises:
            StoreUnavailable: some were not taken; the caller keeps what they came from.
        """
        self.for_all(self._send_batch, calls(messages, lambda message: message.body))

    def count(self) -> int:
        """About how many messages it holds, as `message_count` says."""
        return message_count(self.client, self.url)

    def receive(self, call_count: int) -> list[ReceivedMessage]:
        """Receive messages with so many calls, up to ten with each; none if there are none now.

        Each call asks some of SQS's servers only; if there is a backlog, each server has messages
        of it. As with Lambda's batches, SQS redelivers them after the visibility timeout unless
        they are deleted.
        """
        return self._receive(call_count, 0).messages

    def receive_surely(self, call_count: int) -> SureAnswer:
        """Receive as `receive` does, from all of SQS's servers; it may take a second.

        No message then means that none is there, unless the SDK asked twice: the first answer may
        have been lost, with what it held.
        """
        return self._receive(call_count, SURE_S)

    def _receive(self, call_count: int, wait_s: int) -> SureAnswer:
        room = MAX_ROUND_B

        def receive(_: int) -> SureAnswer:
            nonlocal room
            if room <= 0:
                return SureAnswer([], may_miss=False)
            answer = self._receive_batch(wait_s)
            room -= sum(len(one.body) for one in answer.messages)
            return answer

        found = list(self.for_all(receive, range(call_count)))
        return SureAnswer(
            [message for answer in found for message in answer.messages],
            any(answer.may_miss for answer in found),
        )

    def delete(self, receipts: Iterable[str]) -> set[str]:
        """Delete received messages.

        Returns:
            the receipts of those that SQS did not delete, which are delivered again.
        """
        failed = self.for_all(self._delete_batch, batches(receipts, MESSAGES_PER_CALL))
        return set().union(*failed)

    def _receive_batch(self, wait_s: int) -> SureAnswer:
        answer = self.client.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=MESSAGES_PER_CALL,
            WaitTimeSeconds=wait_s,
            MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
        )
        messages = [
            ReceivedMessage(
                one["MessageId"],
                one["Body"],
                one["ReceiptHandle"],
                int(one["Attributes"]["ApproximateReceiveCount"]),
                int(one["Attributes"]["SentTimestamp"]) / 1000,
            )
            for one in answer.get("Messages", [])
        ]
        return SureAnswer(messages, answer["ResponseMetadata"]["RetryAttempts"] > 0)

    def _delete_batch(self, receipts: Sequence[str]) -> set[str]:
        answer = self.client.delete_message_batch(
            QueueUrl=self.url,
            Entries=[{"Id": str(n), "ReceiptHandle": one} for n, one in enumerate(receipts)],
        )
        return {receipts[int(one["Id"])] for one in answer.get("Failed", [])}

    def _send_batch(self, messages: Sequence[Delayed]) -> None:
        pending: dict[str, Any] = {
            str(n): {"Id": str(n), "MessageBody": message.body, "DelaySeconds": message.delay_s}
            for n, message in enumerate(messages)
        }
        for _ in tries(SEND_MESSAGES, self.sleep):
            answer = self.client.send_message_batch(
                QueueUrl=self.url, Entries=list(pending.values())
            )
            for done in answer.get("Successful", []):
                pending.pop(done["Id"], None)
            if not pending:
                return
            codes = " ".join(sorted({str(one.get("Code")) for one in answer.get("Failed", [])}))
        raise StoreUnavailable(f"the queue did not take all messages: {codes} in SendMessageBatch")
