"""The fake of the Import API: single faults, marked rows, and the calm at the end."""

import pytest

from import_relay.domain.errors import CredentialsRefused, PermitTooFar
from import_relay.mateo.post_results import PostResult
from import_relay.storage.pacing import Permit
from tests.simulation.mateo_days import HOUR_S, PERMIT, ROWS, Relay, a_day, body
from tests.simulation.mateo_server import ORIGIN
from tests.simulation.scenario import Account, FaultProfile
from tests.simulation.world import Fault

# single requests


def test_a_request_leaves_only_in_its_permit() -> None:
    relay = Relay(FaultProfile(slow_mateo=1.0))
    late = 0

    def work() -> None:
        nonlocal late
        for _ in range(60):
            try:
                permit = Permit("2026-11-01", relay.world.now + 0.2)
                relay.posts.append(relay.api.create(permit, body(0)))
            except PermitTooFar:
                late += 1

    relay.run(work)
    unconnected = [one for one in relay.posts if one.outcome is PostResult.NOT_SENT]
    assert late
    assert {one.message for one in unconnected} == {"ConnectTimeout"}
    assert len(relay.mateo.requests) == 60 - late - len(unconnected)


@pytest.mark.parametrize(
    ("fault", "outcomes", "arrives"),
    [
        (Fault.VANISH, {PostResult.UNKNOWN}, False),
        (Fault.LOSE, {PostResult.UNKNOWN}, True),
        (Fault.REPEAT, {PostResult.SENT, PostResult.UNKNOWN}, True),
        (Fault.SLOW, {PostResult.SENT, PostResult.UNKNOWN}, True),
        (Fault.SLOW_ANSWER, {PostResult.SENT, PostResult.UNKNOWN}, True),
    ],
)
def test_a_fault_hits_one_request(
    fault: Fault, outcomes: set[PostResult], *, arrives: bool
) -> None:
    relays = [Relay(seed=seed, faults={1: fault}) for seed in range(20)]
    for relay in relays:
        relay.run(relay.post)

    assert {relay.posts[0].outcome for relay in relays} == outcomes
    assert {len(relay.mateo.imports) for relay in relays} == {int(arrives)}


def test_a_refused_post_may_be_done_all_the_same() -> None:
    relays = [Relay(seed=seed, faults={1: Fault.REFUSE}) for seed in range(150)]
    for relay in relays:
        relay.run(relay.post)

    assert {relay.posts[0].outcome for relay in relays} == {
        PostResult.ACCEPTED,
        PostResult.UNKNOWN,
        PostResult.NOT_SENT,
        PostResult.RATE_LIMITED,
        PostResult.CREDENTIALS,
    }
    created = [relay.posts[0] for relay in relays if relay.mateo.imports]
    assert {one.outcome for one in created} == {PostResult.UNKNOWN, PostResult.ACCEPTED}
    assert all(200 <= one.status < 300 for one in created)


@pytest.mark.parametrize("seed", range(30))
def test_a_refused_read_shows_nothing(seed: int) -> None:
    relay = Relay(seed=seed, faults={2: Fault.REFUSE})
    relay.run(relay.post)
    error = relay.run(relay.poll).error
    assert isinstance(error, CredentialsRefused) or not relay.polled


def test_a_file_on_another_host_is_no_request_to_mateo() -> None:
    relay = a_day(FaultProfile(hidden_payloads=1.0))
    urls = [one.failed_url or "" for one in relay.results]
    own = sum(url.startswith(ORIGIN) for url in urls)

    assert 0 < own < len(urls)
    assert [one.method for one in relay.mateo.requests].count("FILE") == own


# rows


def test_a_marked_row_fails_and_a_marked_request_is_refused() -> None:
    relay = Relay()

    def work() -> None:
        relay.post()
        relay.posts.append(relay.api.create(PERMIT, body(1).replace(b"Berlin", b"REFUSE", 1)))
        relay.world.sleep(60)
        relay.look(*relay.mateo.imports)

    relay.run(work)
    assert [one.status for one in relay.posts] == [201, 422]
    assert [one["code"] for one in relay.results[0].failed] == ["23502"]
    assert [one.external_id for one in relay.mateo.applied] == ["C-0-1", "C-0-2", "C-0-3"]


def test_once_it_has_quieted_down_nothing_misbehaves_and_all_is_processed() -> None:
    worst = FaultProfile(
        slow_mateo=1.0,
        unanswered=0.3,
        rate_limited=0.3,
        late_counts=0.5,
        list_lag_s=HOUR_S,
        hidden_payloads=0.5,
        expired_links=0.5,
        other_clients=30_000,
        day_offset_s=HOUR_S,
    )
    relay = a_day(worst, Account(1_000, requests_per_day=60_000, entities_per_day=60_000))
    before = len(relay.mateo.requests)
    assert relay.mateo.unfinished
    relay.results, relay.files, relay.posts, relay.polls = [], [], [], []

    relay.mateo.quiet_down()
    relay.run(relay.work)

    assert not relay.mateo.unfinished
    assert {one.status for one in relay.mateo.requests[before:]} == {200, 201}
    assert {one.outcome for one in relay.posts} == {PostResult.SENT}
    assert len(relay.results) == len(relay.mateo.imports)
    assert all(relay.files)
    applied = [(one.import_id, one.external_id) for one in relay.mateo.applied]
    assert len(applied) == len(set(applied)) == len(relay.mateo.imports) * (ROWS - 1)
