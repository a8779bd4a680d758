"""Which lane a batch comes from."""

import pytest

from import_relay.domain.lanes import Lane, lane_of

BULK_URL = "https://sqs.eu-central-1.amazonaws.com/123456789012/stack-BulkQueue-A1"


@pytest.mark.parametrize(
    ("queue", "lane"),
    [
        ("stack-BulkQueue-A1", Lane.BULK),
        ("stack-Queue-A1", Lane.LIVE),
        ("other-stack-BulkQueue-A1", Lane.LIVE),
    ],
)
def test_the_lane_is_that_of_the_queue_that_a_batch_comes_from(queue: str, lane: Lane) -> None:
    arn = f"arn:aws:sqs:eu-central-1:123456789012:{queue}"
    assert lane_of(arn, bulk_queue_url=BULK_URL) is lane
