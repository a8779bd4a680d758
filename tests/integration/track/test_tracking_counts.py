"""Counts of Mateo that do not add up, although it has finished the import."""

import httpx

from import_relay.track.tracking import TrackingStatus
from tests.support.following import sent_entry, track
from tests.support.mateo import MateoImports
from tests.support.relay import Relay


def test_counts_of_more_than_all_rows_are_believed_after_an_hour(
    relay: Relay, mateo: MateoImports
) -> None:
    """Mateo may count each error of a failed row."""
    sent_entry(relay, "ref-1")
    counts = {"total_count": 2, "success_count": 1, "failed_count": 2}
    statuses = []

    for pause in (5, 3_599, 900):
        relay.clock.now += pause
        mateo.answers.append(httpx.Response(200, json=[{"id": "id-of-ref-1", **counts}]))
        statuses.append(track(relay).status)

    assert statuses == [TrackingStatus.WAIT, TrackingStatus.WAIT, TrackingStatus.FINISHED]
