"""What keeps a batch from being sent: limits, the pause, the lease and the deadline."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise

import boto3
import httpx
import pytest

from import_relay.storage.entries import State
from tests.integration.submit.people import ADA, BOB
from tests.support.aws import MAPPING_PARAMETER, SCHEDULE_GROUP
from tests.support.builders import message
from tests.support.relay import LIMITS, Relay


def schedules() -> list[str]:
    listed = boto3.client("scheduler").list_schedules(GroupName=SCHEDULE_GROUP)["Schedules"]
    return [one["Name"] for one in listed]


def test_rows_over_todays_entities_wait_and_submission_pauses_until_tomorrow(relay: Relay) -> None:
    relay.limits = replace(LIMITS, entities_per_day=1)

    report = relay.submit(message([ADA, BOB]))

    assert len(relay.mateo.rows) == 1
    ((content, _),) = relay.aws.queued()
    assert [one["n"] for one in content["items"]] == [1]
    assert not relay.lambda_.enabled
    assert report.paused == "limit.entities"
    assert set(schedules()) == {"resume-20261122T000100", "resume-bulk-20261122T000100"}


def test_a_batch_that_arrives_although_submission_is_paused_is_requeued(relay: Relay) -> None:
    relay.pause.begin(relay.clock() + 3_600, "limit.entities")
    relay.lambda_.enabled = True

    report = relay.submit(message([ADA]))

    assert relay.mateo.requests == []
    assert len(relay.aws.queued()) == 1
    assert report.failed_message_ids == set()
    assert not relay.lambda_.enabled


@pytest.mark.parametrize("left_s", [59.0, 45.0, 31.0])
def test_a_batch_that_arrives_shortly_before_the_end_of_a_pause_does_not_move_it(
    relay: Relay, left_s: float
) -> None:
    relay.clock.now = relay.pause.begin(relay.clock() + 60, "mateo.unreachable") - left_s
    noted = relay.pause.state()
    relay.lambda_.enabled = True

    relay.submit(message([ADA]))

    assert relay.pause.state() == noted
    assert not relay.lambda_.enabled
    assert relay.mateo.requests == []


def test_a_batch_that_arrives_while_its_queue_is_being_stopped_makes_no_schedule(
    relay: Relay,
) -> None:
    relay.pause.begin(relay.clock() + 90, "mateo.unreachable")
    known = schedules()
    relay.clock.now += 30

    relay.submit(message([ADA]))

    assert len(relay.aws.queued()) == 1
    assert schedules() == known


def test_a_pause_by_hand_that_begins_during_an_import_outlasts_its_success(relay: Relay) -> None:
    relay.clock.now = relay.pause.begin(
        relay.clock() + 60, "mateo.unreachable", consecutive_failures=1
    )

    def created(request: httpx.Request) -> httpx.Response:
        relay.pause.begin(relay.clock() + 3_600, "maintenance")
        return httpx.Response(201, json={"id": "import-1"})

    relay.mateo.answers.append(created)

    report = relay.submit(message([ADA]))

    assert report.imports == 1
    assert relay.pause.state().reason == "maintenance"


def test_no_request_when_todays_requests_are_spent(relay: Relay) -> None:
    relay.limits = replace(LIMITS, requests_per_day=1)
    relay.submit(message([ADA]))

    report = relay.submit(message([BOB], delivery="d2"), again=True)

    assert len(relay.mateo.requests) == 1
    assert report.paused == "limit.requests"
    assert relay.quota.usage().entities == 1
    assert relay.entry("ref-2").state is State.ABANDONED


def test_requests_leave_no_faster_than_the_rate(relay: Relay) -> None:
    relay.rows_per_import = 1
    sent_at: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent_at.append(relay.clock())
        return httpx.Response(201, json={"id": f"import-{len(sent_at)}"})

    relay.mateo.answers.extend([answer] * 3)

    relay.submit(message([ADA, BOB, {"id": 3}]))

    gaps = [later - earlier for earlier, later in pairwise(sent_at)]
    assert len(gaps) == 2
    assert all(gap >= 0.5 for gap in gaps)


def test_what_does_not_fit_before_the_deadline_waits(relay: Relay) -> None:
    """The batch is redelivered: so late a batch would otherwise be held as a whole."""
    relay.rows_per_import = 1

    report = relay.submit(message([ADA, BOB, {"id": 3}]), seconds=20.5, again=True)

    assert 1 <= report.imports < 3
    assert report.requeued == 3 - report.imports
    assert len(relay.aws.queued()) == 1


def test_a_second_submitter_requeues_its_batch(relay: Relay) -> None:
    with relay.lease.held("other", until=relay.clock() + 1_000, wait_until=relay.clock()):
        report = relay.submit(message([ADA]))

    assert report.failed_message_ids == set()
    assert len(relay.aws.queued()) == 1
    assert relay.lambda_.enabled
    assert relay.mateo.requests == []


def test_a_dead_submitters_lease_runs_out(relay: Relay) -> None:
    manager = relay.lease.held("dead", until=relay.clock() + 30, wait_until=relay.clock())
    manager.__enter__()

    report = relay.submit(message([ADA]))

    assert report.failed_message_ids == set()
    assert len(relay.mateo.requests) == 1


def test_a_pause_that_began_while_waiting_for_the_lease_is_respected(relay: Relay) -> None:
    class PausesMeanwhile:
        @contextmanager
        def held(self, holder: str, **times: float) -> Iterator[None]:
            relay.pause.begin(relay.clock() + 3_600, "mateo.rate_limited")
            yield

    report = relay.submit(message([ADA]), lease=PausesMeanwhile())

    assert relay.mateo.requests == []
    assert (report.failed_message_ids, len(relay.aws.queued())) == (set(), 1)


def test_a_requeued_batch_does_not_fail_because_pausing_again_fails(relay: Relay) -> None:
    relay.pause.begin(relay.clock() + 3_600, "limit.entities")
    boto3.client("ssm").delete_parameter(Name=MAPPING_PARAMETER)

    report = relay.submit(message([ADA]))

    assert report.failed_message_ids == set()
    assert len(relay.aws.queued()) == 1


def test_a_shorter_pause_does_not_shorten_a_longer_one(relay: Relay) -> None:
    longer = relay.pause.begin(relay.clock() + 7_200, "limit.entities")

    assert relay.pause.begin(relay.clock() + 60, "mateo.unreachable") == longer
    assert relay.pause.state().reason == "limit.entities"
