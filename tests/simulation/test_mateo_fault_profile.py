"""How the fake of the Import API misbehaves: each fault profile shows, and the seed decides."""

from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

import pytest

from import_relay.mateo.post_results import PostResult
from tests.simulation.mateo_days import HOUR_S, IMPORTS, ROWS, Relay, a_day
from tests.simulation.mateo_limits import Days
from tests.simulation.mateo_server import FOREIGN_ORIGIN, ORIGIN
from tests.simulation.scenario import Account, FaultProfile


def has_a_clock_of_its_own(relay: Relay) -> bool:
    imports = relay.mateo.imports
    return any(
        one.created_at is not None
        and abs(one.created_at.timestamp() - imports[one.id].created_at) > 1.0
        for one in relay.results
    )


def is_slow(relay: Relay) -> bool:
    outcomes = {(one.status, one.message) for one in relay.posts}
    created = {one.import_id for one in relay.mateo.requests if one.status == 500}
    return (
        relay.mateo.unfinished > 0
        and (0, "ReadTimeout") in outcomes
        and "" in created
        and len(created) > 1
    )


def leaves_posts_unanswered(relay: Relay) -> bool:
    lost = {one.message for one in relay.posts if one.outcome is PostResult.UNKNOWN}
    return lost == {"ReadTimeout", "ReadError"} and len(relay.mateo.imports) == IMPORTS


def refuses_some_with_and_without_a_wait(relay: Relay) -> bool:
    refused = [one for one in relay.posts if one.outcome is PostResult.RATE_LIMITED]
    waits = {one.retry_after_s is None for one in refused}
    return waits == {True, False} and {one.why for one in relay.mateo.requests} == {
        "",
        "chance",
    }


def counts_in_parts(relay: Relay) -> bool:
    shapes = {
        (one.success_count is None, one.total_count == ROWS)
        for one in relay.polled
        if one.total_count is not None
        and (one.success_count is None or one.success_count + (one.failed_count or 0) < ROWS)
    }
    return shapes == {(True, True), (False, True), (False, False)}


def lists_late(relay: Relay) -> bool:
    return any(len(poll) < n for n, poll in enumerate(relay.polls[:IMPORTS], 1)) and (
        len(relay.polls[-1]) == IMPORTS
    )


def hides_payloads(relay: Relay) -> bool:
    hosts = {url[: len(host)] for url in _links(relay) for host in (ORIGIN, FOREIGN_ORIGIN)}
    hidden = [one for one in relay.results if one.payload is None and one.payload_url is None]
    return bool(hidden) and {ORIGIN, FOREIGN_ORIGIN} <= hosts and None not in relay.files


def _links(relay: Relay) -> Sequence[str]:
    return [url for one in relay.results for url in (one.payload_url, one.failed_url) if url]


def lets_links_expire(relay: Relay) -> bool:
    return None in relay.files and any(relay.files)


KINDS: Sequence[tuple[FaultProfile, Callable[[Relay], bool]]] = [
    (FaultProfile(skew_s=60.0), has_a_clock_of_its_own),
    (FaultProfile(slow_mateo=0.6), is_slow),
    (FaultProfile(unanswered=0.5), leaves_posts_unanswered),
    (FaultProfile(rate_limited=0.5), refuses_some_with_and_without_a_wait),
    (FaultProfile(late_counts=1.0), counts_in_parts),
    (FaultProfile(list_lag_s=25.0), lists_late),
    (FaultProfile(hidden_payloads=0.5), hides_payloads),
    (FaultProfile(expired_links=1.0), lets_links_expire),
]


@pytest.mark.parametrize(("fault_profile", "shows"), KINDS)
def test_a_fault_profile_shows_what_a_calm_one_does_not(
    fault_profile: FaultProfile, shows: Callable[[Relay], bool]
) -> None:
    assert shows(a_day(fault_profile))
    assert not shows(a_day(FaultProfile()))


@pytest.mark.parametrize("fault_profile", [fault_profile for fault_profile, _ in KINDS])
def test_a_seed_decides_everything(fault_profile: FaultProfile) -> None:
    first, again, other = (a_day(fault_profile, seed=seed) for seed in (5, 5, 6))

    assert again.mateo.requests == first.mateo.requests
    assert again.mateo.applied == first.mateo.applied
    assert (again.posts, again.polls, again.files) == (first.posts, first.polls, first.files)
    assert other.mateo.requests != first.mateo.requests


def test_imports_are_not_processed_in_the_order_of_their_creation() -> None:
    relay = Relay()
    relay.run(lambda: relay.post_all(5))
    relay.world.run(until=relay.world.now + HOUR_S)

    order = list(dict.fromkeys(one.import_id for one in relay.mateo.applied))
    assert sorted(order) == list(relay.mateo.imports)
    assert order != sorted(order)


def test_some_imports_take_more_than_a_day_and_some_for_ever() -> None:
    relay = Relay(FaultProfile(slow_mateo=1.0))
    relay.run(lambda: relay.post_all(2_000))
    relay.world.run(until=relay.world.now + 24 * HOUR_S)
    after_a_day = relay.mateo.unfinished
    relay.world.run(until=relay.world.now + 240 * HOUR_S)

    assert after_a_day > relay.mateo.unfinished > 0


# limits


def test_other_clients_use_the_same_limits() -> None:
    account = Account(requests_per_second=100, requests_per_day=40, entities_per_day=30)
    alone = a_day(FaultProfile(), account).mateo.requests
    shared = a_day(FaultProfile(other_clients=25), account).mateo.requests

    assert [one.why for one in alone].index("requests") == 40
    # At eight, a third of the day is over, and of what the others use.
    assert [one.why for one in shared].index("requests") < 33
    assert sum(one.rows for one in alone if one.import_id) == 28
    assert sum(one.rows for one in shared if one.import_id) < 28


@pytest.mark.parametrize(
    ("offset_s", "statuses"),
    [
        (0.0, [201, 429, 201, 429]),
        (HOUR_S, [201, 429, 429, 201]),
        (-HOUR_S, [201, 201, 429, 429]),
    ],
)
def test_mateos_day_may_begin_at_another_hour(offset_s: float, statuses: list[int]) -> None:
    relay = Relay(FaultProfile(day_offset_s=offset_s), Account(requests_per_day=1))
    midnight = relay.world.now + Days(ZoneInfo("UTC")).left(relay.world.now)

    def work() -> None:
        for hours in (-1.5, -0.5, 0.5, 1.5):
            relay.world.sleep(midnight + hours * HOUR_S - relay.world.now)
            relay.post()

    relay.run(work)
    assert [one.status for one in relay.mateo.requests] == statuses
    first, second, third, fourth = (one.day for one in relay.mateo.requests)
    assert first == second < third == fourth
