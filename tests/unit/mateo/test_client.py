"""The client of the Import API: what it asks, what answers mean, and who is shown the token."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from import_relay.domain.errors import CredentialsRefused, PermitTooFar
from import_relay.mateo.client import (
    POLL_PAGE,
    ImportApi,
    MateoUnavailable,
    Posted,
    http_client,
)
from import_relay.mateo.post_results import PostResult
from tests.unit.mateo.serving import BASE, PERMIT, TOKEN, Answer, Server, listed, posted

# create


def test_an_import_is_created_with_exactly_the_body_that_was_frozen() -> None:
    body = '{"type":"contact_details","payload":[{"full_name":"Zoë"}]}'.encode()
    server = Server(httpx.Response(201, json={"id": "i1"}))

    result = server.api.create(PERMIT, body)

    assert (server.request.method, str(server.request.url)) == ("POST", f"{BASE}/import?select=id")
    assert server.request.content == body
    assert server.request.headers["content-type"] == "application/json"
    assert server.request.headers["authorization"] == f"Bearer {TOKEN}"
    assert (result.outcome, result.import_id, result.status) == (PostResult.SENT, "i1", 201)


@pytest.mark.parametrize("token", ["", "tökn", "two\nlines", "nul\0"])
def test_a_text_that_cannot_be_a_token_is_not_sent_and_counts_as_refused(token: str) -> None:
    server = Server(httpx.Response(201, json={"id": "i1"}), token=token)

    assert server.api.create(PERMIT, b"{}").outcome is PostResult.CREDENTIALS
    with pytest.raises(CredentialsRefused) as caught:
        server.api.poll(PERMIT, ["i1"])
    assert server.requests == []
    assert not token or token not in str(caught.value)


def test_a_redirect_is_never_followed_with_the_import_and_the_token() -> None:
    headers = {"location": "https://elsewhere.example.com/import"}
    server = Server(httpx.Response(307, headers=headers))

    server.api.create(PERMIT, b"{}")

    assert len(server.requests) == 1


def test_mateos_own_message_is_kept_for_the_report_and_bounded() -> None:
    answer = httpx.Response(400, json={"code": "x", "message": "bad row" + "!" * 5_000})

    assert posted(answer).message.startswith("bad row!")
    assert len(posted(answer).message) == 500


@pytest.mark.parametrize(
    ("error", "is_named"),
    [
        ({"message": "Could not find the 'reference_id' column of 'import'"}, True),
        ({"message": "Bad request", "hint": "unknown column reference_id"}, True),
        ({"message": "invalid", "details": [{"path": "reference_id"}]}, True),
        ({"message": "Could not find the 'vip' column of 'contact_details'"}, False),
    ],
)
def test_a_refused_reference_id_is_noticed_wherever_the_answer_names_it(
    error: dict[str, object], is_named: bool
) -> None:
    assert posted(httpx.Response(400, json=error)).names_reference_id is is_named


def test_the_token_is_read_at_each_call() -> None:
    tokens = iter(["old", "new"])
    server = Server(httpx.Response(201, json={"id": "i1"}))
    api = ImportApi(server.api.http, BASE, lambda: next(tokens))

    api.create(PERMIT, b"{}")
    api.create(PERMIT, b"{}")

    assert [one.headers["authorization"] for one in server.requests] == ["Bearer old", "Bearer new"]


def test_a_request_whose_permit_has_expired_is_not_sent() -> None:
    server = Server(httpx.Response(201, json={"id": "i1"}))
    late = ImportApi(
        server.api.http, BASE, lambda: TOKEN, is_in_time=lambda permit: permit is not PERMIT
    )

    with pytest.raises(PermitTooFar):
        late.create(PERMIT, b"{}")
    with pytest.raises(PermitTooFar):
        late.poll(PERMIT, ["i1"])
    assert server.requests == []


def test_the_token_can_be_fetched_before_a_permit_is_taken() -> None:
    fetched: list[str] = []

    def token() -> str:
        fetched.append(TOKEN)
        return TOKEN

    ImportApi(http_client(), BASE, token).make_ready()

    assert fetched == [TOKEN]


# how long to wait


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"retry-after": "0"}, 0.0),
        ({"ratelimit-reset": "30"}, 30.0),
        ({"retry-after": "2", "ratelimit-reset": "30"}, 2.0),
        ({"retry-after": "Sat, 21 Nov 2026 12:00:00 GMT", "ratelimit-reset": "30"}, 30.0),
        ({}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "9999999999"}, None),
    ],
)
def test_the_time_to_wait_is_believed_only_if_it_is_a_sensible_number(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert posted(httpx.Response(429, headers=headers)).retry_after_s == seconds
    with pytest.raises(MateoUnavailable) as caught:
        Server(httpx.Response(429, headers=headers)).api.poll(PERMIT, ["i1"])
    assert caught.value.retry_after_s == seconds


# reading


def test_a_poll_asks_for_all_imports_in_one_call_and_only_for_documented_columns() -> None:
    server = Server(
        listed(
            {"id": "i2", "total_count": 5, "success_count": 4, "failed_count": 1, "new": True},
            {"id": "i1", "total_count": None},
        )
    )

    found = server.api.poll(PERMIT, ["i1", "i2", "i3"])

    assert server.request.method == "GET"
    assert server.request.url.path == "/api/v1/import"
    assert server.query == [
        ("id", "in.(i1,i2,i3)"),
        ("select", "id,created_at,total_count,success_count,failed_count"),
    ]
    assert found.keys() == {"i1", "i2"}
    assert (found["i2"].total_count, found["i2"].failed_count) == (5, 1)
    assert found["i1"].total_count is None


def test_a_poll_asks_for_no_more_than_a_page() -> None:
    server = Server(listed())

    server.api.poll(PERMIT, [f"i{n}" for n in range(60)])

    assert dict(server.query)["id"].count(",") == POLL_PAGE - 1 == 49


def test_a_result_names_no_column_since_an_unknown_one_is_an_error() -> None:
    server = Server(listed({"id": "i1", "failed": [{"code": "x"}], "hints": ["h"]}))

    result = server.api.result(PERMIT, "i1")

    assert server.query == [("id", "eq.i1")]
    assert result is not None
    assert (result.failed, result.hints) == ([{"code": "x"}], ["h"])


def test_an_import_that_is_not_there_has_no_result() -> None:
    assert Server(listed()).api.result(PERMIT, "i1") is None


def test_an_import_is_found_by_its_reference_oldest_first() -> None:
    server = Server(listed({"id": "i1", "reference_id": "r1"}))

    (found,) = server.api.find_by_reference(PERMIT, "r1")

    assert server.query == [
        ("order", "created_at.asc"),
        ("reference_id", "eq.r1"),
        (
            "select",
            "id,created_at,total_count,success_count,failed_count,reference_id",
        ),
    ]
    assert found.reference_id == "r1"


def test_an_import_is_found_by_type_and_the_time_of_its_creation() -> None:
    server = Server(listed({"id": "i1", "created_at": "2026-11-21T12:00:00+00:00"}))
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)

    (found,) = server.api.find_by_window(
        PERMIT,
        "deal_details",
        earliest=noon.timestamp() - 0.25,
        latest=noon.timestamp() + 60,
    )

    assert server.query == [
        ("created_at", "gte.2026-11-21T11:59:59.750000Z"),
        ("created_at", "lte.2026-11-21T12:01:00Z"),
        ("order", "created_at.asc"),
        ("select", "id,created_at,total_count,success_count,failed_count,reference_id"),
        ("type", "eq.deal_details"),
    ]
    assert found.created_at == noon


READS: list[Callable[[ImportApi], object]] = [
    lambda api: api.poll(PERMIT, ["i1"]),
    lambda api: api.result(PERMIT, "i1"),
    lambda api: api.find_by_reference(PERMIT, "r1"),
    lambda api: api.find_by_window(PERMIT, "deal_details", earliest=0, latest=1),
]


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("no"),
        httpx.Response(500),
        httpx.Response(429),
        httpx.Response(400),
        httpx.Response(204),
        httpx.Response(302, headers={"location": "https://elsewhere.example.com"}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, content=b"\xff\xfe"),
        httpx.Response(200, json={"id": "i1"}),
        httpx.Response(200, json=[7]),
        httpx.Response(200, json=[{"total_count": 1}]),
        httpx.Response(200, json=[{"id": "i1", "total_count": "many"}]),
        httpx.Response(200, json=None),
    ],
)
def test_a_read_without_a_usable_answer_says_that_mateo_is_unavailable(
    read: Callable[[ImportApi], object], answer: Answer
) -> None:
    server = Server(answer)

    with pytest.raises(MateoUnavailable):
        read(server.api)
    assert len(server.requests) == 1


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_read_with_refused_credentials_says_so(
    read: Callable[[ImportApi], object], status: int
) -> None:
    with pytest.raises(CredentialsRefused, match=str(status)) as caught:
        read(Server(httpx.Response(status)).api)
    assert TOKEN not in str(caught.value)


def test_a_part_of_a_list_is_a_list() -> None:
    answer = httpx.Response(206, json=[{"id": "i1"}])

    assert Server(answer).api.poll(PERMIT, ["i1"]).keys() == {"i1"}


def test_an_answer_that_does_not_fit_is_not_quoted() -> None:
    answer = httpx.Response(200, json=[{"id": "i1", "total_count": "ada@example.com"}])

    with pytest.raises(MateoUnavailable) as caught:
        Server(answer).api.poll(PERMIT, ["i1"])
    assert "ada@example.com" not in f"{caught.value} {caught.value.__cause__}"


# answers that are packed, large or slow


@pytest.mark.parametrize("coding", ["gzip, gzip", "gzip, deflate", "br"])
def test_an_answer_that_is_packed_twice_is_not_unpacked(coding: str) -> None:
    bomb = gzip.compress(gzip.compress(b"[" * 10_000_000))
    headers = {"content-encoding": coding}
    server = Server(lambda request: httpx.Response(201, headers=headers, content=iter([bomb])))

    assert server.api.create(PERMIT, b"{}") == Posted(PostResult.UNKNOWN, status=201)
    with pytest.raises(MateoUnavailable):
        server.api.poll(PERMIT, ["i1"])


def test_an_answer_is_read_to_a_bound_and_its_status_still_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("import_relay.mateo.client.MAX_MATEO_ANSWER_B", 1_000)
    large = gzip.compress(json.dumps({"id": "i1", "message": "x" * 2_000}).encode())

    def served(status: int) -> Posted:
        headers = {"content-encoding": "gzip", "retry-after": "7"}
        return posted(
            lambda request: httpx.Response(status, headers=headers, content=iter([large]))
        )

    assert served(201) == Posted(PostResult.UNKNOWN, status=201, retry_after_s=7.0)
    assert served(429).outcome is PostResult.RATE_LIMITED


def test_an_answer_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("import_relay.mateo.client.MAX_ANSWER_S", -1.0)

    answer = posted(lambda request: httpx.Response(201, content=iter([b'{"id"', b': "i1"}'])))

    assert answer.outcome is PostResult.UNKNOWN


def test_the_client_trusts_no_environment_follows_nothing_and_times_out() -> None:
    http = http_client()

    assert http.follow_redirects is False
    assert http.trust_env is False
    assert (http.timeout.connect, http.timeout.read) == (3.0, 5.0)
