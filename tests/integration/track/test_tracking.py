"""A look at an import that has ended."""

import pytest

from import_relay.storage.entries import State
from import_relay.track.tracking import TrackingStatus
from tests.support.following import sent_entry, track
from tests.support.mateo import MateoImports
from tests.support.relay import Relay


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (State.FINISHED, TrackingStatus.FINISHED),
        (State.TIMED_OUT, TrackingStatus.TIMED_OUT),
        (State.REFUSED, TrackingStatus.ABANDONED),
        (State.ABANDONED, TrackingStatus.ABANDONED),
    ],
)
def test_an_import_that_has_ended_is_left_alone(
    relay: Relay, mateo: MateoImports, state: State, status: TrackingStatus
) -> None:
    sent_entry(relay, "ref-1")
    relay.ledger.advance("ref-1", expected=[State.SENT], target=state)

    assert track(relay).status is status
    assert mateo.requests == []
