"""The use cases of the relay, as the handlers of its functions wire them."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from import_relay.bulk.bulk_day import BulkDay
from import_relay.bulk.feeding import Feeding, FeedingParts
from import_relay.bulk.file_reports import FileReports
from import_relay.bulk.importing_files import FileImporting, FileParts
from import_relay.bulk.reading import Reading
from import_relay.domain.lanes import Lane
from import_relay.domain.log_events import reserved_keys
from import_relay.mateo.client import ImportApi
from import_relay.receive.intake import Intake
from import_relay.report.reporting import Reporting, ReportingParts
from import_relay.storage.feeder import Feeder
from import_relay.storage.file_objects import FileObjects
from import_relay.storage.files import Files
from import_relay.storage.pacing import Permits
from import_relay.storage.quota import Quota
from import_relay.submit.batch_run import SubmissionParts
from import_relay.submit.fetching import Fetching
from import_relay.submit.posting import PostingParts, Tools
from import_relay.submit.submission import Submission
from import_relay.track.tracking import Tracking, TrackingParts, TrackOptions
from import_relay.watch.watchdog import Watchdog
from tests.simulation.connections import BLOCKERS, Secrets, connections, mapper_of
from tests.simulation.mateo import TOKEN
from tests.simulation.mateo_server import BASE_URL
from tests.simulation.putting_back import WatchedFeeding
from tests.simulation.stores import BUCKET, LEDGER
from tests.simulation.watching import watchdog_of

if TYPE_CHECKING:
    from tests.simulation.relay import Relay

RECEIVE_S, SUBMIT_S, TRACK_S, REPORT_S = 10.0, 120.0, 60.0, 300.0
"""The functions' timeouts, as in template.yaml."""


class Parts:
    """What one execution environment keeps: its use cases, and the permits that they have seen."""

    def __init__(self, relay: "Relay") -> None:
        self._relay = relay
        self._world = world = relay.world
        self._times: Any = {"clock": world.clock, "sleep": world.sleep}

    def emit(self, event: str, **keys: object) -> None:
        """Write a log event of a use case into the trace."""
        assert not reserved_keys(keys), event
        self._world.tell(event, **keys)

    def _permits(self) -> Permits:
        dynamodb: Any = self._relay.dynamodb
        quota = Quota(dynamodb, LEDGER, self._relay.limits, **self._times)
        return Permits(dynamodb, LEDGER, quota, **self._times)

    def _api(self, permits: Permits) -> ImportApi:
        return ImportApi(
            self._relay.mateo.http, BASE_URL, lambda: TOKEN, is_in_time=permits.is_in_time
        )

    @cached_property
    def intake(self) -> Intake:
        secrets: Any = Secrets()
        return Intake(connections(), secrets, self._relay.stores.intake, BLOCKERS)

    @cached_property
    def submission(self) -> Submission:
        stores, permits, account = self._relay.stores, self._permits(), self._relay.account
        parts = SubmissionParts(
            mapper=mapper_of(self._relay),
            fetching=self._fetching(),
            states=stores.states,
            lease=stores.lease,
            queue=stores.queue,
            held=stores.held,
            held_states=stores.held_states,
            bulk_queue=stores.bulk_queue,
            bulk_held=stores.bulk_held,
            outcome_counts=stores.outcome_counts,
            trials=stores.trials,
            refused=stores.refused,
            waits=stores.waits,
            posting=PostingParts(
                permits=permits,
                ledger=stores.ledger,
                watermarks=stores.watermarks,
                archive=stores.archive,
                executions=stores.executions,
                pause=stores.pause,
                bulk_pause=stores.bulk_pause,
                api=self._api(permits),
            ),
        )
        tools = Tools(
            new_reference=self._relay.reference,
            emit=self.emit,
            send_reference_id=account.send_reference_id,
            **self._times,
        )
        return Submission(
            parts, tools, account.rows_per_import, unproven_s=account.unproven_hours * 3_600
        )

    def _fetching(self) -> Fetching:
        client = self._relay.crm_client
        return Fetching(connections(), Secrets(), client, emit=self.emit, **self._times)

    @cached_property
    def watchdog(self) -> Watchdog:
        return watchdog_of(self._relay, self, lambda: connections().keys())

    @cached_property
    def importing(self) -> FileImporting:
        stores, clock, relay = self._relay.stores, self._world.clock, self._relay
        aws: Any = relay
        files = Files(aws.dynamodb, LEDGER, stores.outcome_counts, **self._times)
        objects = FileObjects(aws.s3, BUCKET)
        feeder = Feeder(aws.dynamodb, LEDGER, clock=clock)
        of_feeding = FeedingParts(
            files, objects, stores.bulk_queue, stores.archive, stores.outcome_counts
        )
        account, day = relay.account, relay.limits.day
        a_day, page_rows = BulkDay(account.bulk_entities, account.own_limits), account.page_rows
        parts = FileParts(
            connections(),
            {},
            files,
            objects,
            feeder,
            Reading(files, objects, clock, a_day, page_rows),
            Feeding(of_feeding, a_day, day, clock, page_rows),
            WatchedFeeding(stores.replaying, a_day, clock, self.emit, relay.put_back.ran),
            FileReports(objects, stores.outcome_counts, clock, _no_file),
            stores.waits,
        )
        return FileImporting(parts, clock, self.emit)

    @cached_property
    def tracking(self) -> Tracking:
        stores, permits, account = self._relay.stores, self._permits(), self._relay.account
        return Tracking(
            TrackingParts(permits, stores.ledger, stores.archive, self._api(permits)),
            TrackOptions(account.tracking_hours, account.send_reference_id),
            clock=self._world.clock,
            emit=self.emit,
        )

    @cached_property
    def reporting(self) -> Reporting:
        stores, permits = self._relay.stores, self._permits()
        parts = ReportingParts(
            permits,
            stores.ledger,
            stores.watermarks,
            stores.archive,
            {Lane.LIVE: stores.queue, Lane.BULK: stores.bulk_queue},
            self._api(permits),
        )
        return Reporting(parts, clock=self._world.clock, emit=self.emit, as_workbook=_no_workbook)

    def track(self, event: dict[str, Any]) -> dict[str, Any]:
        """As the handler of track_import."""
        deadline = self._world.clock() + TRACK_S
        tracked = self.tracking.track(
            event["reference"], submit_deadline=event["deadline"], deadline=deadline
        )
        self._world.tell(
            "looks", reference=event["reference"], status=tracked.status.value, wait=tracked.wait_s
        )
        return {**event, "status": tracked.status.value, "wait_s": tracked.wait_s}

    def report(self, event: dict[str, Any]) -> dict[str, Any]:
        """As the handler of write_report."""
        deadline = self._world.clock() + REPORT_S
        reference, status = event["reference"], event["status"]
        if status == "requeue":
            reported = self.reporting.requeue(reference)
        else:
            timed_out = status == "timed_out"
            reported = self.reporting.report(reference, timed_out=timed_out, deadline=deadline)
        self._world.tell("reports", reference=reference, status=reported.status.value)
        return {**event, "status": reported.status.value, "wait_s": reported.wait_s}


def _no_file(path: Path, *others: object, created_at: float) -> None:
    """Instead of the Excel file of a table: an empty one."""
    path.touch()


def _no_workbook(
    title: str, header: Sequence[str], lines: Iterable[Sequence[str]], *, created_at: float
) -> bytes:
    """Instead of the Excel file of a report: an empty one, as nothing in a run reads it."""
    return b""
