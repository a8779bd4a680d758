"""How the fake of the Import API misbehaves: every kind of fault profile shows, and the seed
decides.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import pytest

from import_relay.domain.errors import CredentialsRefused, PermitTooFar
from import_relay.mateo.client import ImportApi, ImportStatus, MateoUnavailable, Posted
from import_relay.mateo.post_results import PostResult
from import_relay.storage.pacing import Permit
from tests.simulation.mateo import TOKEN, Mateo
from tests.simulation.mateo_limits import Days
from tests.simulation.mateo_server import BASE_URL, FOREIGN_ORIGIN, ORIGIN
from tests.simulation.scenario import Account, FaultProfile
from tests.simulation.world import Environment, Fault, Process, World

PERMIT = Permit("2026-11-01")
ROOMY = Account(requests_per_second=1_000)
IMPORTS, ROWS = 25, 4
HOUR_S = 3_600.0


def body(number: int) -> bytes:
    """An import of which one row fails."""
    rows = [{"external_id": f"C-{number}-{n}", "city": "Berlin"} for n in range(ROWS)]
    rows[0]["city"] = "FAIL"
    return json.dumps({"type": "contact_details", "payload": rows}).encode()


@dataclass
class Relay:
    """Asks Mateo, and keeps what it was told."""

    fault_profile: FaultProfile = field(default_factory=FaultProfile)
    account: Account = ROOMY
    seed: int = 1
    faults: Mapping[int, Fault] = field(default_factory=dict)
    posts: list[Posted] = field(default_factory=list)
    polls: list[dict[str, ImportStatus] | str] = field(default_factory=list)
    results: list[ImportStatus] = field(default_factory=list)
    files: list[bytes | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world = World(self.seed, self.faults)
        self.mateo = Mateo(self.world, self.account, self.fault_profile)
        self.api = ImportApi(
            self.mateo.http,
            BASE_URL,
            lambda: TOKEN,
            is_in_time=lambda permit: self.world.now <= permit.until,
        )

    def run(self, work: Callable[[], object]) -> Process:
        """Do something in a process, until it has ended."""
        ended: list[Process] = []
        environment = Environment("relay", 1, 0.0)
        self.world.spawn(
            "relay", work, environment=environment, timeout_s=math.inf, on_end=ended.append
        )
        while not ended:
            self.world.run(until=self.world.now + HOUR_S)
        return ended[0]

    def post(self, number: int = 0) -> None:
        """Create an import."""
        self.posts.append(self.api.create(PERMIT, body(number)))

    def post_all(self, imports: int) -> None:
        """Create several imports."""
        for number in range(imports):
            self.post(number)

    def poll(self) -> None:
        """Ask for all imports there are."""
        try:
            self.polls.append(self.api.poll(PERMIT, list(self.mateo.imports)))
        except MateoUnavailable as error:
            self.polls.append(str(error))

    def look(self, import_id: str) -> None:
        """Read everything about an import, with its files."""
        try:
            result = self.api.result(PERMIT, import_id)
        except MateoUnavailable:
            return
        if result is not None:
            self.results.append(result)
            urls = [url for url in (result.failed_url, result.payload_url) if url]
            self.files += [self.api.download(url, lambda: PERMIT) for url in urls]

    def work(self) -> None:
        """A day with some imports."""
        for number in range(IMPORTS):
            self.post(number)
            self.poll()
            self.world.sleep(60.0)
        for _ in range(5):
            self.poll()
            self.world.sleep(60.0)
        for import_id in list(self.mateo.imports):
            self.look(import_id)

    @property
    def polled(self) -> Sequence[ImportStatus]:
        return [one for poll in self.polls if isinstance(poll, dict) for one in poll.values()]


def a_day(fault_profile: FaultProfile, account: Account = ROOMY, seed: int = 1) -> Relay:
    relay = Relay(fault_profile, account, seed)
    process = relay.run(relay.work)
    assert process.error is None
    return relay


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
        "fault_profile",
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
def test_fault_profile_shows_and_only_its_own(
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
    relay.run(lambda: relay.post_all(300))
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
    assert [one.why for one in shared].index(
        "requests"
    ) < 33  # at eight, a third of the day is over
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
        PostResult.UNKNOWN,
        PostResult.NOT_SENT,
        PostResult.RATE_LIMITED,
        PostResult.CREDENTIALS,
    }
    created = [relay.posts[0] for relay in relays if relay.mateo.imports]
    assert {one.outcome for one in created} == {PostResult.UNKNOWN}
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


def test_once_it_decides_nothing_misbehaves_and_everything_is_processed() -> None:
    worst = FaultProfile(
        slow_mateo=0.8,
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
