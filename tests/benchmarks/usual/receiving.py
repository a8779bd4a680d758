"""Prints the CPU seconds that the usual receiver needs for a webhook; `StubAws` answers boto3.

It runs in a process of its own, since `StubAws` answers every client that is made after it.
"""

import time
from collections.abc import Sequence
from typing import Any

import boto3

from tests.benchmarks.batch import mixed_texts
from tests.benchmarks.receive import QUEUE_URL
from tests.benchmarks.stub_aws import StubAws
from tests.benchmarks.usual.functions import SECRET, receive

CALLS = 300


def main() -> None:
    """Measure and print."""
    StubAws().install()
    sqs = boto3.client(
        "sqs", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    bodies = mixed_texts(1)

    def send(texts: Sequence[str]) -> Any:
        entries: Any = [{"Id": str(n), "MessageBody": one} for n, one in enumerate(texts)]
        return sqs.send_message_batch(QueueUrl=QUEUE_URL, Entries=entries)

    def take() -> None:
        assert receive({"x-relay-secret": SECRET}, bodies, send) == 200

    take()
    start = time.process_time()
    for _ in range(CALLS):
        take()
    print((time.process_time() - start) / CALLS)


if __name__ == "__main__":
    main()
