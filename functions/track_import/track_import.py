"""Task of the state machine: one look at one import; the answer says how to go on."""

import time
from functools import cache
from typing import Any

from import_relay.telemetry.outcome_log import OutcomeLog, without_payload
from import_relay.track.tracking import Parts, Tracking, TrackOptions
from import_relay.wiring.settings import TrackSettings
from import_relay.wiring.stores import Wiring

log = OutcomeLog()


@without_payload
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Look at the import `reference`; `status` and `wait_s` of the answer steer the machine."""
    deadline = time.time() + context.get_remaining_time_in_millis() / 1000
    tracked = tracking().track(
        event["reference"], submit_deadline=event["deadline"], deadline=deadline
    )
    return {**event, "status": tracked.status.value, "wait_s": tracked.wait_s}


@cache
def tracking() -> Tracking:
    """The use case, wired once per process."""
    settings = TrackSettings.from_environment()
    wiring = Wiring(settings, clock=time.time)
    return Tracking(
        Parts(wiring.budget, wiring.ledger, wiring.archive, wiring.api),
        TrackOptions(settings.tracking_hours, settings.send_reference_id),
        clock=time.time,
        emit=tell,
    )


def tell(event: str, **keys: Any) -> None:
    """Log an event; what a person has to act on is counted, so that an alarm can be set on it."""
    counts = {}
    if event == "import.waiting" and keys["reason"] == "mateo.credentials":
        counts = {"CredentialsRefused": 1}
    if event == "import.waiting" and keys["reason"] == "import.ambiguous":
        counts = {"ImportsAmbiguous": 1}
    log.write(event, counts, **keys)
