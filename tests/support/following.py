"""Tracking and reporting of a test's relay, and imports in the states that they start from."""

import json
from typing import Any

import httpx

from import_relay.domain.lanes import Lane
from import_relay.mateo.client import ImportApi
from import_relay.report import reporting
from import_relay.report.reporting import Reported, Reporting
from import_relay.storage.entries import Entry, State
from import_relay.track import tracking
from import_relay.track.tracking import Tracked, Tracking, TrackingStatus, TrackOptions
from tests.support.aws import BUCKET, LEDGER, Aws
from tests.support.builders import TODAY, message
from tests.support.mateo import MateoImports
from tests.support.relay import Clock, Relay

ADA = {"id": 1, "v": 1, "name": "Ada Example", "email": "ada@example.com"}
BOB = {"id": 2, "v": 1, "name": "Bob Example", "email": "bob@example.com"}


class Killed(BaseException):
    """The process ends here."""


def relay_with_imports(aws: Aws) -> tuple[Relay, MateoImports]:
    """A relay whose Mateo keeps imports, on one clock."""
    clock = Clock()
    mateo = MateoImports(clock=clock)
    return Relay(aws, clock=clock, mateo=mateo), mateo


def tracking_of(relay: Relay, *, hours: float = 24.0, **replaced: Any) -> Tracking:
    parts: dict[str, Any] = {
        "permits": relay.permits,
        "ledger": relay.ledger,
        "archive": relay.archive,
        "api": relay.api,
    }
    return Tracking(
        tracking.TrackingParts(**{**parts, **replaced}),
        TrackOptions(hours, relay.send_reference_id),
        clock=relay.clock,
        emit=relay.emit,
    )


def track(
    relay: Relay,
    reference: str = "ref-1",
    *,
    submit_deadline: float | None = None,
    seconds: float = 60.0,
    hours: float = 24.0,
    **replaced: Any,
) -> Tracked:
    """One look at an import, with so many seconds of its function left."""
    return tracking_of(relay, hours=hours, **replaced).track(
        reference,
        submit_deadline=relay.clock.now if submit_deadline is None else submit_deadline,
        deadline=relay.clock.now + seconds,
    )


def followed(relay: Relay, hours: float) -> Tracked:
    """Track ref-1 as the state machine does, until that ends; for a day at most."""
    until = relay.clock.now + 24 * 3_600
    while relay.clock.now < until:
        tracked = track(relay, hours=hours)
        if tracked.status is not TrackingStatus.WAIT:
            return tracked
        relay.clock.now += tracked.wait_s
    raise AssertionError("the import is tracked for ever")


def reporting_of(relay: Relay, **replaced: Any) -> Reporting:
    parts: dict[str, Any] = {
        "permits": relay.permits,
        "ledger": relay.ledger,
        "watermarks": relay.watermarks,
        "archive": relay.archive,
        "queues": dict.fromkeys(Lane, replaced.pop("queue", relay.queue)),
        "api": relay.api,
    }
    return Reporting(
        reporting.ReportingParts(**{**parts, **replaced}), clock=relay.clock, emit=relay.emit
    )


def report(
    relay: Relay, reference: str = "ref-1", *, timed_out: bool = False, **replaced: Any
) -> Reported:
    """Report one import, with five minutes of its function left."""
    return reporting_of(relay, **replaced).report(
        reference, timed_out=timed_out, deadline=relay.clock.now + 300
    )


def unknown_import(relay: Relay, mateo: MateoImports, *, created: bool, rows: Any = None) -> None:
    """An import whose answer was lost, with or without having been created; reference ref-1."""
    lost = mateo.create_without_answer if created else httpx.ReadTimeout("lost")
    mateo.answers.append(lost)
    relay.submit(message(rows or [ADA, BOB]))
    mateo.requests.clear()


def sent_entry(relay: Relay, reference: str, *, rows: int = 2, import_id: str = "") -> Entry:
    """The ledger entry of an import that was sent; nothing else of the import exists."""
    now = relay.clock()
    relay.ledger.intend(
        Entry(
            reference=reference,
            state=State.INTENDED,
            type="contact_details",
            rows=rows,
            day=relay.limits.day(now),
            created_at=now,
            deadline=now + 120,
        )
    )
    relay.ledger.advance(
        reference,
        expected=[State.INTENDED],
        target=State.SENT,
        import_id=import_id or f"id-of-{reference}",
        posts=1,
        posted_at=now,
    )
    return relay.entry(reference)


def api_with_new_token(relay: Relay) -> ImportApi:
    """The API of a relay whose token secret holds another token by now."""
    http = httpx.Client(transport=httpx.MockTransport(relay.mateo))
    return ImportApi(
        http, "https://mateo.example.com/api/v1", lambda: "t", renew_token=lambda: True
    )


def payload_of(mateo: MateoImports) -> list[dict[str, Any]]:
    """The rows of the last post."""
    rows: list[dict[str, Any]] = json.loads(
        next(one for one in reversed(mateo.requests) if one.method == "POST").content
    )["payload"]
    return rows


def outcomes_today(relay: Relay) -> dict[str, int]:
    """How many of the records that were received today have which outcome."""
    return relay.outcome_counts.days([TODAY]).get(TODAY, {})


class Context:
    """What the handlers ask Lambda's context for."""

    aws_request_id = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def mateo_environment(base_url: str, token_arn: str) -> dict[str, str]:
    """The variables that tracking and reporting share."""
    return {
        "BUCKET_NAME": BUCKET,
        "LEDGER_TABLE": LEDGER,
        "MATEO_BASE_URL": base_url,
        "MATEO_TOKEN_ARN": token_arn,
        "REQUESTS_PER_SECOND": "100",
        "REQUESTS_PER_DAY": "10000",
        "ENTITIES_PER_DAY": "25000",
        "BULK_SHARE_PERCENT": "80",
        "LIMIT_TIME_ZONE": "UTC",
        "SEND_REFERENCE_ID": "false",
    }
