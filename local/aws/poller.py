"""Polls the queue and invokes the function with batches, as Lambda's event source mapping does.

`stack` runs one `Poller` in a thread of its own. Semantics from the Lambda developer guide,
"Using Lambda with Amazon SQS": a batch is invoked when it is full, when its window is over, or
when its event would exceed 6 MB. `batchItemFailures` of an answer releases single messages. After
an error the whole batch is redelivered when its visibility timeout is over. Disabled means that
nothing is received, not that what was received is dropped.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from import_relay.domain.batches import batches
from local.background import Rounds
from local.lambda_runtime.execution_environment import MAX_PAYLOAD_BYTES
from local.lambda_runtime.lineage import Lineage, longest
from local.lambda_runtime.runtime_api import InvocationResult

RECEIVE_COUNT = 10
"""Most messages of one ReceiveMessage call."""

NAP_S = 0.2
"""How long the poller sleeps when no message is there."""

LONG_POLL_S = 1

_FRAME = len('{"Records":[]}')


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """The event source mapping as Lambda's API describes it now."""

    enabled: bool
    batch_size: int
    window_s: float
    maximum_concurrency: int
    reports_failures: bool


class PolledQueue(Protocol):
    """What the poller needs of SQS."""

    arn: str

    def receive(self, count: int, wait_s: int) -> list[dict[str, Any]]:
        """Messages as ReceiveMessage gives them, all attributes included."""

    def delete(self, receipts: Sequence[str]) -> None:
        """Acknowledge messages."""


Invoke = Callable[[bytes, Lineage], InvocationResult]
"""Given the event and its lineage."""


class Poller:
    """One event source mapping at work."""

    def __init__(
        self,
        queue: PolledQueue,
        mapping: Callable[[], Mapping],
        invoke: Invoke,
        *,
        region: str,
        disable_lag_s: float = 0.0,
    ) -> None:
        self._queue = queue
        self._mapping = mapping
        self._invoke = invoke
        self._region = region
        self.disable_lag_s = disable_lag_s
        """Seconds that a mapping is still polled after it was disabled; AWS promises none."""
        self._disabled_since: float | None = None
        self._carried: list[EventRecord] = []
        self._pausing = threading.Event()
        self._quiet = threading.Event()
        self._deliveries = ThreadPoolExecutor(max_workers=1000, thread_name_prefix="batch")
        self._running: set[Future[None]] = set()
        self._rounds = Rounds("poller", self._poll_once, period_s=0.0, tell=self._nap)

    def start(self) -> None:
        """Poll in the background until `stop`."""
        self._rounds.start()

    def stop(self) -> None:
        """Stop polling; batches under way are abandoned, their messages come back."""
        self._rounds.stop()
        self._deliveries.shutdown(wait=False, cancel_futures=True)

    def pause(self) -> None:
        """Receive nothing more and return when everything received is delivered."""
        self._quiet.clear()
        self._pausing.set()
        while self._rounds.is_alive and not self._quiet.wait(NAP_S):
            pass

    def resume(self) -> None:
        """Go on after `pause`."""
        self._pausing.clear()

    def _nap(self, _: object = None) -> None:
        self._rounds.stopping.wait(NAP_S)

    def _poll_once(self) -> None:
        self._running = {one for one in self._running if not one.done()}
        mapping = self._mapping()
        pausing = self._pausing.is_set()
        if pausing and not self._running and not self._carried:
            self._quiet.set()
        # Without a free thread nothing is received, so that no visibility timeout runs while a
        # batch waits.
        busy = len(self._running) >= mapping.maximum_concurrency
        if busy or (not self._carried and (pausing or not self._receives(mapping))):
            self._nap()
            return
        batch = self.collect(mapping)
        if batch:
            self._running.add(self._deliveries.submit(self.deliver, batch, mapping))

    def _receives(self, mapping: Mapping) -> bool:
        if mapping.enabled:
            self._disabled_since = None
            return True
        if self._disabled_since is None:
            self._disabled_since = time.monotonic()
        return time.monotonic() - self._disabled_since < self.disable_lag_s

    def collect(self, mapping: Mapping) -> list[EventRecord]:
        """The next batch: empty if no message came within one poll."""
        batch = _Batch(mapping.batch_size)
        self._carried = batch.take(self._carried)
        window_over = time.monotonic() + mapping.window_s if batch.records else None
        if not mapping.enabled and batch.records:
            return batch.records
        while not (batch.full or self._rounds.stopping.is_set() or self._pausing.is_set()):
            left = LONG_POLL_S if window_over is None else window_over - time.monotonic()
            if left <= 0:
                break
            wanted = min(RECEIVE_COUNT, mapping.batch_size - len(batch.records))
            messages = self._queue.receive(wanted, LONG_POLL_S if left >= LONG_POLL_S else 0)
            if messages:
                window_over = window_over or time.monotonic() + mapping.window_s
                records = [
                    EventRecord(message, self._queue.arn, self._region) for message in messages
                ]
                self._carried = batch.take(records)
            elif window_over is None:
                break
            elif left < LONG_POLL_S:
                self._rounds.stopping.wait(min(left, NAP_S))
        return batch.records

    def deliver(self, batch: Sequence[EventRecord], mapping: Mapping) -> None:
        """Invoke the function and delete what it did not report as failed."""
        event = b'{"Records":[' + b",".join(record.text for record in batch) + b"]}"
        try:
            outcome = self._invoke(event, longest(record.trace_header for record in batch))
        except Exception:  # noqa: BLE001 - the invocation never happened: the batch comes back
            return
        failed_message_ids = failed_messages(
            outcome, [record.message_id for record in batch], mapping
        )
        receipts = [one.receipt for one in batch if one.message_id not in failed_message_ids]
        if receipts:
            self._queue.delete(receipts)


class EventRecord:
    """A message as it stands in the function's event, serialised once."""

    def __init__(self, message: dict[str, Any], queue_arn: str, region: str) -> None:
        self.message_id: str = message["MessageId"]
        self.receipt: str = message["ReceiptHandle"]
        attributes = message.get("Attributes", {})
        self.trace_header = str(attributes.get("AWSTraceHeader", ""))
        self.text = json.dumps(
            {
                "messageId": self.message_id,
                "receiptHandle": self.receipt,
                "body": message["Body"],
                "attributes": {name: str(value) for name, value in attributes.items()},
                "messageAttributes": {
                    name: _attribute(value)
                    for name, value in message.get("MessageAttributes", {}).items()
                },
                "md5OfBody": message["MD5OfBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": queue_arn,
                "awsRegion": region,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        ).encode()


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    return {
        "dataType": value["DataType"],
        "stringListValues": [],
        "binaryListValues": [],
        **({"stringValue": value["StringValue"]} if "StringValue" in value else {}),
    }


class _Batch:
    """Records up to the batch size and up to 6 MB of event."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._bytes = _FRAME
        self.records: list[EventRecord] = []
        self.full = False

    def take(self, records: list[EventRecord]) -> list[EventRecord]:
        """Add what fits, in order; returns what does not, which opens the next batch."""
        for position, record in enumerate(records):
            # One message is at most 1 MiB, so a first one always fits.
            needed = len(record.text) + 1
            if self.records and self._bytes + needed > MAX_PAYLOAD_BYTES:
                self.full = True
                return records[position:]
            self.records.append(record)
            self._bytes += needed
            if len(self.records) >= self._size:
                self.full = True
                return records[position + 1 :]
        return []


def failed_messages(
    outcome: InvocationResult, message_ids: Sequence[str], mapping: Mapping
) -> frozenset[str]:
    """The messages that the function's outcome releases to the queue.

    An error releases all. Without ReportBatchItemFailures an answer is success whatever it says.
    With it, null, an empty object, and a list that is empty or null are success; an identifier
    that is missing, null, empty, not a text or not of this batch releases all ("Implementing
    partial batch responses").
    """
    everything = frozenset(message_ids)
    if outcome.failed:
        return everything
    if not mapping.reports_failures:
        return frozenset()
    named = _named_failures(outcome.payload)
    if named is None or not all(one in everything for one in named):
        return everything
    return frozenset(map(str, named))


def _named_failures(payload: bytes) -> list[object] | None:
    """The identifiers that an answer names; None if it is no answer of that kind."""
    try:
        answer = json.loads(payload or b"null")
    except ValueError:
        return None
    if not isinstance(answer, dict):
        return [] if answer in (None, "") else None
    failures = answer.get("batchItemFailures") or []
    if not isinstance(failures, list):
        return None
    return [one.get("itemIdentifier") if isinstance(one, dict) else None for one in failures]


class SqsQueue:
    """The stack's queue through its AWS endpoint."""

    def __init__(self, client: Any, url: str, arn: str) -> None:
        self._client = client
        self._url = url
        self.arn = arn

    def receive(self, count: int, wait_s: int) -> list[dict[str, Any]]:
        """One ReceiveMessage with all attributes."""
        answer = self._client.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=count,
            WaitTimeSeconds=wait_s,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages

    def delete(self, receipts: Sequence[str]) -> None:
        """DeleteMessageBatch in tens; one that fails comes back later, as on AWS."""
        for part in batches(receipts, RECEIVE_COUNT):
            entries = [
                {"Id": str(number), "ReceiptHandle": receipt} for number, receipt in enumerate(part)
            ]
            self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)


def read_mapping(client: Any, uuid: str) -> Mapping:
    """The mapping's present configuration from Lambda's API."""
    answer = client.get_event_source_mapping(UUID=uuid)
    return Mapping(
        enabled=answer["State"] == "Enabled",
        batch_size=int(answer["BatchSize"]),
        window_s=float(answer.get("MaximumBatchingWindowInSeconds", 0)),
        maximum_concurrency=int(answer.get("ScalingConfig", {}).get("MaximumConcurrency", 5)),
        reports_failures="ReportBatchItemFailures" in answer.get("FunctionResponseTypes", []),
    )
