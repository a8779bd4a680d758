"""Task of the state machine: one look at one import; the answer says how to go on."""

import time
from functools import cache
from typing import Any

from import_relay.telemetry.outcome_log import OutcomeLog, without_payload
from import_relay.track.settings import TrackSettings
from import_relay.track.tracking import Tracking
from import_relay.track.wiring import build_tracking
from import_relay.wiring.stores import Stores

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
    """The use case, made once per process."""
    settings = TrackSettings.from_environment()
    return build_tracking(settings, Stores(settings, clock=time.time), emit=tell)


def tell(event: str, **keys: Any) -> None:
    """Log an event; what a person has to act on is counted, so that an alarm can be set on it."""
    counts = {}
    if event == "import.waiting" and keys["reason"] == "mateo.credentials":
        counts = {"CredentialsRefused": 1}
    if event == "import.waiting" and keys["reason"] == "import.ambiguous":
        counts = {"ImportsAmbiguous": 1}
    log.write(event, counts, **keys)
