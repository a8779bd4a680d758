"""Makes the replay out of clients of AWS and the names of a stack's parts."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from import_relay.bulk.replaying import Replaying, ReplayParts
from import_relay.domain.log_events import Emit
from import_relay.storage.ledger import read_entry
from import_relay.storage.outcome_counts import OutcomeCounts
from import_relay.storage.queue import Queue
from import_relay.storage.replays import Replays
from import_relay.storage.requeueing import Requeueing
from import_relay.storage.stored_items import StoredItems


@dataclass(frozen=True, slots=True)
class Names:
    """What a stack's parts are called. `day`: the day of a time in s since the epoch."""

    ledger_table: str
    bucket: str
    bulk_queue_url: str
    dead_letter_queue_url: str
    day: Callable[[float], str]


def build_replaying(
    client: Callable[[str], Any],
    names: Names,
    *,
    emit: Emit,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Replaying:
    """The use case. `client` gives a boto3 client of a service."""
    dynamodb, sqs, table = client("dynamodb"), client("sqs"), names.ledger_table
    outcome_counts = OutcomeCounts(dynamodb, table, names.day, clock=clock, sleep=sleep)
    queue, dead_letters = (
        Queue(sqs, url, sleep=sleep) for url in (names.bulk_queue_url, names.dead_letter_queue_url)
    )
    parts = ReplayParts(
        StoredItems(client("s3"), names.bucket),
        partial(read_entry, dynamodb, table),
        outcome_counts,
        Replays(dynamodb, table, outcome_counts, clock=clock, sleep=sleep),
        Requeueing(queue, dead_letters, clock=clock, emit=emit),
    )
    return Replaying(parts, names.day)
