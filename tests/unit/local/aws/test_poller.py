"""The poller does with a queue what Lambda's event source mapping does."""

import json
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from local.aws.poller import EventRecord, Mapping, Poller, failed_messages
from local.lambda_runtime.execution_environment import MAX_PAYLOAD_BYTES
from local.lambda_runtime.lineage import Lineage, header
from local.lambda_runtime.runtime_api import InvocationResult

QUEUE_ARN = "arn:aws:sqs:us-east-1:123456789012:queue"


def message(number: int, body: str = "{}") -> dict[str, Any]:
    return {
        "MessageId": f"m{number}",
        "ReceiptHandle": f"r{number}",
        "Body": body,
        "MD5OfBody": "0" * 32,
        "Attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1",
            "SenderId": "sender",
            "ApproximateFirstReceiveTimestamp": "2",
        },
    }


def mapping(**changes: Any) -> Mapping:
    values = {
        "enabled": True,
        "batch_size": 10_000,
        "window_s": 0.0,
        "maximum_concurrency": 2,
        "reports_failures": True,
    }
    return Mapping(**(values | changes))


class FakeQueue:
    """Gives its messages in order, at most ten at a time."""

    arn = QUEUE_ARN

    def __init__(self, messages: Sequence[dict[str, Any]] = ()) -> None:
        self.messages = list(messages)
        self.deleted: list[str] = []
        self.counts: list[int] = []

    def receive(self, count: int, wait_s: int) -> list[dict[str, Any]]:
        self.counts.append(count)
        taken, self.messages = self.messages[:count], self.messages[count:]
        return taken

    def delete(self, receipts: Sequence[str]) -> None:
        self.deleted += receipts


class FakeFunction:
    """Keeps its events and answers with what it is given."""

    def __init__(self, outcome: InvocationResult | None = None) -> None:
        self.outcome = outcome or InvocationResult(payload=b'{"batchItemFailures": []}')
        self.events: list[dict[str, Any]] = []
        self.lineages: list[Lineage] = []

    def __call__(self, event: bytes, lineage: Lineage) -> InvocationResult:
        self.events.append(json.loads(event))
        self.lineages.append(lineage)
        return self.outcome


def poller(queue: FakeQueue, function: FakeFunction, present: Mapping | None = None) -> Poller:
    described = present or mapping()
    return Poller(queue, lambda: described, function, region="us-east-1")


def records(count: int) -> list[EventRecord]:
    return [EventRecord(message(number), QUEUE_ARN, "us-east-1") for number in range(count)]


def test_a_record_has_the_form_that_lambda_gives_it() -> None:
    function = FakeFunction()
    one = poller(FakeQueue([message(1, 'a "quoted" ü')]), function, mapping(window_s=0.001))

    one.deliver(one.collect(mapping(window_s=0.001)), mapping())

    assert function.events == [
        {
            "Records": [
                {
                    "messageId": "m1",
                    "receiptHandle": "r1",
                    "body": 'a "quoted" ü',
                    "attributes": {
                        "ApproximateReceiveCount": "1",
                        "SentTimestamp": "1",
                        "SenderId": "sender",
                        "ApproximateFirstReceiveTimestamp": "2",
                    },
                    "messageAttributes": {},
                    "md5OfBody": "0" * 32,
                    "eventSource": "aws:sqs",
                    "eventSourceARN": QUEUE_ARN,
                    "awsRegion": "us-east-1",
                }
            ]
        }
    ]


def test_messages_are_received_ten_at_a_time_until_the_batch_is_full() -> None:
    queue = FakeQueue([message(number) for number in range(40)])
    present = mapping(batch_size=25, window_s=10)

    batch = poller(queue, FakeFunction()).collect(present)

    assert [len(batch), queue.counts] == [25, [10, 10, 5]]


def test_a_window_that_is_over_ends_a_batch() -> None:
    queue = FakeQueue([message(number) for number in range(3)])

    batch = poller(queue, FakeFunction()).collect(mapping(window_s=0.01))

    assert len(batch) == 3


def test_an_empty_queue_makes_no_batch() -> None:
    assert poller(FakeQueue(), FakeFunction()).collect(mapping(window_s=10)) == []


def test_an_event_stays_below_6_mb_and_the_rest_opens_the_next_batch() -> None:
    queue = FakeQueue([message(number, "x" * 1_000_000) for number in range(8)])
    function = FakeFunction()
    one = poller(queue, function)
    present = mapping(window_s=10)

    first = one.collect(present)
    one.deliver(first, present)
    second = one.collect(mapping(window_s=0.01))

    assert [record.message_id for record in first] == [f"m{number}" for number in range(6)]
    assert [record.message_id for record in second] == ["m6", "m7"]
    assert len(json.dumps(function.events[0], separators=(",", ":"))) <= MAX_PAYLOAD_BYTES


def test_quotes_count_as_they_are_escaped_in_the_event() -> None:
    # 400 KB of quotes are 800 KB in the event.
    queue = FakeQueue([message(number, '"' * 400_000) for number in range(10)])

    batch = poller(queue, FakeFunction()).collect(mapping(window_s=10))

    assert len(batch) == 7


def test_a_successful_batch_is_deleted() -> None:
    queue = FakeQueue()

    poller(queue, FakeFunction()).deliver(records(3), mapping())

    assert queue.deleted == ["r0", "r1", "r2"]


def test_messages_that_the_function_reports_as_failed_stay() -> None:
    queue = FakeQueue()
    function = FakeFunction(
        InvocationResult(payload=b'{"batchItemFailures":[{"itemIdentifier":"m1"}]}')
    )

    poller(queue, function).deliver(records(3), mapping())

    assert queue.deleted == ["r0", "r2"]


def test_an_error_leaves_the_whole_batch() -> None:
    queue = FakeQueue()
    function = FakeFunction(InvocationResult(payload=b'{"errorType": "E"}', failed=True))

    poller(queue, function).deliver(records(3), mapping())

    assert queue.deleted == []


def test_an_invocation_that_never_happened_leaves_the_whole_batch() -> None:
    queue = FakeQueue()

    def nobody(_: bytes, __: Lineage) -> InvocationResult:
        raise ConnectionError

    Poller(queue, mapping, nobody, region="us-east-1").deliver(records(2), mapping())

    assert queue.deleted == []


IDS = ["m0", "m1"]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "",
        {},
        {"batchItemFailures": []},
        {"batchItemFailures": None},
        {"other": 1},
    ],
)
def test_nothing_named_is_success(answer: object) -> None:
    outcome = InvocationResult(payload=json.dumps(answer).encode())

    assert failed_messages(outcome, IDS, mapping()) == frozenset()


def test_an_empty_answer_is_success() -> None:
    assert failed_messages(InvocationResult(payload=b""), IDS, mapping()) == frozenset()


@pytest.mark.parametrize(
    "failures",
    [
        [{"itemIdentifier": ""}],
        [{"itemIdentifier": None}],
        [{"itemIdentifier": 1}],
        [{"itemIdentifier": "m9"}],
        [{"itemIdentifier": "m0"}, {"itemIdentifier": "m9"}],
        [{"identifier": "m0"}],
        [{}],
        ["m0"],
        "m0",
        {"itemIdentifier": "m0"},
    ],
)
def test_a_malformed_list_fails_the_whole_batch(failures: object) -> None:
    outcome = InvocationResult(payload=json.dumps({"batchItemFailures": failures}).encode())

    assert failed_messages(outcome, IDS, mapping()) == {"m0", "m1"}


@pytest.mark.parametrize("payload", [b"no json", b'"ok"', b"[1]"])
def test_an_answer_that_is_no_object_fails_the_whole_batch(payload: bytes) -> None:
    assert failed_messages(InvocationResult(payload=payload), IDS, mapping()) == {"m0", "m1"}


def test_without_the_response_type_every_answer_is_a_success() -> None:
    outcome = InvocationResult(payload=b'{"batchItemFailures":[{"itemIdentifier":"m1"}]}')

    assert failed_messages(outcome, IDS, mapping(reports_failures=False)) == frozenset()


def test_a_disabled_mapping_is_not_polled() -> None:
    one = poller(FakeQueue(), FakeFunction())

    assert not one._receives(mapping(enabled=False))


def test_a_disabled_mapping_is_still_polled_during_the_lag() -> None:
    one = poller(FakeQueue(), FakeFunction())
    one.disable_lag_s = 3600

    assert one._receives(mapping(enabled=False))


def test_what_was_received_is_delivered_though_the_mapping_is_disabled() -> None:
    queue = FakeQueue([message(number, "x" * 1_000_000) for number in range(8)])
    one = poller(queue, FakeFunction())
    one.collect(mapping(window_s=10))

    rest = one.collect(mapping(window_s=10, enabled=False))

    assert [record.message_id for record in rest] == ["m6", "m7"]
    assert queue.messages == []


def test_a_paused_poller_has_delivered_all_that_it_received() -> None:
    received = threading.Event()

    class Queue(FakeQueue):
        def receive(self, count: int, wait_s: int) -> list[dict[str, Any]]:
            received.set()
            return super().receive(count, wait_s)

    queue = Queue([message(number) for number in range(5)])
    one = poller(queue, FakeFunction(), mapping(window_s=0.01))
    one.start()
    try:
        assert received.wait(20)
        one.pause()
        assert queue.deleted == [f"r{number}" for number in range(5)]
    finally:
        one.stop()


def traced(number: int, **lineage: int) -> EventRecord:
    described = message(number)
    described["Attributes"]["AWSTraceHeader"] = header("Root=1-0-0;Sampled=0", lineage)
    return EventRecord(described, QUEUE_ARN, "us-east-1")


def test_a_batch_has_the_longest_lineage_of_its_messages() -> None:
    function = FakeFunction()
    batch = [traced(1, aaaaaaaa=3, bbbbbbbb=1), *records(1), traced(2, aaaaaaaa=16), traced(3)]
    poller(FakeQueue(), function).deliver(batch, mapping())

    assert function.lineages == [{"aaaaaaaa": 16, "bbbbbbbb": 1}]
