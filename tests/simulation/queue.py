"""The fake of SQS; `pollers` has what drains a queue.

Messages come in any order and sometimes twice. A message that is not deleted is redelivered after
the visibility timeout and, if it was received too often, moved to the dead-letter queue. A message
has the lineage of the invocation that sent it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from import_relay.domain.lanes import Lane
from import_relay.domain.queue_messages import WAKE
from tests.simulation.messages import is_too_old
from tests.simulation.world import World, refusal, refused

VISIBILITY_S = 720.0
RETENTION_S = 14 * 86_400.0
MAX_RECEIVES = 10
BATCH_MESSAGES = 10_000
BATCH_B = 6 * 1024 * 1024
"""Bytes of one event of Lambda's, with all that it says of each message."""
ENVELOPE_B = 847
"""What Lambda adds to a message in its event."""
COUNTS_LATE_S = 60.0
"""How late counts of messages are at most (AWS: SQS, metrics)."""
MAX_DELAY_S = 900
"""Of a message (SQS: `DelaySeconds`)."""
POLLERS = 2
MAX_DUPLICATES = 12
"""Of a run: else copies of copies would be requeued and come twice again, without end."""
URL, BULK_URL, DEAD_LETTER_URL = "queue", "bulk", "dead"
HELD_URL, BULK_HELD_URL = "held", "bulk-held"
LANES = {Lane.LIVE: URL, Lane.BULK: BULK_URL}
"""The queue of each lane."""
MAX_INVOCATIONS = 16
"""Of one function in a chain of messages, unless it may loop (Lambda guide, recursive loops)."""
MAY_LOOP = True
"""Whether the template lets SubmitImports loop."""


@dataclass(slots=True, eq=False)
class Message:
    """A message in the queue, waiting or in flight."""

    id: str
    body: str
    sent_at: float
    visible_at: float
    receives: int = 0
    lineage: int = 0
    """How often the chain that it belongs to has invoked the submitter."""
    url: str = "queue"


class Received(NamedTuple):
    """A message as a batch has it."""

    id: str
    body: str
    receives: int
    sent_at: float
    lineage: int = 0


def event_b(body: str) -> int:
    """Bytes of a message in an event of Lambda's: its text is escaped once more."""
    return len(body) + body.count('"') + body.count("\\") + ENVELOPE_B


class Queue:
    """The queues of the relay and their dead-letter queue.

    `changed`: URL of a queue → called with the time from which on a message is visible.
    `duplicates`: how often a message stayed visible although it was received; `partials`: how
    often only some messages of a call were taken; `missed`: how often the SDK did not get an answer
    with messages and asked again. `dead_wakes`: the queues of which a wake was received too often.
    """

    def __init__(
        self,
        world: World,
        *,
        duplicate_delivery: float = 0.0,
        partial_sends: float = 0.0,
        lost_answers: float = 0.0,
    ) -> None:
        self._world = world
        self.duplicate_delivery = duplicate_delivery
        self.partial_sends = partial_sends
        self.lost_answers = lost_answers
        self._count = 0
        self.messages: dict[str, Message] = {}
        self.dead: list[Message] = []
        self.dead_wakes: set[str] = set()
        self.expired: list[Message] = []
        self.too_old = 0
        self.duplicates = 0
        self.partials = 0
        self.missed = 0
        self.changed: dict[str, Callable[[float], object]] = {}
        self.received: Callable[[Sequence[Received]], object] = lambda found: None
        """Told what a process receives by itself."""
        self.sent: Callable[[str], object] = lambda url: None
        """Told the queue to which a message was sent."""
        self.lineage: Callable[[], int] = lambda: 0
        """Lineage of the process that sends; it travels in a header of the request."""

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]) -> Any:  # noqa: N803
        """The call of boto3's client."""
        if not 0 < len(Entries) <= 10:
            raise refusal("AWS.SimpleQueueService.TooManyEntriesInBatchRequest", "SendMessageBatch")
        if any(entry.get("DelaySeconds", 0) > MAX_DELAY_S for entry in Entries):
            raise refusal("InvalidParameterValue", "SendMessageBatch")

        def send(entries: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
            for entry in entries:
                if QueueUrl == DEAD_LETTER_URL:
                    self.put_dead_letter(entry["MessageBody"])
                else:
                    self.put(entry["MessageBody"], entry.get("DelaySeconds", 0), QueueUrl)
            return [{"Id": entry["Id"]} for entry in entries]

        def partial() -> Any:
            some = self._world.random.sample(list(Entries), len(Entries) // 2)
            failed = [
                {"Id": entry["Id"], "Code": "InternalError", "SenderFault": False}
                for entry in Entries
                if entry not in some
            ]
            return {"Successful": send(some), "Failed": failed}

        def effect() -> Any:
            if self.partial_sends and self._world.random.random() < self.partial_sends:
                self.partials += 1
                return partial()
            return {"Successful": send(Entries)}

        return self._world.call(
            "SQS.SendMessageBatch",
            effect,
            refuse=refused("ServiceUnavailable", "SendMessageBatch"),
            partial=partial,
        )

    def receive_message(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        MaxNumberOfMessages: int,  # noqa: N803
        **others: Any,
    ) -> Any:
        """The call of boto3's client: some messages that are visible now."""
        attempts: list[int] = []

        def effect() -> Any:
            attempts.append(1)
            found = self.receive(MaxNumberOfMessages, BATCH_B, QueueUrl)
            if self.lost_answers and self._world.random.random() < self.lost_answers:
                self.missed += 1
                attempts.append(1)
                found = self.receive(MaxNumberOfMessages, BATCH_B, QueueUrl)
            self.received(found)
            return {
                "ResponseMetadata": {"RetryAttempts": len(attempts) - 1},
                "Messages": [
                    {
                        "MessageId": one.id,
                        "Body": one.body,
                        "ReceiptHandle": one.id,
                        "Attributes": {
                            "ApproximateReceiveCount": str(one.receives),
                            "SentTimestamp": str(int(one.sent_at * 1000)),
                        },
                    }
                    for one in found
                ],
            }

        return self._world.call(
            "SQS.ReceiveMessage", effect, refuse=refused("ServiceUnavailable", "ReceiveMessage")
        )

    def delete_message_batch(self, *, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]) -> Any:  # noqa: N803
        """The call of boto3's client; a message's receipt handle is its id here."""
        if not 0 < len(Entries) <= 10:
            raise refusal(
                "AWS.SimpleQueueService.TooManyEntriesInBatchRequest", "DeleteMessageBatch"
            )

        def effect() -> Any:
            for entry in Entries:
                self.delete(entry["ReceiptHandle"])
            return {"Successful": [{"Id": entry["Id"]} for entry in Entries], "Failed": []}

        return self._world.call(
            "SQS.DeleteMessageBatch",
            effect,
            refuse=refused("ServiceUnavailable", "DeleteMessageBatch"),
        )

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: Sequence[str]) -> Any:  # noqa: N803
        """About how many messages there are: those of the last minute may be missing."""

        def effect() -> Any:
            known = self._world.now - self._world.random.uniform(0.0, COUNTS_LATE_S)
            found = self.messages.values()
            count = sum(one.url == QueueUrl and one.sent_at <= known for one in found)
            return {"Attributes": dict.fromkeys(AttributeNames, "0") | {AttributeNames[0]: count}}

        failed = refused("ServiceUnavailable", "GetQueueAttributes")
        return self._world.call("SQS.GetQueueAttributes", effect, refuse=failed)

    def put(self, body: str, delay_s: float, url: str = URL) -> None:
        """Store a message."""
        self._count += 1
        message = Message(
            f"m{self._count}",
            body,
            self._world.now,
            visible_at=self._world.now + delay_s,
            lineage=self.lineage(),
            url=url,
        )
        self.messages[message.id] = message
        self.sent(url)
        if url in self.changed:
            self.changed[url](message.visible_at)

    def put_dead_letter(self, body: str) -> None:
        """Store a message in the dead-letter queue."""
        self._count += 1
        now = self._world.now
        self.too_old += is_too_old(body)
        self.dead.append(Message(f"m{self._count}", body, now, visible_at=now))

    def receive(self, most: int, room_b: int, url: str = URL) -> list[Received]:
        """Take visible messages, in any order; they are invisible for the visibility timeout."""
        now = self._world.now
        visible = [
            one for one in self.messages.values() if one.visible_at <= now and one.url == url
        ]
        if len(visible) > 1:
            self._world.random.shuffle(visible)
        found: list[Received] = []
        for message in visible:
            if now - message.sent_at > RETENTION_S:
                self.expired.append(self.messages.pop(message.id))
                continue
            if message.receives >= MAX_RECEIVES:
                self.dead.append(self.messages.pop(message.id))
                if message.body == WAKE:
                    self.dead_wakes.add(url)
                self._world.tell("to the dead-letter queue", "sqs", message=message.id)
                continue
            size_b = event_b(message.body)
            if len(found) == most or size_b > room_b:
                break
            message.receives += 1
            room_b -= size_b
            is_again = self._world.random.random() < self.duplicate_delivery
            if not is_again or self.duplicates >= MAX_DUPLICATES:
                message.visible_at = now + VISIBILITY_S
            else:
                self.duplicates += 1
            found.append(
                Received(
                    message.id, message.body, message.receives, message.sent_at, message.lineage
                )
            )
        return found

    def delete(self, message_id: str) -> None:
        """Delete a message."""
        self.messages.pop(message_id, None)

    def next_visible(self, url: str = URL) -> float | None:
        """When the next message of a queue becomes visible, if there is any."""
        own = (one.visible_at for one in self.messages.values() if one.url == url)
        return min(own, default=None)
