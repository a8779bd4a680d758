"""Requests to a CRM: their pace, their retries, and what each sort of answer leads to."""

import gzip
import json
from collections.abc import Callable, Iterator, Sequence

import httpx
import pytest

from import_relay.connectors.shared import crm_api
from import_relay.connectors.shared.crm_api import VALUE_B, CrmApi
from import_relay.domain.errors import RecordsNotFetched
from tests.support.builders import NOON
from tests.support.relay import Clock

URL = "https://crm.example.com/records"


def api(
    answer: Callable[[httpx.Request], httpx.Response],
    clock: Clock | None = None,
    *,
    seconds: float = 60.0,
    pace: float = 1_000.0,
) -> CrmApi:
    clock = clock or Clock()
    client = httpx.Client(transport=httpx.MockTransport(answer))
    return CrmApi(client, "token", {}, pace, clock.now + seconds, clock, clock.sleep)


def answering(*answers: httpx.Response | Exception) -> Callable[[httpx.Request], httpx.Response]:
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        following = left.pop(0)
        if isinstance(following, Exception):
            raise following
        return following

    return answer


def failure(
    answers: Sequence[httpx.Response | Exception], *, seconds: float = 60.0
) -> RecordsNotFetched:
    with pytest.raises(RecordsNotFetched) as caught:
        api(answering(*answers), seconds=seconds).request("GET", URL)
    return caught.value


def test_the_value_of_a_successful_answer_is_returned() -> None:
    assert api(answering(httpx.Response(200, json=[1]))).request("GET", URL) == [1]


def test_numbers_beyond_2_53_stay_exact() -> None:
    answer = answering(httpx.Response(200, content=b'{"id": 9007199254740993}'))

    assert api(answer).request("GET", URL) == {"id": 9007199254740993}


def test_no_content_is_no_failure() -> None:
    assert api(answering(httpx.Response(204))).request("GET", URL) is None


@pytest.mark.parametrize(
    "failed",
    [
        httpx.Response(429),
        httpx.Response(500),
        httpx.Response(502),
        httpx.Response(503, headers={"retry-after": "2"}),
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("down"),
    ],
)
def test_a_failure_that_may_pass_within_seconds_is_retried(
    failed: httpx.Response | Exception,
) -> None:
    answers = answering(failed, httpx.Response(200, json={"a": 1}))

    assert api(answers).request("GET", URL) == {"a": 1}


def test_a_retry_waits_as_long_as_it_is_told() -> None:
    clock = Clock()
    answers = answering(
        httpx.Response(429, headers={"retry-after": "4"}), httpx.Response(200, json=1)
    )

    api(answers, clock).request("GET", URL)

    assert clock.now == NOON + 4.0


def test_after_three_attempts_the_records_wait() -> None:
    assert failure([httpx.Response(503)] * 3).code == "fetcher.unavailable"


@pytest.mark.parametrize("given", ["6", "86400", "Sat, 21 Nov 2026 12:00:00 GMT", "-1", "x"])
def test_a_long_or_odd_retry_after_is_not_waited_for(given: str) -> None:
    error = failure([httpx.Response(429, headers={"retry-after": given})])

    assert error.code == "fetcher.unavailable"


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_not_retried(status: int) -> None:
    assert failure([httpx.Response(status)]).code == "fetcher.refused"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(400),
        httpx.Response(404),
        httpx.Response(302, headers={"location": "https://elsewhere.example.com"}),
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200),
        httpx.Response(200, content=b"[" * 100_000),
    ],
)
def test_any_other_answer_is_unexpected_and_not_retried(answer: httpx.Response) -> None:
    assert failure([answer]).code == "fetcher.unexpected"


def test_an_answer_far_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crm_api, "MAX_CRM_ANSWER_B", 3)

    assert failure([httpx.Response(200, content=b"[1,2]")]).code == "fetcher.unexpected"


@pytest.mark.parametrize(
    "url",
    ["http://crm.example.com/", "http://127.0.0.1:80@crm.example.com/", "x", "https://a:b", ""],
)
def test_a_token_is_sent_to_https_addresses_only(url: str) -> None:
    with pytest.raises(RecordsNotFetched) as caught:
        api(answering()).request("GET", url)

    assert caught.value.code == "fetcher.unexpected"


def test_requests_keep_the_pace() -> None:
    clock = Clock()
    calls = api(lambda request: httpx.Response(200, json=1), clock, pace=4.0)

    for _ in range(3):
        calls.request("GET", URL)

    assert clock.now == NOON + 0.5


def test_a_retry_that_the_batch_has_no_time_for_is_not_begun() -> None:
    error = failure([httpx.Response(503), httpx.Response(200, json=1)], seconds=0.3)

    assert error.code == "fetcher.out_of_time"


def test_an_answer_that_arrives_too_slowly_is_given_up_when_time_is_over() -> None:
    clock = Clock()

    def dripping() -> Iterator[bytes]:
        for _ in range(1_000):
            clock.now += 1.0
            yield b" "

    with pytest.raises(RecordsNotFetched) as caught:
        api(lambda _: httpx.Response(200, content=dripping()), clock, seconds=5).request("GET", URL)

    assert caught.value.code == "fetcher.unavailable"
    assert clock.now < NOON + 10


def test_the_reason_names_no_address_and_no_token() -> None:
    error = failure([httpx.ConnectError("https://crm.example.com token")] * 3)

    assert error.detail == "ConnectError"


# how much is read


def packed(content: bytes, coding: str) -> httpx.Response:
    return httpx.Response(200, headers={"content-encoding": coding}, content=iter([content]))


def test_an_answer_that_is_packed_once_is_read() -> None:
    answer = answering(packed(gzip.compress(b'{"a": 1}'), "gzip"))

    assert api(answer).request("GET", URL) == {"a": 1}


def test_an_answer_that_is_packed_twice_is_refused() -> None:
    bomb = gzip.compress(gzip.compress(b"0" * 10_000_000))

    assert failure([packed(bomb, "gzip, gzip")]).code == "fetcher.unexpected"


def test_an_answer_of_far_too_many_values_is_refused() -> None:
    text = b"[" + b"[]," * crm_api.MAX_ANSWER_VALUES + b"[]]"

    assert failure([httpx.Response(200, content=text)]).code == "fetcher.unexpected"


def test_no_more_is_read_once_the_answers_of_a_batch_are_large_enough() -> None:
    large = json.dumps("x" * 15_000_000).encode()
    calls = api(lambda request: httpx.Response(200, content=large))
    for _ in range(3):
        calls.request("GET", URL)

    with pytest.raises(RecordsNotFetched) as caught:
        calls.request("GET", URL)

    assert caught.value.code == "fetcher.out_of_time"


def test_small_values_count_by_the_memory_that_they_take() -> None:
    calls = api(lambda _: httpx.Response(200, text=f"[{'[],' * 9_999}[]]"))
    room = calls.room.left_b

    calls.request("GET", URL)

    assert room - calls.room.left_b == 20_000 * VALUE_B


def test_without_room_nothing_is_requested() -> None:
    calls = api(answering())
    calls.room.left_b = 0

    with pytest.raises(RecordsNotFetched) as caught:
        calls.request("GET", URL)

    assert caught.value.code == "fetcher.out_of_time"
