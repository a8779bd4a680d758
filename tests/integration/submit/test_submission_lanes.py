"""Two lanes: what waits is requeued in its own, and a record's versions keep their order."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import httpx
import pytest

from import_relay.domain.errors import LeaseHeld
from import_relay.domain.lanes import Lane
from import_relay.storage.executions import Executions
from import_relay.storage.pause import PauseState
from tests.integration.storage.ledger_entries import entry
from tests.support import aws as resources
from tests.support.aws import MAPPINGS
from tests.support.builders import MIDNIGHT, NOON, message
from tests.support.clients import Overruling
from tests.support.following import ADA
from tests.support.relay import LIMITS, Relay


@pytest.mark.parametrize("lane", list(Lane))
def test_what_has_to_wait_is_requeued_in_the_lane_that_it_came_from(
    relay: Relay, lane: Lane
) -> None:
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
    names = [f"{delivery}{n}" for n in range(many)]
    return message(
        [{**ADA, "id": one, "email": f"{one}@example.com"} for one in names], delivery=delivery
    )


def ask_for_the_lease(relay: Relay) -> None:
    """A live batch waits for the lease in vain."""
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
    """Otherwise nothing of the bulk lane might ever be sent."""
    relay.rows_per_import = 2

    def ask_and_start(real: Any, **arguments: Any) -> Any:
        ask_for_the_lease(relay)
        return real(**arguments)

    executions: Any = Overruling(resources.client("stepfunctions"), start_execution=ask_and_start)

    report = relay.submit(
        people(4), lane=Lane.BULK, executions=Executions(executions, relay.aws.state_machine_arn)
    )

    assert (report.imports, report.requeued) == (1, 2)


# the bulk lane's share


def of_ten_a_day(relay: Relay) -> None:
    """Mateo allows ten entities a day, of which the bulk lane may use eight."""
    relay.limits = replace(LIMITS, entities_per_day=10)


def test_the_bulk_lane_pauses_alone_once_its_share_is_used(relay: Relay) -> None:
    of_ten_a_day(relay)

    report = relay.submit(people(9), lane=Lane.BULK)

    assert (report.rows, report.requeued, report.paused) == (8, 1, "limit.bulk_share")
    assert relay.lambda_.mappings == {MAPPINGS[0]: True, MAPPINGS[1]: False}
    noted = relay.bulk_pause.state()
    assert (noted.reason, noted.paused_until) == ("limit.bulk_share", MIDNIGHT - 3_600 + 60)
    assert relay.pause.state() == PauseState()


def test_live_changes_go_on_while_the_bulk_lane_is_paused(relay: Relay) -> None:
    of_ten_a_day(relay)
    relay.submit(people(9), lane=Lane.BULK)

    live = relay.submit(message([{**ADA, "id": "live", "email": "l@example.com"}], delivery="live"))
    bulk = relay.submit(people(1, "more"), lane=Lane.BULK)

    assert (live.rows, bulk.rows, bulk.requeued) == (1, 0, 1)
    assert relay.lambda_.mappings == {MAPPINGS[0]: True, MAPPINGS[1]: False}


def test_in_the_last_hour_the_bulk_lane_sends_what_is_left(relay: Relay) -> None:
    of_ten_a_day(relay)
    relay.submit(people(9), lane=Lane.BULK)
    relay.clock.now = relay.bulk_pause.state().paused_until

    report = relay.submit(people(3, "rest"), lane=Lane.BULK)

    assert (report.rows, report.requeued, report.paused) == (2, 1, "limit.entities")
    assert not relay.lambda_.enabled


def test_the_bulk_lane_pauses_both_if_it_finds_the_day_spent(relay: Relay) -> None:
    of_ten_a_day(relay)
    relay.submit(people(10, "live"))

    report = relay.submit(people(3), lane=Lane.BULK)

    assert (report.rows, report.paused) == (0, "limit.entities")
    assert not relay.lambda_.enabled


def test_live_changes_use_what_the_bulk_lane_leaves(relay: Relay) -> None:
    of_ten_a_day(relay)
    relay.submit(people(8), lane=Lane.BULK)

    report = relay.submit(people(5, "live"))

    assert report.rows == 2


def test_the_bulk_lane_pauses_alone_once_its_requests_are_used(relay: Relay) -> None:
    relay.limits = replace(LIMITS, requests_per_day=4, bulk_share=0.5)
    relay.rows_per_import = 1

    report = relay.submit(people(3), lane=Lane.BULK)

    assert (report.imports, report.requeued, report.paused) == (1, 2, "limit.bulk_share")
    assert relay.submit(people(1, "live"), again=True).imports == 1


def test_a_share_that_another_batch_used_meanwhile_is_kept(relay: Relay) -> None:
    """The plan is made of what was read; what counts is the condition of the reservation."""
    of_ten_a_day(relay)

    def meanwhile(real: Any, **arguments: Any) -> Any:
        relay.ledger.intend(entry("other", rows=3, lane=Lane.BULK))
        return real(**arguments)

    executions: Any = Overruling(resources.client("stepfunctions"), start_execution=meanwhile)
    report = relay.submit(
        people(6), lane=Lane.BULK, executions=Executions(executions, relay.aws.state_machine_arn)
    )

    assert (report.rows, report.requeued, report.paused) == (0, 6, "limit.bulk_share")
    assert relay.quota.usage().bulk_entities == 3


@pytest.mark.parametrize("first", ["both", "bulk"])
def test_a_pause_of_both_lanes_holds_for_the_bulk_lane_too(relay: Relay, first: str) -> None:
    if first == "bulk":
        relay.bulk_pause.begin(NOON + 60, "limit.bulk_share")
    relay.pause.begin(NOON + 3_600, "maintenance")

    report = relay.submit(people(1), lane=Lane.BULK)

    assert (report.requeued, report.imports) == (1, 0)
    assert not relay.lambda_.enabled
