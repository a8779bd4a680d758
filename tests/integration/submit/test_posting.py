"""What each answer of Mateo to a post does."""

from dataclasses import replace

import httpx
import pytest

from import_relay.storage.entries import State
from import_relay.storage.pause import RESET_MARGIN_S
from import_relay.submit.batch_run import MAX_IMPORT_BISECTIONS
from tests.integration.submit.people import ADA
from tests.integration.submit.refused import people, refusing
from tests.support.builders import MIDNIGHT, message
from tests.support.relay import LIMITS, Relay


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("reset"),
        httpx.Response(500, json={"code": "57014", "message": "timeout", "status": 500}),
        httpx.Response(503),
        httpx.Response(201),
        httpx.Response(201, text="not json"),
        httpx.Response(418),
    ],
)
def test_an_import_whose_answer_was_lost_keeps_its_reservation_and_is_not_posted_again(
    relay: Relay, answer: httpx.Response | Exception
) -> None:
    relay.mateo.answers.append(answer)

    report = relay.submit(message([ADA]))
    relay.clock.sleep(400)
    relay.submit(message([ADA]))

    assert len(relay.mateo.requests) == 1
    assert relay.entry("ref-1").state is State.UNKNOWN
    assert relay.quota.usage().entities == 1
    assert report.failed_message_ids == set()


def test_without_a_connection_nothing_was_sent_and_everything_waits(relay: Relay) -> None:
    relay.mateo.answers.append(httpx.ConnectError("refused"))

    report = relay.submit(message([ADA]))

    assert relay.entry("ref-1").state is State.ABANDONED
    assert relay.quota.usage().entities == 0
    assert len(relay.aws.queued()) == 1
    assert report.paused == "mateo.unreachable"
    assert relay.pause.state().consecutive_failures == 1


def test_each_outage_in_a_row_pauses_longer_and_a_success_starts_over(relay: Relay) -> None:
    relay.mateo.answers.extend([httpx.ConnectError("no"), httpx.ConnectError("no")])
    pauses = []
    for _ in range(2):
        relay.submit(message([ADA]))
        pauses.append(relay.pause.state().paused_until - relay.clock())
        relay.clock.now = relay.pause.state().paused_until

    relay.submit(message([ADA]))

    assert pauses == [60, 120]
    assert relay.pause.state().consecutive_failures == 0
    assert relay.entry("ref-3").state is State.SENT


@pytest.mark.parametrize(("failures", "imports"), [(0, 1), (1, 2), (MAX_IMPORT_BISECTIONS, 4)])
def test_imports_are_smaller_the_more_of_them_mateo_left_unanswered(
    relay: Relay, failures: int, imports: int
) -> None:
    relay.rows_per_import = 4
    relay.clock.now = relay.pause.begin(
        relay.clock() + 60, "mateo.unanswered", consecutive_failures=failures
    )

    report = relay.submit(message([{**ADA, "id": number} for number in range(4)]))

    assert report.imports == imports


def test_five_thousand_rows_become_one_if_mateo_never_answers() -> None:
    assert 5_000 >> MAX_IMPORT_BISECTIONS == 0


@pytest.mark.parametrize("status", [401, 403, 404, 302])
def test_wrong_credentials_pause_submission_and_lose_nothing(relay: Relay, status: int) -> None:
    relay.mateo.answers.append(httpx.Response(status))

    report = relay.submit(message([ADA]))

    assert report.paused == "mateo.credentials"
    assert relay.entry("ref-1").state is State.ABANDONED
    assert relay.quota.usage().entities == 0
    assert len(relay.aws.queued()) == 1


def test_a_short_retry_after_is_waited_for(relay: Relay) -> None:
    relay.mateo.answers.append(httpx.Response(429, headers={"retry-after": "2"}))

    report = relay.submit(message([ADA]))

    assert len(relay.mateo.requests) == 2
    assert report.paused == ""
    assert relay.entry("ref-2").state is State.SENT


def test_a_long_retry_after_pauses_submission_until_then(relay: Relay) -> None:
    relay.mateo.answers.append(httpx.Response(429, headers={"retry-after": "7200"}))

    report = relay.submit(message([ADA]))

    assert report.paused == "mateo.rate_limited"
    assert relay.pause.state().paused_until - relay.clock() == pytest.approx(7200, abs=1)
    assert len(relay.aws.queued()) == 1


@pytest.mark.parametrize("headers", [{"ratelimit-reset": "60000"}, {"retry-after": "600000"}])
def test_no_wait_that_mateo_asks_for_lasts_longer_than_its_day(
    relay: Relay, headers: dict[str, str]
) -> None:
    relay.mateo.answers.append(httpx.Response(429, headers=headers))

    relay.submit(message([ADA]))

    assert relay.pause.state().paused_until == MIDNIGHT + RESET_MARGIN_S


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"retry-after": "0"},
        {"retry-after": "1"},
        {"retry-after": "30"},
        {"retry-after": "soon"},
        {"ratelimit-reset": "1"},
        {"retry-after": "1", "ratelimit-reset": "3600"},
    ],
    ids=str,
)
def test_refused_posts_in_a_row_pause_longer_whatever_mateo_says(
    relay: Relay, headers: dict[str, str]
) -> None:
    relay.mateo.answers.extend([httpx.Response(429, headers=headers)] * 1_000)
    until = relay.clock() + 86_400
    pauses: list[int] = []
    while relay.clock() < until:
        relay.submit(message([ADA]), invocation=f"i{len(pauses)}")
        pauses.append(round(relay.pause.state().paused_until - relay.clock()))
        relay.clock.now = relay.pause.state().paused_until

    assert pauses == sorted(pauses)
    assert pauses[-1] == pytest.approx(3_600, abs=1)
    assert len(relay.mateo.requests) <= 32


def test_failures_of_different_kinds_in_a_row_count_together(relay: Relay) -> None:
    relay.mateo.answers.extend(
        [
            httpx.ConnectError("no"),
            httpx.Response(401),
            httpx.Response(429, headers={"retry-after": "1"}),
        ]
    )
    consecutive_failures = []
    for number in range(3):
        relay.submit(message([ADA]), invocation=f"i{number}")
        consecutive_failures.append(relay.pause.state().consecutive_failures)
        pause = relay.pause.state().paused_until - relay.clock()
        relay.clock.now = relay.pause.state().paused_until

    assert consecutive_failures == [1, 1, 2]
    assert pause == pytest.approx(120, abs=1)


def test_a_pause_for_a_spent_day_keeps_the_count_of_failures(relay: Relay) -> None:
    relay.mateo.answers.append(httpx.ConnectError("no"))
    relay.submit(message([ADA]))
    relay.clock.now = relay.pause.state().paused_until
    relay.limits = replace(LIMITS, requests_per_day=1)

    report = relay.submit(message([ADA]), invocation="second", again=True)

    assert report.paused == "limit.requests"
    assert relay.pause.state().consecutive_failures == 1


def test_a_429_on_the_first_import_of_a_day_pauses_submission_for_an_hour(relay: Relay) -> None:
    relay.mateo.answers.append(httpx.Response(429))

    relay.submit(message([ADA]))

    assert relay.pause.state().paused_until - relay.clock() == pytest.approx(3600, abs=1)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refused_import_is_bisected_until_the_bad_row_is_isolated(
    relay: Relay, status: int
) -> None:
    relay.mateo.answers.extend([refusing("2", status=status)] * 50)

    report = relay.submit(people(range(8)))

    (line,) = relay.aws.lines("rejected/")
    assert line["code"] == "row.refused_by_mateo"
    assert line["item_id"] == "d1/2"
    assert f"{status} PGRST204: Could not find" in line["what"]
    assert report.rows == 7
    assert relay.quota.usage().entities == 7


def test_no_personal_data_in_events(relay: Relay) -> None:
    relay.mateo.answers.append(httpx.Response(400, json={"message": "ada@example.com is bad"}))

    relay.submit(message([ADA]))

    assert "ada@" not in str(relay.events).lower()  # "ada" alone is part of many a hex id


def test_an_import_is_posted_again_at_once_if_there_is_a_newer_token(relay: Relay) -> None:
    relay.mateo.answers.append(httpx.Response(401))
    api = replace(relay.api, renew_token=lambda: True)

    report = relay.submit(message([ADA]), api=api)

    assert report.paused == ""
    assert relay.entry("ref-1").state is State.ABANDONED
    assert relay.entry("ref-2").state is State.SENT
    assert relay.quota.usage().entities == 1


def test_imports_shrink_while_mateo_leaves_posts_unanswered(relay: Relay) -> None:
    relay.rows_per_import = 8
    relay.mateo.answers.append(httpx.ReadTimeout("slow"))
    relay.submit(message([{"id": n} for n in range(8)]))
    relay.clock.now = relay.pause.state().paused_until

    relay.submit(message([{"id": n} for n in range(100, 108)], delivery="d2"), invocation="second")

    assert [len(body["payload"]) for body in relay.mateo.bodies] == [8, 4, 4]
