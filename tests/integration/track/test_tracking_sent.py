"""How an import that was sent is asked about, until it is finished or given up."""

from dataclasses import replace

import httpx
import pytest

from import_relay.domain.errors import LimitReached
from import_relay.storage.entries import State
from import_relay.track.tracking import TrackingStatus
from tests.support.aws import Aws
from tests.support.builders import MIDNIGHT, NOON
from tests.support.following import api_with_new_token, followed, sent_entry, track
from tests.support.mateo import MateoImports
from tests.support.relay import LIMITS, Relay

HOUR = 3_600


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

    assert track(relay).status is TrackingStatus.FINISHED


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

    assert track(relay).status is TrackingStatus.WAIT


def test_counts_that_stay_at_another_number_of_rows_are_believed_after_an_hour(
    relay: Relay, mateo: MateoImports
) -> None:
    sent_entry(relay, "ref-1")
    statuses = []

    for total, pause in [(0, 5), (1, HOUR / 2), (1, HOUR - 1), (1, 900)]:
        relay.clock.now += pause
        mateo.answers.append(httpx.Response(200, json=[counted("ref-1", total)]))
        statuses.append(track(relay).status)

    assert statuses == [
        TrackingStatus.WAIT,
        TrackingStatus.WAIT,
        TrackingStatus.WAIT,
        TrackingStatus.FINISHED,
    ]


@pytest.mark.parametrize(
    ("total", "success", "then"),
    [
        (2, 1, TrackingStatus.FINISHED),
        (2, 0, TrackingStatus.FINISHED),  # if it has not begun, its list names no row
        (1, 0, TrackingStatus.WAIT),
        (2, None, TrackingStatus.WAIT),
    ],
)
def test_where_mateo_counts_no_failed_rows_the_list_is_read_after_an_hour(
    relay: Relay, mateo: MateoImports, total: int, success: int | None, then: TrackingStatus
) -> None:
    sent_entry(relay, "ref-1")
    shown = {**counted("ref-1", total), "success_count": success, "failed_count": None}
    statuses = []

    for pause in (5, HOUR - 1, 900):
        relay.clock.now += pause
        mateo.answers.append(httpx.Response(200, json=[shown]))
        statuses.append(track(relay).status)

    assert statuses == [TrackingStatus.WAIT, TrackingStatus.WAIT, then]


def test_an_import_whose_failed_rows_are_never_listed_is_given_up(
    relay: Relay, mateo: MateoImports
) -> None:
    sent_entry(relay, "ref-1")
    shown = {**counted("ref-1"), "success_count": 1, "failed_count": None}

    for _ in range(20):
        mateo.answers.append(httpx.Response(200, json=[shown]))
        last = track(relay, hours=2)
        relay.clock.now += 900

    assert last.status is TrackingStatus.TIMED_OUT


def test_zeros_are_never_believed(relay: Relay, mateo: MateoImports) -> None:
    """An import that Mateo has not begun may look like that."""
    sent_entry(relay, "ref-1")

    for _ in range(4):
        relay.clock.now += HOUR
        mateo.answers.append(httpx.Response(200, json=[counted("ref-1", 0)]))
        assert track(relay).status is TrackingStatus.WAIT


def test_one_poll_serves_all_imports(relay: Relay, mateo: MateoImports) -> None:
    sent_entry(relay, "ref-1")
    sent_entry(relay, "ref-2")
    relay.clock.now += 5
    mateo.answers.append(httpx.Response(200, json=[counted("ref-1"), counted("ref-2")]))

    assert track(relay, "ref-1").status is TrackingStatus.FINISHED
    assert track(relay, "ref-2").status is TrackingStatus.FINISHED
    assert [url.params["id"] for url in mateo.gets] == ["in.(id-of-ref-1,id-of-ref-2)"]


def test_a_poll_asks_for_its_own_import_first_though_fifty_others_are_due(
    relay: Relay, mateo: MateoImports
) -> None:
    for number in range(60):
        sent_entry(relay, f"ref-{number}")
        relay.clock.now += 0.01
    relay.clock.now += 5
    mateo.answers.append(httpx.Response(200, json=[]))

    track(relay, "ref-59")

    asked = asked_about(mateo)
    assert (len(asked), asked[0]) == (50, "id-of-ref-59")


def asked_about(mateo: MateoImports) -> list[str]:
    """The ids of the first poll."""
    return mateo.gets[0].params["id"].removeprefix("in.(").removesuffix(")").split(",")


def test_imports_that_were_polled_longest_ago_are_asked_about_first(
    relay: Relay, mateo: MateoImports
) -> None:
    for number in range(52):
        sent_entry(relay, f"ref-{number}")
    for number in range(1, 50):
        relay.ledger.record_poll(relay.entry(f"ref-{number}"), polled_at=NOON, counts={})
    relay.clock.now += 5
    mateo.answers.append(httpx.Response(200, json=[]))

    track(relay, "ref-0")

    first, *others = asked_about(mateo)
    assert first == "id-of-ref-0"
    assert set(others[:2]) == {"id-of-ref-50", "id-of-ref-51"}


def test_while_another_execution_polls_an_import_waits(relay: Relay, mateo: MateoImports) -> None:
    sent_entry(relay, "ref-1")
    relay.clock.now += 5
    relay.ledger.claim_round(not_since=relay.clock.now)
    relay.clock.now += 1

    tracked = track(relay)

    assert (tracked.status, tracked.wait_s) == (TrackingStatus.WAIT, 5)
    assert mateo.requests == []


def test_after_a_poll_without_an_answer_the_other_imports_wait_too(
    relay: Relay, mateo: MateoImports
) -> None:
    sent_entry(relay, "ref-1")
    sent_entry(relay, "ref-2")
    relay.clock.now += 40
    mateo.answers.append(httpx.Response(503))

    tracked = track(relay, "ref-1")
    relay.clock.now += 5
    track(relay, "ref-2")

    assert (tracked.status, tracked.reason) == (TrackingStatus.WAIT, "mateo.unreachable")
    assert len(mateo.requests) == 1


def test_an_import_that_mateo_no_longer_lists_is_waited_for(
    relay: Relay, mateo: MateoImports
) -> None:
    sent_entry(relay, "ref-1")
    relay.clock.now += 5

    assert track(relay).status is TrackingStatus.WAIT
    assert relay.entry("ref-1").state is State.SENT


def test_an_import_is_given_up_after_the_tracking_hours(relay: Relay, mateo: MateoImports) -> None:
    sent_entry(relay, "ref-1")

    tracked = followed(relay, hours=2)

    assert (tracked.status, tracked.reason) == (TrackingStatus.TIMED_OUT, "import.unfinished")
    assert 2 * HOUR <= relay.clock.now - NOON <= 2.5 * HOUR


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(401),
        httpx.Response(503),
        httpx.Response(429, headers={"retry-after": "1"}),
        httpx.ConnectError("down"),
        httpx.ReadTimeout("mute"),
        httpx.Response(200, json={}),
    ],
    ids=repr,
)
def test_hours_in_which_mateo_cannot_be_asked_do_not_count(
    relay: Relay, mateo: MateoImports, answer: httpx.Response | Exception
) -> None:
    sent_entry(relay, "ref-1")
    mateo.answers.extend([answer] * 5)
    for _ in range(5):
        relay.clock.now += 13 * HOUR
        assert track(relay, hours=2).status is TrackingStatus.WAIT
    begun_at = relay.clock.now

    assert followed(relay, hours=2).status is TrackingStatus.TIMED_OUT
    assert 1 * HOUR <= relay.clock.now - begun_at <= 2.5 * HOUR


def test_an_import_that_finished_while_mateo_could_not_be_asked_is_finished(
    relay: Relay, mateo: MateoImports
) -> None:
    sent_entry(relay, "ref-1")
    mateo.answers.extend([httpx.Response(401), httpx.Response(200, json=[counted("ref-1")])])
    relay.clock.now += 10
    track(relay)
    relay.clock.now += 65 * HOUR

    assert track(relay).status is TrackingStatus.FINISHED


def test_the_poll_of_another_import_counts_as_an_answer(relay: Relay, mateo: MateoImports) -> None:
    for reference in ("ref-1", "ref-2"):
        sent_entry(relay, reference)
    relay.clock.now += 600

    track(relay, "ref-2")

    assert relay.entry("ref-1").answered_s == relay.entry("ref-2").answered_s == 600


def test_with_wrong_credentials_an_import_waits_for_a_quarter_of_an_hour(
    relay: Relay, mateo: MateoImports
) -> None:
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


def test_once_the_days_requests_are_spent_an_import_waits_for_the_next_day(aws: Aws) -> None:
    relay = Relay(aws, limits=replace(LIMITS, requests_per_day=1))
    sent_entry(relay, "ref-1")
    relay.permits.acquire(deadline=relay.clock.now + 60, for_tracking=True)
    with pytest.raises(LimitReached):
        relay.permits.acquire(deadline=relay.clock.now + 60)

    tracked = track(relay)

    assert relay.clock.now + tracked.wait_s == pytest.approx(MIDNIGHT + 60, abs=1)
    assert tracked.reason == "limit.requests"


def test_the_retry_after_of_mateo_is_respected(relay: Relay, mateo: MateoImports) -> None:
    sent_entry(relay, "ref-1")
    relay.clock.now += 5
    mateo.answers.append(httpx.Response(429, headers={"retry-after": "77"}))

    assert track(relay).wait_s == 77


def test_a_retry_after_is_not_respected_longer_than_mateos_day(
    relay: Relay, mateo: MateoImports
) -> None:
    sent_entry(relay, "ref-1")
    relay.clock.now += 5
    mateo.answers.append(httpx.Response(429, headers={"retry-after": "600000"}))

    tracked = track(relay)

    assert relay.clock.now + tracked.wait_s == pytest.approx(MIDNIGHT + 60, abs=1)


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
        if tracked.status is TrackingStatus.WAIT:
            due.append((relay.clock.now + tracked.wait_s, reference))

    assert 12 + 12 + len(mateo.gets) <= 40
