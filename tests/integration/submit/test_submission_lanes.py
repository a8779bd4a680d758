"""Two lanes: what has to wait goes back to its own, and a record's versions keep their order."""

import pytest

from import_relay.domain.lanes import Lane
from tests.support.builders import message
from tests.support.ends import ADA
from tests.support.relay import Relay


@pytest.mark.parametrize("lane", list(Lane))
def test_what_has_to_wait_goes_back_to_the_lane_it_came_from(relay: Relay, lane: Lane) -> None:
    relay.pause.begin(relay.clock.now + 3_600, "limit.entities")

    report = relay.submit(message([ADA]), lane=lane)

    assert (report.requeued, report.failed_message_ids) == (1, set())
    urls = {Lane.LIVE: relay.aws.queue_url, Lane.BULK: relay.aws.bulk_queue_url}
    assert {one for one, url in urls.items() if relay.aws.queued(url)} == {lane}


def test_an_older_version_of_the_bulk_lane_never_follows_a_newer_live_one(relay: Relay) -> None:
    relay.submit(message([{**ADA, "v": 2}], delivery="live"))

    report = relay.submit(message([{**ADA, "v": 1}], delivery="file"), lane=Lane.BULK)

    assert report.outcomes == {"superseded": 1}
    assert len(relay.mateo.rows) == 1


def test_a_newer_live_version_waits_for_the_import_of_the_bulk_lane(relay: Relay) -> None:
    relay.submit(message([{**ADA, "v": 1}], delivery="file"), lane=Lane.BULK)

    report = relay.submit(message([{**ADA, "v": 2}], delivery="live"))

    assert report.requeued == 1
    assert len(relay.mateo.rows) == 1
    assert relay.aws.queued(relay.aws.queue_url)
