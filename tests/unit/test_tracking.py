"""What one look at an import does, for every state that it may be found in."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from import_relay.errors import LimitReached
from import_relay.state.ledger import Entry, Ledger, State
from import_relay.tracking import Status, pause_after
from tests.support.aws import LEDGER, Aws, relay_resources
from tests.support.builders import NOON, message
from tests.support.ends import (
    ADA,
    BOB,
    Killed,
    api_with_new_token,
    relay_with_imports,
    sent_entry,
    track,
    unknown_import,
)
from tests.support.mateo import ORIGIN, MateoImports
from tests.support.relay import LIMITS, Clock, Relay

HOUR = 3_600
MIDNIGHT = NOON + 12 * HOUR


@pytest.fixture(name="aws")
def resources() -> Iterator[Aws]:
    with relay_resources() as made:
        yield made


@pytest.fixture
def made(aws: Aws) -> tuple[Relay, MateoImports]:
    return relay_with_imports(aws)


@pytest.fixture
def relay(made: tuple[Relay, MateoImports]) -> Relay:
    return made[0]


@pytest.fixture
def mateo(made: tuple[Relay, MateoImports]) -> MateoImports:
    return made[1]


# no entry


def test_an_import_without_entry_is_waited_for_while_its_submitter_may_live(relay: Relay) -> None:
    tracked = track(relay, submit_deadline=relay.clock.now + 1)

    assert (tracked.status, tracked.wait_s) == (Status.WAIT, 8)
    assert relay.ledger.get("ref-1") is None


def test_an_import_whose_submitter_died_before_it_was_intended_never_comes_to_be(
    relay: Relay,
) -> None:
    tracked = track(relay, submit_deadline=relay.clock.now - 7)

    assert tracked.status is Status.ABANDONED
    late = Entry("ref-1", State.INTENDED, "contact_details", 1, "2026-11-21", NOON, NOON)
    assert relay.ledger.intend(late) is False


def test_an_entry_that_appears_just_before_the_tombstone_is_followed(relay: Relay) -> None:
    class Late(Ledger):
        def get(self, reference: str) -> Entry | None:
            return None

    sent_entry(relay, "ref-1")
    ledger = Late(relay.aws.dynamodb, LEDGER, relay.budget, relay.tally, clock=relay.clock)

    assert track(relay, submit_deadline=NOON - 60, ledger=ledger).status is Status.WAIT
    assert relay.entry("ref-1").state is State.SENT


# ended


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (State.FINISHED, Status.FINISHED),
        (State.GAVE_UP, Status.GAVE_UP),
        (State.REFUSED, Status.ABANDONED),
        (State.ABANDONED, Status.ABANDONED),
    ],
)
def test_an_import_that_has_ended_is_left_alone(
    relay: Relay, mateo: MateoImports, state: State, status: Status
) -> None:
    sent_entry(relay, "ref-1")
    relay.ledger.advance("ref-1", source=[State.SENT], target=state)

    assert track(relay).status is status
    assert mateo.requests == []


# intended


def killed_while_posting(relay: Relay, mateo: MateoImports, *, created: bool) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if created:
            mateo.create(request)
        raise Killed

    mateo.answers.append(answer)
    with pytest.raises(Killed):
        relay.submit(message([ADA, BOB]))
    mateo.requests.clear()


def test_an_intended_import_is_left_to_its_submitter_until_that_is_certainly_gone(
    relay: Relay, mateo: MateoImports
) -> None:
    killed_while_posting(relay, mateo, created=True)
    relay.clock.now = NOON + 126

    tracked = track(relay)

    assert (tracked.status, tracked.wait_s) == (Status.WAIT, 1)
    assert relay.entry("ref-1").state is State.INTENDED
    assert mateo.requests == []


def test_an_import_that_was_created_just_before_its_submitter_died_is_found(
    relay: Relay, mateo: MateoImports
) -> None:
    killed_while_posting(relay, mateo, created=True)
    relay.clock.now = NOON + 128

    track(relay)

    entry = relay.entry("ref-1")
    assert (entry.state, entry.import_id, entry.found) == (State.SENT, "import-1", 1)
    assert mateo.bodies == []


def test_an_import_that_was_not_created_before_its_submitter_died_is_posted(
    relay: Relay, mateo: MateoImports
) -> None:
    killed_while_posting(relay, mateo, created=False)
    relay.clock.now = NOON + 128
    assert track(relay).wait_s == 60
    assert mateo.bodies == []
    relay.clock.now += 60

    track(relay)

    assert len(mateo.imports) == 1
    assert relay.entry("ref-1").state is State.SENT


# unknown: looked up


def test_an_import_whose_answer_was_lost_is_adopted(relay: Relay, mateo: MateoImports) -> None:
    unknown_import(relay, mateo, created=True)
    (stored,) = mateo.imports
    stored.payload = [dict(reversed(row.items())) for row in stored.payload]

    tracked = track(relay)

    entry = relay.entry("ref-1")
    assert (tracked.status, entry.state) == (Status.WAIT, State.SENT)
    assert (entry.import_id, entry.found) == (stored.id, 1)
    assert mateo.bodies == []


def test_an_import_that_a_lookup_finds_counted_is_asked_about_before_it_is_finished(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=True)
    mateo.imports[0].finish()

    assert track(relay).status is Status.WAIT
    assert relay.entry("ref-1").total_count is None
    assert track(relay).status is Status.FINISHED
    assert relay.entry("ref-1").total_count == 2


def test_a_neighbour_with_other_rows_is_not_adopted(relay: Relay, mateo: MateoImports) -> None:
    unknown_import(relay, mateo, created=False)
    mateo.add([{"external_id": "8"}, {"external_id": "9"}])

    track(relay)

    assert relay.entry("ref-1").state is State.UNKNOWN


def test_a_neighbour_with_more_rows_costs_no_request(relay: Relay, mateo: MateoImports) -> None:
    unknown_import(relay, mateo, created=False)
    mateo.add([{"external_id": n} for n in "678"]).finish()

    track(relay)

    assert len(mateo.requests) == 1


def test_an_import_that_another_entry_owns_is_not_adopted_though_it_has_the_same_rows(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=True)
    sent_entry(relay, "other", import_id=mateo.imports[0].id)

    track(relay)

    assert relay.entry("ref-1").state is State.UNKNOWN


def test_an_import_that_carries_another_reference_is_not_adopted(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=True)
    mateo.imports[0].reference_id = "somebody-else"

    track(relay)

    assert relay.entry("ref-1").state is State.UNKNOWN


def test_an_import_from_another_time_is_not_adopted(relay: Relay, mateo: MateoImports) -> None:
    unknown_import(relay, mateo, created=True)
    mateo.imports[0].created_at = NOON - 121

    track(relay)

    assert relay.entry("ref-1").state is State.UNKNOWN


def test_a_payload_that_mateo_keeps_in_a_file_is_compared_as_well(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=True)
    (stored,) = mateo.imports
    stored.payload_url = f"{ORIGIN}/files/payload.json"
    mateo.files[stored.payload_url] = httpx.Response(200, json=stored.payload).content

    track(relay)

    assert relay.entry("ref-1").import_id == stored.id


def test_an_import_whose_rows_cannot_be_read_is_adopted_if_nothing_else_fits(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=True)
    mateo.imports[0].hides_payload = True
    mateo.imports[0].finish()

    track(relay)

    assert relay.entry("ref-1").import_id == mateo.imports[0].id


def test_an_unreadable_import_is_not_adopted_before_its_rows_are_counted(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=True)
    mateo.imports[0].hides_payload = True

    tracked = track(relay)

    assert tracked.status is Status.WAIT
    assert (relay.entry("ref-1").import_id, relay.entry("ref-1").absent) == ("", 0)


def test_an_unreadable_import_is_not_adopted_while_another_may_be_its_owner(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=True)
    mateo.imports[0].hides_payload = True
    mateo.imports[0].finish()
    sent_entry(relay, "ref-2")
    relay.ledger.advance("ref-2", source=[State.SENT], target=State.UNKNOWN)

    assert track(relay).status is Status.WAIT
    assert relay.entry("ref-1").state is State.UNKNOWN


def test_an_unreadable_import_is_not_adopted_if_it_may_be_of_one_that_was_given_up(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=True)
    mateo.imports[0].hides_payload = True
    mateo.imports[0].finish()
    given_up = replace(sent_entry(relay, "ref-2"), import_id="")
    relay.ledger.close(given_up, target=State.GAVE_UP, ends={})

    assert track(relay).status is Status.WAIT
    assert relay.entry("ref-1").state is State.UNKNOWN


def test_the_answer_of_a_post_takes_its_import_back_from_who_adopted_it(relay: Relay) -> None:
    sent_entry(relay, "adopter", import_id="import-9")
    sent_entry(relay, "owner")

    relay.ledger.advance("owner", source=[State.SENT], target=State.SENT, import_id="import-9")

    assert relay.ledger.owners(["import-9"]) == {"import-9": "owner"}
    assert relay.entry("adopter").state is State.UNKNOWN
    assert relay.entry("adopter").import_id == ""


def test_an_import_with_the_same_rows_goes_before_one_that_cannot_be_read(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=True)
    hidden = mateo.add([{}, {}])
    hidden.created_at -= 10
    hidden.hides_payload = True

    track(relay)

    entry = relay.entry("ref-1")
    assert (entry.import_id, entry.found) == (mateo.imports[0].id, 1)


def test_of_several_imports_that_fit_the_oldest_is_adopted(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=True)
    relay.clock.now += 2
    mateo.add(mateo.imports[0].payload)

    track(relay)

    entry = relay.entry("ref-1")
    assert (entry.import_id, entry.found) == ("import-1", 2)


def test_an_import_behind_fifty_neighbours_is_found(relay: Relay, mateo: MateoImports) -> None:
    for number in range(60):
        mateo.add([{"external_id": str(number)}]).created_at += number / 1000 - 30
    unknown_import(relay, mateo, created=True)

    track(relay)

    assert relay.entry("ref-1").import_id == "import-61"


def test_with_a_reference_id_one_request_finds_the_import(
    relay: Relay, mateo: MateoImports
) -> None:
    relay.send_reference_id = True
    unknown_import(relay, mateo, created=True)

    track(relay)

    assert [url.params["reference_id"] for url in mateo.gets] == ["eq.ref-1"]
    assert relay.entry("ref-1").state is State.SENT


def test_a_reference_id_that_mateo_ignored_does_not_hide_the_import(
    relay: Relay, mateo: MateoImports
) -> None:
    relay.send_reference_id = True
    unknown_import(relay, mateo, created=True)
    mateo.imports[0].reference_id = None

    track(relay)

    assert relay.entry("ref-1").state is State.SENT


# unknown: posted again


def absent_twice(relay: Relay) -> None:
    """Bring an unknown import to where the next look proves its absence."""
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


def test_an_import_that_is_certainly_absent_is_posted_again_as_it_was(
    relay: Relay, mateo: MateoImports
) -> None:
    mateo.answers.append(httpx.ReadTimeout("lost"))
    relay.submit(message([ADA, BOB]))
    absent_twice(relay)

    track(relay)

    first, second = (one.content for one in mateo.requests if one.method == "POST")
    assert first == second
    entry = relay.entry("ref-1")
    assert (entry.state, entry.import_id, entry.posts) == (State.SENT, "import-1", 2)
    assert relay.budget.usage().entities == 2


def test_an_import_that_shows_up_late_is_not_posted_again(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=True)
    hidden, mateo.imports = mateo.imports, []
    absent_twice(relay)
    mateo.imports = hidden

    track(relay)

    assert relay.entry("ref-1").import_id == hidden[0].id
    assert mateo.bodies == []


def test_a_death_while_posting_again_makes_no_second_import(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=False)
    absent_twice(relay)

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


def test_after_a_death_while_posting_again_nobody_posts_while_the_dead_one_might_live(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=False)
    absent_twice(relay)
    begun = relay.entry("ref-1")
    relay.ledger.begin_post(begun, posted_at=relay.clock(), deadline=relay.clock() + 300)

    assert track(relay).wait_s == 307


def test_two_looks_at_once_post_once(relay: Relay, mateo: MateoImports) -> None:
    unknown_import(relay, mateo, created=False)
    absent_twice(relay)
    stale = relay.entry("ref-1")
    relay.ledger.begin_post(stale, posted_at=relay.clock(), deadline=relay.clock() + 60)

    class Stale(Ledger):
        def get(self, reference: str) -> Entry | None:
            return stale

    ledger = Stale(relay.aws.dynamodb, LEDGER, relay.budget, relay.tally, clock=relay.clock)

    assert track(relay, ledger=ledger).status is Status.WAIT
    assert mateo.bodies == []


def test_a_post_on_the_next_day_takes_its_entities_from_that_day(
    relay: Relay, mateo: MateoImports
) -> None:
    relay.clock.now = MIDNIGHT - 30
    unknown_import(relay, mateo, created=False)
    absent_twice(relay)

    track(relay)

    assert (relay.entry("ref-1").day, relay.budget.usage().entities) == ("2026-11-22", 2)
    relay.clock.now = MIDNIGHT - 30
    assert relay.budget.usage().entities == 0


def test_without_room_on_the_next_day_the_records_go_back_to_the_queue(
    aws: Aws,
) -> None:
    clock = Clock(MIDNIGHT - 45)
    mateo = MateoImports(clock=clock)
    relay = Relay(aws, clock=clock, mateo=mateo, limits=replace(LIMITS, entities_per_day=2))
    unknown_import(relay, mateo, created=False)
    absent_twice(relay)
    sent_entry(relay, "other", rows=1)

    tracked = track(relay)

    assert (tracked.status, tracked.reason) == (Status.SEND_BACK, "limit.entities")
    assert relay.entry("ref-1").day == "2026-11-21"
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
    absent_twice(relay)
    mateo.answers.extend([httpx.Response(200, json=[]), answer])

    tracked = track(relay)

    assert (tracked.status, tracked.reason) == (Status.WAIT, reason)
    assert tracked.wait_s == pytest.approx(wait_s, abs=2)
    assert relay.entry("ref-1").posts == 1
    relay.clock.now += tracked.wait_s
    track(relay)
    assert relay.entry("ref-1").state is State.SENT


def test_a_second_post_whose_answer_is_lost_is_looked_up_like_the_first(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=False)
    absent_twice(relay)
    mateo.answers.extend([httpx.Response(200, json=[]), mateo.create_without_answer])
    track(relay)
    assert relay.entry("ref-1").state is State.UNKNOWN

    track(relay)

    assert relay.entry("ref-1").state is State.SENT
    assert len(mateo.imports) == 1


@pytest.mark.parametrize("status", [400, 409, 413])
def test_an_import_that_is_refused_when_posted_again_goes_back_to_the_queue(
    relay: Relay, mateo: MateoImports, status: int
) -> None:
    unknown_import(relay, mateo, created=False)
    absent_twice(relay)
    mateo.answers.extend([httpx.Response(200, json=[]), httpx.Response(status)])

    assert track(relay).status is Status.SEND_BACK


def test_an_import_that_never_gets_through_goes_back_to_the_queue(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=False)
    relay.ledger.advance("ref-1", source=[State.UNKNOWN], target=State.UNKNOWN, posts=6)
    relay.clock.now += 200
    absent_twice(relay)

    assert track(relay).status is Status.SEND_BACK
    assert mateo.bodies == []


def test_each_further_post_of_an_import_comes_later() -> None:
    assert [pause_after(posts) for posts in (1, 2, 3, 9)] == [60, 120, 240, 3600]


def test_a_post_that_lost_its_slot_does_not_count(relay: Relay, mateo: MateoImports) -> None:
    unknown_import(relay, mateo, created=False)
    absent_twice(relay)
    before = relay.entry("ref-1")
    api = relay.api
    looks = iter([True, False])
    api._is_in_time = lambda _: next(looks)

    track(relay, api=api)

    assert relay.entry("ref-1").posts == before.posts
    assert mateo.bodies == []


def test_an_import_whose_body_is_gone_is_given_up(relay: Relay, mateo: MateoImports) -> None:
    unknown_import(relay, mateo, created=False)
    absent_twice(relay)
    relay.aws.s3.delete_object(Bucket="relay-bucket", Key="imports/ref-1/request.json.gz")

    assert track(relay).status is Status.GAVE_UP


def test_an_import_that_is_certainly_absent_at_the_end_of_tracking_goes_back_to_the_queue(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=False)
    absent_twice(relay)

    assert track(relay, hours=0.01).status is Status.SEND_BACK
    assert mateo.bodies == []


# sent


def counted(reference: str, total: int = 2, *, done: bool = True) -> dict[str, object]:
    return {
        "id": f"id-of-{reference}",
        "total_count": total,
        "success_count": total if done else None,
        "failed_count": 0 if done else None,
    }


def test_an_import_is_finished_when_its_counts_add_up(relay: Relay, mateo: MateoImports) -> None:
    sent_entry(relay, "ref-1")
    relay.clock.now += 5
    mateo.answers.append(httpx.Response(200, json=[counted("ref-1")]))

    assert track(relay).status is Status.FINISHED


@pytest.mark.parametrize(("age", "wait_s"), [(5, 6), (10, 11), (40, 41), (5_000, 900)])
def test_waits_grow_with_the_age_of_the_import(
    relay: Relay, mateo: MateoImports, age: int, wait_s: int
) -> None:
    sent_entry(relay, "ref-1")
    relay.clock.now += age + 0.1
    mateo.answers.append(httpx.Response(200, json=[counted("ref-1", done=False)]))

    assert track(relay).wait_s == wait_s


@pytest.mark.parametrize("total", [0, 1])
def test_counts_that_add_up_to_another_number_of_rows_may_still_grow(
    relay: Relay, mateo: MateoImports, total: int
) -> None:
    sent_entry(relay, "ref-1")
    relay.clock.now += 5
    mateo.answers.append(httpx.Response(200, json=[counted("ref-1", total)]))

    assert track(relay).status is Status.WAIT


def test_counts_that_stay_at_another_number_of_rows_are_believed_after_an_hour(
    relay: Relay, mateo: MateoImports
) -> None:
    sent_entry(relay, "ref-1")
    statuses = []

    for total, pause in [(0, 5), (1, HOUR / 2), (1, HOUR - 1), (1, 900)]:
        relay.clock.now += pause
        mateo.answers.append(httpx.Response(200, json=[counted("ref-1", total)]))
        statuses.append(track(relay).status)

    assert statuses == [Status.WAIT, Status.WAIT, Status.WAIT, Status.FINISHED]


def test_zeros_are_never_believed(relay: Relay, mateo: MateoImports) -> None:
    """An import that Mateo has not begun may look like that."""
    sent_entry(relay, "ref-1")

    for _ in range(4):
        relay.clock.now += HOUR
        mateo.answers.append(httpx.Response(200, json=[counted("ref-1", 0)]))
        assert track(relay).status is Status.WAIT


def test_one_poll_serves_all_imports(relay: Relay, mateo: MateoImports) -> None:
    sent_entry(relay, "ref-1")
    sent_entry(relay, "ref-2")
    relay.clock.now += 5
    mateo.answers.append(httpx.Response(200, json=[counted("ref-1"), counted("ref-2")]))

    assert track(relay, "ref-1").status is Status.FINISHED
    assert track(relay, "ref-2").status is Status.FINISHED
    assert [url.params["id"] for url in mateo.gets] == ["in.(id-of-ref-1,id-of-ref-2)"]


def test_a_poll_for_fifty_others_still_asks_for_the_own_import(
    relay: Relay, mateo: MateoImports
) -> None:
    for number in range(60):
        sent_entry(relay, f"ref-{number}")
        relay.clock.now += 0.01
    relay.clock.now += 5
    mateo.answers.append(httpx.Response(200, json=[]))

    track(relay, "ref-59")

    asked = mateo.gets[0].params["id"].removeprefix("in.(").removesuffix(")").split(",")
    assert (len(asked), asked[0]) == (50, "id-of-ref-59")


def test_who_was_asked_about_longest_ago_comes_first(relay: Relay, mateo: MateoImports) -> None:
    for number in range(52):
        sent_entry(relay, f"ref-{number}")
    for number in range(1, 50):
        relay.ledger.record_poll(relay.entry(f"ref-{number}"), polled_at=NOON, counts={})
    relay.clock.now += 5
    mateo.answers.append(httpx.Response(200, json=[]))

    track(relay, "ref-0")

    assert mateo.gets[0].params["id"].startswith("in.(id-of-ref-0,id-of-ref-5")


def test_while_somebody_polls_nobody_else_does(relay: Relay, mateo: MateoImports) -> None:
    sent_entry(relay, "ref-1")
    relay.clock.now += 5
    relay.ledger.claim_round(not_since=relay.clock.now)
    relay.clock.now += 1

    tracked = track(relay)

    assert (tracked.status, tracked.wait_s) == (Status.WAIT, 5)
    assert mateo.requests == []


def test_a_poll_without_an_answer_spares_the_others_theirs(
    relay: Relay, mateo: MateoImports
) -> None:
    sent_entry(relay, "ref-1")
    sent_entry(relay, "ref-2")
    relay.clock.now += 40
    mateo.answers.append(httpx.Response(503))

    tracked = track(relay, "ref-1")
    relay.clock.now += 5
    track(relay, "ref-2")

    assert (tracked.status, tracked.reason) == (Status.WAIT, "mateo.unreachable")
    assert len(mateo.requests) == 1


def test_an_import_that_mateo_no_longer_lists_is_waited_for(
    relay: Relay, mateo: MateoImports
) -> None:
    sent_entry(relay, "ref-1")
    relay.clock.now += 5

    assert track(relay).status is Status.WAIT
    assert relay.entry("ref-1").state is State.SENT


def test_an_import_is_given_up_after_the_tracking_hours(relay: Relay, mateo: MateoImports) -> None:
    sent_entry(relay, "ref-1")
    relay.clock.now += 2 * HOUR

    tracked = track(relay, hours=2)

    assert (tracked.status, tracked.reason) == (Status.GAVE_UP, "import.unfinished")
    assert len(mateo.requests) == 1


def test_no_wait_goes_far_beyond_the_tracking_hours(relay: Relay, mateo: MateoImports) -> None:
    sent_entry(relay, "ref-1")
    relay.clock.now += 2 * HOUR - 100

    assert track(relay, hours=2).wait_s == pytest.approx(100, abs=1)


def test_wrong_credentials_are_waited_out(relay: Relay, mateo: MateoImports) -> None:
    sent_entry(relay, "ref-1")
    relay.clock.now += 5
    mateo.answers.append(httpx.Response(403))

    tracked = track(relay)

    assert (tracked.wait_s, tracked.reason) == (900, "mateo.credentials")
    assert [keys["reason"] for keys in relay.said("import.waiting")] == ["mateo.credentials"]


def test_a_new_token_is_tried_at_once(relay: Relay, mateo: MateoImports) -> None:
    sent_entry(relay, "ref-1")
    relay.clock.now += 5
    mateo.answers.append(httpx.Response(403))

    tracked = track(relay, api=api_with_new_token(relay))

    assert (tracked.wait_s, tracked.reason) == (5, "")


def test_when_the_requests_of_the_day_are_spent_the_next_day_is_waited_for(aws: Aws) -> None:
    relay = Relay(aws, limits=replace(LIMITS, requests_per_day=1))
    sent_entry(relay, "ref-1")
    relay.budget.take_slot(deadline=relay.clock.now + 60, for_tracking=True)
    with pytest.raises(LimitReached):
        relay.budget.take_slot(deadline=relay.clock.now + 60)

    tracked = track(relay)

    assert relay.clock.now + tracked.wait_s == pytest.approx(MIDNIGHT + 60, abs=1)
    assert tracked.reason == "limit.requests"


def test_mateos_own_waiting_time_is_kept(relay: Relay, mateo: MateoImports) -> None:
    sent_entry(relay, "ref-1")
    relay.clock.now += 5
    mateo.answers.append(httpx.Response(429, headers={"retry-after": "77"}))

    assert track(relay).wait_s == 77


@pytest.mark.parametrize("processing_s", [2, 20, 90, 600])
def test_a_days_entities_in_twelve_imports_cost_at_most_forty_requests(
    relay: Relay, mateo: MateoImports, processing_s: int
) -> None:
    """Posted three seconds apart: twelve posts, twelve results, and the polls."""
    due: list[tuple[float, str]] = []
    posted = {}
    for number in range(12):
        reference = f"ref-{number}"
        stored = mateo.add([{}, {}])
        sent_entry(relay, reference, import_id=stored.id)
        posted[reference] = (relay.clock.now, stored)
        due.append((relay.clock.now + 5, reference))
        relay.clock.now += 3
    while due:
        due.sort()
        at, reference = due.pop(0)
        relay.clock.now = max(relay.clock.now, at)
        for since, stored in posted.values():
            if relay.clock.now >= since + processing_s:
                stored.finish()
        tracked = track(relay, reference)
        if tracked.status is Status.WAIT:
            due.append((relay.clock.now + tracked.wait_s, reference))

    assert 12 + 12 + len(mateo.gets) <= 40
