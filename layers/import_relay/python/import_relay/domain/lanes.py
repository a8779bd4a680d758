"""The two lanes to Mateo: each has a queue of its own, and live changes go first."""

import json
from enum import StrEnum

from import_relay.domain.files import holds_file_rows


class Lane(StrEnum):
    """Where a message waits. Live: webhooks. Bulk: files, and replayed items."""

    LIVE = "live"
    BULK = "bulk"


def lane_of(queue_arn: str, *, bulk_queue_url: str) -> Lane:
    """The lane of the queue with this ARN; its last part is the queue's name, as in the URL."""
    is_bulk = queue_arn.rpartition(":")[2] == bulk_queue_url.rpartition("/")[2]
    return Lane.BULK if is_bulk else Lane.LIVE


def lane_of_body(body: str) -> Lane:
    """The lane that a message of the relay was sent to; live if it is none of the relay."""
    try:
        content = json.loads(body)
        is_bulk = "replay" in content or holds_file_rows(content["delivery"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return Lane.LIVE
    return Lane.BULK if is_bulk else Lane.LIVE
