"""A file that takes forty days, with processes that die on the way: each row is imported once."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import time_machine

from import_relay.domain.lanes import Lane
from tests.integration.files.dying import Process
from tests.integration.files.uploads import Uploads
from tests.support.aws import relay_resources
from tests.support.builders import NOON, message
from tests.support.following import Killed
from tests.support.relay import LIMITS, Relay

A_DAY = 5
DAYS = 40
ROWS = A_DAY * DAYS
DAY_S = 86_400.0
CHANGED = ROWS - 3
"""A row whose record a webhook changes long before its turn comes."""


@pytest.fixture
def uploads(tmp_path: Path) -> Iterator[Uploads]:
    limits = replace(LIMITS, entities_per_day=A_DAY)
    with time_machine.travel(NOON, tick=False), relay_resources() as aws:
        yield Uploads(Relay(aws, limits=limits), tmp_path, entities_per_day=A_DAY, page_rows=30)


def queued_rows(uploads: Uploads) -> int:
    """How many different rows are queued; after a death some are sent twice."""
    queue = uploads.relay.aws.queued(uploads.relay.aws.bulk_queue_url)
    return len(
        {(content["delivery"], one["n"]) for content, _ in queue for one in content["items"]}
    )


def a_day(uploads: Uploads, draw: random.Random) -> None:
    """Two runs, which may die, and the day's imports."""
    for _ in range(2):
        uploads.relay.clock.now += 901
        uploads.process = Process(draw.randrange(1, 60), is_late=draw.random() < 0.5)
        with suppress(Killed):
            uploads.run()
        assert queued_rows(uploads) <= 2 * A_DAY
    before = len(uploads.relay.mateo.rows)
    uploads.submit()
    assert len(uploads.relay.mateo.rows) - before <= A_DAY
    uploads.relay.clock.now += DAY_S - 2 * 901


def test_forty_days_lose_no_row_and_import_none_twice(uploads: Uploads) -> None:
    rows = "".join(f"{n};Person {n};p{n}@example.com\n" for n in range(ROWS))
    key = uploads.put(f"id;name;email\n{rows}")
    draw = random.Random(40)  # noqa: S311 - the same deaths each time
    uploads.run(key)
    days = 0

    while not uploads.is_over():
        days += 1
        assert days < 3 * DAYS
        if days == DAYS // 2:
            newer = {"id": str(CHANGED), "name": "Newer", "email": "newer@example.com"}
            received_at = int(uploads.relay.clock() * 1_000_000)
            body = message([newer], delivery="live", received_at=received_at)
            uploads.take([body], Lane.LIVE)
            uploads.relay.clock.now += DAY_S
        a_day(uploads, draw)

    assert days >= DAYS
    imported = Counter(row["external_id"] for row in uploads.relay.mateo.rows)
    assert imported == dict.fromkeys(map(str, range(ROWS)), 1)
    (changed,) = [
        row["full_name"] for row in uploads.relay.mateo.rows if row["external_id"] == str(CHANGED)
    ]
    assert changed == "Newer"
    summary = uploads.summary()["rows"]
    assert (summary["imported"], summary["superseded"]) == (ROWS - 1, 1)
