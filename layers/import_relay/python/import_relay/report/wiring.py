"""Puts reporting together: settings and stores in, `Reporting` out. Called by its handler."""

from import_relay.domain.lanes import Lane
from import_relay.domain.log_events import Emit
from import_relay.report.reporting import Reporting, ReportingParts
from import_relay.report.settings import ReportSettings
from import_relay.storage.watermarks import Watermarks
from import_relay.wiring.stores import Stores


def build_reporting(settings: ReportSettings, stores: Stores, *, emit: Emit) -> Reporting:
    """The use case."""
    parts = ReportingParts(
        permits=stores.permits,
        ledger=stores.ledger,
        watermarks=Watermarks(stores.dynamodb, settings.watermarks_table, clock=stores.clock),
        archive=stores.archive,
        queues={lane: stores.requeueing(settings, emit, lane) for lane in Lane},
        api=stores.api,
    )
    return Reporting(parts, clock=stores.clock, emit=emit)
