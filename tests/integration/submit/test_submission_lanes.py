"""Two lanes: what has to wait goes back to its own, and a record's versions keep their order."""

from contextlib import suppress
from typing import Any

import httpx
import pytest

from import_relay.domain.errors import LeaseHeld
from import_relay.domain.lanes import Lane
from import_relay.storage.executions import Executions
from tests.support import aws as resources
from tests.support.builders import message
from tests.support.clients import Overruling
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


# live changes first


def people(many: int, delivery: str = "file") -> str:
    return message(
        [{**ADA, "id": str(n), "email": f"p{n}@example.com"} for n in range(many)],
        delivery=delivery,
    )


def ask_for_the_lease(relay: Relay) -> None:
    """A live batch waits for the lease, and in vain."""
    with suppress(LeaseHeld):
        wait_until = relay.clock.now + 3
        with relay.lease.held("live", until=wait_until + 60, wait_until=wait_until):
            pass


@pytest.mark.parametrize(("lane", "imports"), [(Lane.LIVE, 3), (Lane.BULK, 1)])
def test_a_bulk_batch_gives_way_after_its_import_if_a_live_one_waits(
    relay: Relay, lane: Lane, imports: int
) -> None:
    relay.rows_per_import = 2

    def created(request: httpx.Request) -> httpx.Response:
        ask_for_the_lease(relay)
        return httpx.Response(201, json={"id": "import-0"})

    relay.mateo.answers.append(created)

    report = relay.submit(people(6), lane=lane)

    assert (report.imports, report.requeued) == (imports, 6 - 2 * imports)
    assert not report.paused


def test_a_bulk_batch_makes_all_its_imports_if_nobody_waits(relay: Relay) -> None:
    relay.rows_per_import = 2

    report = relay.submit(people(6), lane=Lane.BULK)

    assert (report.imports, report.requeued) == (3, 0)


def test_a_bulk_batch_sends_one_import_however_busy_the_live_lane_is(relay: Relay) -> None:
    """Else nothing of the bulk lane would ever be sent."""
    relay.rows_per_import = 2

    def claims_and_asks(real: Any, **arguments: Any) -> Any:
        ask_for_the_lease(relay)
        return real(**arguments)

    executions: Any = Overruling(resources.client("stepfunctions"), start_execution=claims_and_asks)

    report = relay.submit(
        people(4), lane=Lane.BULK, executions=Executions(executions, relay.aws.state_machine_arn)
    )

    assert (report.imports, report.requeued) == (1, 2)
