"""Puts tracking together: settings and stores in, `Tracking` out. Called by its handler."""

from import_relay.domain.log_events import Emit
from import_relay.track.settings import TrackSettings
from import_relay.track.tracking import Tracking, TrackingParts, TrackOptions
from import_relay.wiring.stores import Stores


def build_tracking(settings: TrackSettings, stores: Stores, *, emit: Emit) -> Tracking:
    """The use case."""
    return Tracking(
        TrackingParts(stores.permits, stores.ledger, stores.archive, stores.api),
        TrackOptions(settings.tracking_hours, settings.send_reference_id),
        clock=stores.clock,
        emit=emit,
    )
