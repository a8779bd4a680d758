"""What `status` reads of a stack to say when the backlog is imported."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from import_relay.domain.replays import Replay
from import_relay.storage.files import Files, RowFile
from import_relay.storage.outcome_counts import OutcomeCounts
from import_relay.storage.replays import Replays, Selection
from relay_ops.status.reading import MAPPINGS
from tests.support.deployed import MIDNIGHT, NEXT, Deployed, client, clock, deployed

__all__ = ["clock", "deployed"]  # fixtures


def test_each_lane_runs_only_if_its_queue_is_read(deployed: Deployed) -> None:
    for mapping, running in zip(MAPPINGS, ((False, True), (False, False)), strict=True):
        client("lambda").update_event_source_mapping(UUID=deployed.of(mapping), Enabled=False)

        forecast = deployed.snapshot().forecast

        assert (forecast.submission.is_running, forecast.bulk.submission.is_running) == running


def test_rows_of_files_and_items_of_replays_in_the_bucket_are_counted(deployed: Deployed) -> None:
    dynamodb, table = client("dynamodb"), deployed.of("LedgerTable")
    counts = OutcomeCounts(dynamodb, table, lambda _: "2026-11-21", clock=time.time)
    replays = Replays(dynamodb, table, counts, time.time)
    for id_, planned in (("20261121T100000-a1b2c3", 90), ("20261121T100001-a1b2c3", 7)):
        replays.begin(Replay(id_, 1, "a reason", False), Selection(0, 1), planned=planned)
    replays.finish("20261121T100001-a1b2c3")
    (first, _) = replays.open()
    replays.count(first, "items/one", 30)
    files = Files(dynamodb, table, counts, clock=time.time)
    file = RowFile("inbox/erp/contacts.csv", "an etag", "erp", received_at=1)
    files.begin(file)
    files.advance(file, pages=1, rows=500, is_read=True)
    files.count(file, [1] * 100, counted=100)

    assert deployed.snapshot().forecast.in_bucket == 60 + 400


def test_paused_submission_says_why_and_until_when(deployed: Deployed) -> None:
    resumes = datetime(2026, 11, 21, 23, 1, tzinfo=UTC)
    client("dynamodb").put_item(
        TableName=deployed.of("LedgerTable"),
        Item={
            "pk": {"S": "pause"},
            "paused_until": {"N": str(resumes.timestamp())},
            "reason": {"S": "limit.entities"},
        },
    )
    mapping = deployed.of("SubmitImportsQueueBatch")
    client("lambda").update_event_source_mapping(UUID=mapping, Enabled=False)
    deployed.count("ItemsReceived", MIDNIGHT + timedelta(hours=12), 3)
    deployed.queue(1)

    shown = deployed.snapshot()

    submission = shown.forecast.submission
    assert (submission.is_running, submission.reason, submission.until) == (
        False,
        "limit.entities",
        resumes,
    )
    assert str(shown.forecast.drained_on(shown.reconciliation.backlog)) == NEXT


@pytest.mark.parametrize(
    ("both_until", "bulk_until", "reason"),
    [(23, 0, "limit.entities"), (0, 23, "limit.bulk_share"), (22, 23, "limit.bulk_share")],
)
def test_the_bulk_lane_names_the_pause_that_ends_last(
    deployed: Deployed, both_until: int, bulk_until: int, reason: str
) -> None:
    for key, hour, why in (
        ("pause", both_until, "limit.entities"),
        ("pause#bulk", bulk_until, "limit.bulk_share"),
    ):
        until = datetime(2026, 11, 21, hour, tzinfo=UTC).timestamp()
        client("dynamodb").put_item(
            TableName=deployed.of("LedgerTable"),
            Item={"pk": {"S": key}, "paused_until": {"N": str(until)}, "reason": {"S": why}},
        )
    mapping = deployed.of("SubmitImportsBulkBatch")
    client("lambda").update_event_source_mapping(UUID=mapping, Enabled=False)

    bulk = deployed.snapshot().forecast.bulk.submission

    assert (bulk.is_running, bulk.reason) == (False, reason)
    assert bulk.until == datetime(2026, 11, 21, 23, tzinfo=UTC)
