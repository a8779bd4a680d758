"""When an import whose answer was lost is posted again, and when its records are requeued."""

from dataclasses import replace

import httpx
import pytest

from import_relay.storage.entries import Entry, State
from import_relay.storage.ledger import Ledger
from import_relay.track.resolving import pause_after
from import_relay.track.tracking import TrackingStatus
from tests.support.aws import BUCKET, LEDGER, Aws
from tests.support.builders import MIDNIGHT, TODAY, TOMORROW, message
from tests.support.following import ADA, BOB, Killed, sent_entry, track, unknown_import
from tests.support.mateo import MateoImports
from tests.support.relay import LIMITS, Clock, Relay


def absent_once(relay: Relay) -> None:
    """Look at an unknown import once, and wait until the next look may prove its absence."""
    relay.clock.sleep(track(relay).wait_s)


def test_one_absence_proves_nothing(relay: Relay, mateo: MateoImports) -> None:
    unknown_import(relay, mateo, created=False)

    tracked = track(relay)

    assert tracked.wait_s >= 60
    assert mateo.bodies == []


def test_a_second_look_that_comes_too_early_does_not_count(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=False)
    relay.clock.sleep(track(relay).wait_s - 10)
    mateo.requests.clear()

    assert track(relay).wait_s == pytest.approx(10, abs=1)
    assert mateo.requests == []


def test_an_import_that_is_certainly_absent_is_reposted_as_it_was(
    relay: Relay, mateo: MateoImports
) -> None:
    mateo.answers.append(httpx.ReadTimeout("lost"))
    relay.submit(message([ADA, BOB]))
    absent_once(relay)

    track(relay)

    first, second = (one.content for one in mateo.requests if one.method == "POST")
    assert first == second
    entry = relay.entry("ref-1")
    assert (entry.state, entry.import_id, entry.posts) == (State.SENT, "import-1", 2)
    assert relay.quota.usage().entities == 2


def test_an_import_that_shows_up_late_is_not_reposted(relay: Relay, mateo: MateoImports) -> None:
    unknown_import(relay, mateo, created=True)
    hidden, mateo.imports = mateo.imports, []
    absent_once(relay)
    mateo.imports = hidden

    track(relay)

    assert relay.entry("ref-1").import_id == hidden[0].id
    assert mateo.bodies == []


def test_a_death_while_reposting_makes_no_second_import(relay: Relay, mateo: MateoImports) -> None:
    unknown_import(relay, mateo, created=False)
    absent_once(relay)

    def die_after_creation(request: httpx.Request) -> httpx.Response:
        mateo.create(request)
        raise Killed

    mateo.answers.extend([httpx.Response(200, json=[]), die_after_creation])
    with pytest.raises(Killed):
        track(relay)
    relay.clock.now += 5

    track(relay)

    entry = relay.entry("ref-1")
    assert (entry.state, entry.import_id, entry.posts) == (State.SENT, "import-1", 2)
    assert len(mateo.imports) == 1


def test_after_a_death_while_reposting_no_process_posts_while_the_dead_one_might_live(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=False)
    absent_once(relay)
    begun = relay.entry("ref-1")
    relay.ledger.begin_post(begun, posted_at=relay.clock(), deadline=relay.clock() + 300)

    assert track(relay).wait_s == 307


def test_two_looks_at_once_post_once(relay: Relay, mateo: MateoImports) -> None:
    unknown_import(relay, mateo, created=False)
    absent_once(relay)
    stale = relay.entry("ref-1")
    relay.ledger.begin_post(stale, posted_at=relay.clock(), deadline=relay.clock() + 60)

    class Stale(Ledger):
        def get(self, reference: str) -> Entry | None:
            return stale

    ledger = Stale(relay.aws.dynamodb, LEDGER, relay.quota, relay.outcome_counts, clock=relay.clock)

    assert track(relay, ledger=ledger).status is TrackingStatus.WAIT
    assert mateo.bodies == []


def test_a_post_on_the_next_day_takes_its_entities_from_that_day(
    relay: Relay, mateo: MateoImports
) -> None:
    relay.clock.now = MIDNIGHT - 30
    unknown_import(relay, mateo, created=False)
    absent_once(relay)

    track(relay)

    assert (relay.entry("ref-1").day, relay.quota.usage().entities) == (TOMORROW, 2)
    relay.clock.now = MIDNIGHT - 30
    assert relay.quota.usage().entities == 0


def test_without_room_on_the_next_day_the_records_are_requeued(aws: Aws) -> None:
    clock = Clock(MIDNIGHT - 45)
    mateo = MateoImports(clock=clock)
    relay = Relay(aws, clock=clock, mateo=mateo, limits=replace(LIMITS, entities_per_day=2))
    unknown_import(relay, mateo, created=False)
    absent_once(relay)
    sent_entry(relay, "other", rows=1)

    tracked = track(relay)

    assert (tracked.status, tracked.reason) == (TrackingStatus.REQUEUE, "limit.entities")
    assert relay.entry("ref-1").day == TODAY
    assert mateo.bodies == []


@pytest.mark.parametrize(
    ("answer", "wait_s", "reason"),
    [
        (httpx.ConnectError("down"), 61, "mateo.unreachable"),
        (httpx.Response(429, headers={"retry-after": "300"}), 300, "mateo.rate_limited"),
        (httpx.Response(403), 900, "mateo.credentials"),
    ],
)
def test_a_post_that_certainly_created_nothing_is_tried_again_after_one_more_look(
    relay: Relay,
    mateo: MateoImports,
    answer: httpx.Response | httpx.HTTPError,
    wait_s: int,
    reason: str,
) -> None:
    unknown_import(relay, mateo, created=False)
    absent_once(relay)
    mateo.answers.extend([httpx.Response(200, json=[]), answer])

    tracked = track(relay)

    assert (tracked.status, tracked.reason) == (TrackingStatus.WAIT, reason)
    assert tracked.wait_s == pytest.approx(wait_s, abs=2)
    assert relay.entry("ref-1").posts == 1
    relay.clock.now += tracked.wait_s
    track(relay)
    assert relay.entry("ref-1").state is State.SENT


def test_a_second_post_whose_answer_is_lost_is_looked_up_like_the_first(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=False)
    absent_once(relay)
    mateo.answers.extend([httpx.Response(200, json=[]), mateo.create_without_answer])
    track(relay)
    assert relay.entry("ref-1").state is State.UNKNOWN

    track(relay)

    assert relay.entry("ref-1").state is State.SENT
    assert len(mateo.imports) == 1


@pytest.mark.parametrize("status", [400, 409, 413])
def test_an_import_that_is_refused_when_reposted_is_requeued(
    relay: Relay, mateo: MateoImports, status: int
) -> None:
    unknown_import(relay, mateo, created=False)
    absent_once(relay)
    mateo.answers.extend([httpx.Response(200, json=[]), httpx.Response(status)])

    assert track(relay).status is TrackingStatus.REQUEUE


def test_an_import_that_was_posted_too_often_is_requeued(relay: Relay, mateo: MateoImports) -> None:
    unknown_import(relay, mateo, created=False)
    relay.ledger.advance("ref-1", expected=[State.UNKNOWN], target=State.UNKNOWN, posts=6)
    relay.clock.now += 200
    absent_once(relay)

    assert track(relay).status is TrackingStatus.REQUEUE
    assert mateo.bodies == []


def test_each_further_post_of_an_import_comes_later() -> None:
    assert [pause_after(posts) for posts in (1, 2, 3, 9)] == [60, 120, 240, 3600]


def test_a_post_that_lost_its_permit_does_not_count(relay: Relay, mateo: MateoImports) -> None:
    unknown_import(relay, mateo, created=False)
    absent_once(relay)
    before = relay.entry("ref-1")
    looks = iter([True, False])
    api = replace(relay.api, is_in_time=lambda _: next(looks))

    track(relay, api=api)

    assert relay.entry("ref-1").posts == before.posts
    assert mateo.bodies == []


def test_an_import_whose_body_is_gone_is_given_up(relay: Relay, mateo: MateoImports) -> None:
    unknown_import(relay, mateo, created=False)
    absent_once(relay)
    relay.aws.s3.delete_object(Bucket=BUCKET, Key="imports/ref-1/request.json.gz")

    assert track(relay).status is TrackingStatus.TIMED_OUT


def test_an_import_that_is_certainly_absent_at_the_end_of_tracking_is_requeued(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=False)
    absent_once(relay)

    assert track(relay, hours=0.01).status is TrackingStatus.REQUEUE
    assert mateo.bodies == []


@pytest.mark.parametrize("created", [True, False])
@pytest.mark.parametrize("answer", [httpx.Response(503), httpx.Response(401)], ids=repr)
def test_an_unknown_import_is_not_given_up_while_mateo_cannot_be_asked(
    relay: Relay, mateo: MateoImports, answer: httpx.Response, created: bool
) -> None:
    unknown_import(relay, mateo, created=created)
    mateo.answers.extend([answer] * 5)
    for _ in range(5):
        relay.clock.now += 13 * 3_600
        assert track(relay).status is TrackingStatus.WAIT
    while relay.entry("ref-1").state is State.UNKNOWN:
        tracked = track(relay)
        assert tracked.status is TrackingStatus.WAIT
        relay.clock.now += tracked.wait_s

    assert len(mateo.imports) == 1
    assert relay.entry("ref-1").state is State.SENT


@pytest.mark.parametrize("answer", ["create", "create_without_answer"])
def test_an_import_is_followed_for_its_hours_however_long_its_posts_were_refused(
    relay: Relay, mateo: MateoImports, answer: str
) -> None:
    unknown_import(relay, mateo, created=False)
    nothing = httpx.Response(200, json=[])
    refusal = httpx.Response(429, headers={"retry-after": "900"})
    absent_once(relay)
    until = relay.clock.now + 23.5 * 3_600
    while relay.clock.now < until:
        mateo.answers.extend([nothing, refusal])
        relay.clock.now += track(relay).wait_s
    mateo.answers.extend([nothing, getattr(mateo, answer)])

    for _ in range(6):
        assert track(relay).status is TrackingStatus.WAIT
        relay.clock.now += 900

    assert (relay.entry("ref-1").state, len(mateo.imports)) == (State.SENT, 1)
