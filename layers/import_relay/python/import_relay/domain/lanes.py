"""The two lanes to Mateo: each has a queue of its own, and live changes go first."""

from enum import StrEnum


class Lane(StrEnum):
    """Where a message waits. Live: webhooks. Bulk: files, and replayed items."""

    LIVE = "live"
    BULK = "bulk"


def lane_of(queue_arn: str, *, bulk_queue_url: str) -> Lane:
    """The lane of the queue with this ARN; its last part is the queue's name, as in the URL."""
    is_bulk = queue_arn.rpartition(":")[2] == bulk_queue_url.rpartition("/")[2]
    return Lane.BULK if is_bulk else Lane.LIVE
