"""What an answer to a post means for its rows: the table that decides it, in full."""

import httpx
import pytest

from import_relay.mateo.post_results import BY_STATUS, PostResult, of_exception, of_status
from tests.unit.mateo.serving import posted

STATUSES = {
    400: PostResult.REFUSED,
    401: PostResult.CREDENTIALS,
    403: PostResult.CREDENTIALS,
    404: PostResult.CREDENTIALS,
    405: PostResult.CREDENTIALS,
    409: PostResult.REFUSED_WHOLE,
    413: PostResult.REFUSED,
    422: PostResult.REFUSED,
    429: PostResult.RATE_LIMITED,
    301: PostResult.CREDENTIALS,
    302: PostResult.CREDENTIALS,
    307: PostResult.CREDENTIALS,
    308: PostResult.CREDENTIALS,
    408: PostResult.UNKNOWN,
    418: PostResult.UNKNOWN,
    499: PostResult.UNKNOWN,
    500: PostResult.UNKNOWN,
    502: PostResult.UNKNOWN,
    503: PostResult.UNKNOWN,
    504: PostResult.UNKNOWN,
    599: PostResult.UNKNOWN,
}


@pytest.mark.parametrize(("status", "outcome"), STATUSES.items())
def test_each_status_means_one_result_even_if_an_id_comes_with_it(
    status: int, outcome: PostResult
) -> None:
    headers = {"location": "https://elsewhere.example.com/import"}
    answer = httpx.Response(status, json={"id": "i1"}, headers=headers)

    assert posted(answer).outcome is outcome


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        ('new row violates row-level security policy for table "import"', "REFUSED_WHOLE"),
        ("permission denied for table import", "CREDENTIALS"),
    ],
)
def test_a_403_refuses_the_token_unless_row_level_security_refuses_the_rows(
    message: str, outcome: str
) -> None:
    answer = httpx.Response(403, json={"code": "42501", "message": message})

    assert posted(answer).outcome is PostResult[outcome]


def test_the_table_of_statuses_is_tried_in_full() -> None:
    assert BY_STATUS.keys() <= STATUSES.keys()


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize("content", [{"id": "i1"}, [{"id": "i1"}]])
def test_success_with_an_id_is_sent_as_an_object_or_a_list_of_one(
    status: int, content: object
) -> None:
    result = posted(httpx.Response(status, json=content))

    assert (result.outcome, result.import_id) == (PostResult.SENT, "i1")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(204),
        httpx.Response(201),
        httpx.Response(201, json={}),
        httpx.Response(201, json={"id": None}),
        httpx.Response(201, json={"id": ""}),
        httpx.Response(201, json={"id": 7}),
        httpx.Response(201, json=[]),
        httpx.Response(201, json=[{"id": "i1"}, {"id": "i2"}]),
        httpx.Response(201, json="i1"),
        httpx.Response(200, text=" "),
    ],
)
def test_success_without_one_id_is_accepted_never_dropped(answer: httpx.Response) -> None:
    result = posted(answer)

    assert (result.outcome, result.import_id) == (PostResult.ACCEPTED, "")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(201, content=b"\xff"),
        httpx.Response(201, text="created"),
        httpx.Response(201, content=b"[" * 200_000),
        httpx.Response(200, html=""),
        httpx.Response(200, json={}, headers={"content-type": "text/html; charset=utf-8"}),
    ],
)
def test_success_with_what_no_api_sends_is_unknown(answer: httpx.Response) -> None:
    result = posted(answer)

    assert (result.outcome, result.import_id) == (PostResult.UNKNOWN, "")


def test_an_id_without_success_counts_for_nothing() -> None:
    assert of_status(500, "i1") is PostResult.UNKNOWN


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (httpx.ConnectError("no route"), PostResult.NOT_SENT),
        (httpx.ConnectTimeout("slow"), PostResult.NOT_SENT),
        (httpx.PoolTimeout("busy"), PostResult.NOT_SENT),
        (httpx.UnsupportedProtocol("what is this"), PostResult.CREDENTIALS),
        (httpx.ReadTimeout("slow"), PostResult.UNKNOWN),
        (httpx.WriteTimeout("slow"), PostResult.UNKNOWN),
        (httpx.ReadError("reset"), PostResult.UNKNOWN),
        (httpx.WriteError("reset"), PostResult.UNKNOWN),
        (httpx.CloseError("reset"), PostResult.UNKNOWN),
        (httpx.RemoteProtocolError("closed"), PostResult.UNKNOWN),
        (httpx.ProxyError("who knows"), PostResult.UNKNOWN),
        (httpx.DecodingError("bad gzip"), PostResult.UNKNOWN),
    ],
)
def test_without_an_answer_only_a_connection_never_made_is_certain(
    error: httpx.HTTPError, outcome: PostResult
) -> None:
    result = posted(error)

    assert of_exception(error) is outcome
    assert (result.outcome, result.message) == (outcome, type(error).__name__)
