"""Lambda behind the queue: drains a batch of SQS messages into imports."""

import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.data_classes import SQSEvent
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from import_relay.domain.lanes import lane_of
from import_relay.domain.reasons import Unexpected
from import_relay.storage.requeueing import REQUEUED, TOO_OLD
from import_relay.submit.batch_report import BatchReport
from import_relay.submit.posting import REFERENCE_REFUSED
from import_relay.submit.settings import SubmitSettings
from import_relay.submit.submission import Submission
from import_relay.submit.wiring import build_submission
from import_relay.telemetry.outcome_log import OutcomeLog, without_payload
from import_relay.wiring.stores import Stores

log = OutcomeLog()


@without_payload
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Submit one batch; the answer names the messages that have to be delivered again.

    Raises:
        Unexpected: these are left in the queue, and an alarm has to be raised.
    """
    deadline = time.time() + context.get_remaining_time_in_millis() / 1000
    records = list(SQSEvent(event).records)
    bodies = {record.message_id: record.body for record in records}
    report = submission().submit(
        bodies,
        invocation=context.aws_request_id,
        deadline=deadline,
        redelivered={one.message_id for one in records if _was_received_before(one)},
        sent_at={one.message_id: int(one.attributes.sent_timestamp) / 1000 for one in records},
        receipts={one.message_id: str(one.get("receiptHandle", "")) for one in records},
        lane=lane_of(records[0].event_source_arn, bulk_queue_url=settings().bulk_queue_url),
    )
    log.write("batch.measured", measures(report), messages=len(bodies))
    if report.failure:
        raise Unexpected(report.failure)
    return {
        "batchItemFailures": [{"itemIdentifier": one} for one in sorted(report.failed_message_ids)]
    }


@cache
def submission() -> Submission:
    """The use case, made once per process."""
    return build_submission(settings(), Stores(settings(), clock=time.time), emit=emit)


@cache
def settings() -> SubmitSettings:
    """What the environment says, read once per process."""
    return SubmitSettings.from_environment()


def _was_received_before(record: SQSRecord) -> bool:
    return int(record.attributes.approximate_receive_count) > 1


def emit(event: str, **keys: Any) -> None:
    """Log an event of the use case; alarms watch how long records have waited."""
    if event == TOO_OLD:
        log.write(event, {"MessagesTooOld": 1}, **keys)
    elif event == REQUEUED:
        log.write(event, {"OldestRequeuedSeconds": keys["oldest_s"]}, **keys)
    elif event == REFERENCE_REFUSED:
        log.write(event, {"ReferenceIdsRefused": 1}, **keys)
    elif event == "batch.rejected":
        log.write_of_connection(event, keys["connection"], {"ItemsRejected": keys["items"]})
    else:
        log.write(event, {}, **keys)


def measures(report: BatchReport) -> Mapping[str, int]:
    """The metrics of a batch."""
    return {
        "ImportsSent": report.imports,
        "RowsSent": report.rows,
        "ItemsRequeued": report.requeued,
        "EntitiesUsedToday": report.entities_used,
        "SubmissionPaused": int(bool(report.paused)),
        "ItemsDeadLettered": report.dead_lettered,
        "FetchersUnavailable": report.unread_connections,
        "ConnectionsUnusable": report.unusable_connections,
        "ConnectionsRefused": report.refused_connections,
        "CredentialsRefused": int(report.paused == "mateo.credentials"),
        **{f"Items{outcome.title()}": count for outcome, count in report.outcomes.items()},
    }
