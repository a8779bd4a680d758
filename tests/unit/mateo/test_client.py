"""The client of the Import API: what it asks, what answers mean, and who is shown the token."""

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import httpx
import pytest

from import_relay.domain.errors import CredentialsRefused, PermitTooFar
from import_relay.mateo.client import (
    MAX_FAILURES_B,
    POLL_PAGE,
    ImportApi,
    MateoUnavailable,
    Posted,
    http_client,
)
from import_relay.mateo.post_results import BY_STATUS, PostResult, of_exception, of_status
from import_relay.storage.pacing import Permit

BASE = "https://mateo.example.com/api/v1"
TOKEN = "token-1"
PERMIT = Permit("2026-11-21")


def acquire_permit() -> Permit:
    return PERMIT


Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Server:
    """Gives the same answer to every request and remembers the requests."""

    def __init__(self, answer: Answer, *, base_url: str = BASE, token: str = TOKEN) -> None:
        self._answer = answer
        self.requests: list[httpx.Request] = []
        http = http_client()
        http._transport = httpx.MockTransport(self._handle)
        self.api = ImportApi(http, base_url, lambda: token)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer if isinstance(self._answer, httpx.Response) else self._answer(request)

    @property
    def request(self) -> httpx.Request:
        (one,) = self.requests
        return one

    @property
    def query(self) -> list[tuple[str, str]]:
        return sorted(self.request.url.params.multi_items())


def posted(answer: Answer) -> Posted:
    return Server(answer).api.create(PERMIT, b"{}")


def listed(*rows: object) -> httpx.Response:
    return httpx.Response(200, json=list(rows))


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
def test_each_status_means_one_outcome_even_if_an_id_comes_with_it(
    status: int, outcome: PostResult
) -> None:
    headers = {"location": "https://elsewhere.example.com/import"}
    answer = httpx.Response(status, json={"id": "i1"}, headers=headers)

    assert posted(answer).outcome is outcome


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
        httpx.Response(201, text="<html>"),
        httpx.Response(201, content=b"\xff"),
    ],
)
def test_success_without_one_id_is_unknown_never_dropped(answer: httpx.Response) -> None:
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


@pytest.mark.parametrize("token", ["", "tökn", "two\nlines", "nul\0"])
def test_what_cannot_be_a_token_is_not_sent_and_counts_as_refused(token: str) -> None:
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


def test_the_token_is_read_at_each_call() -> None:
    tokens = iter(["old", "new"])
    server = Server(httpx.Response(201, json={"id": "i1"}))
    api = ImportApi(server.api._http, BASE, lambda: next(tokens))

    api.create(PERMIT, b"{}")
    api.create(PERMIT, b"{}")

    assert [one.headers["authorization"] for one in server.requests] == ["Bearer old", "Bearer new"]


def test_a_request_whose_permit_is_lost_by_now_is_not_sent() -> None:
    server = Server(httpx.Response(201, json={"id": "i1"}))
    late = ImportApi(
        server.api._http, BASE, lambda: TOKEN, is_in_time=lambda permit: permit is not PERMIT
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
def test_a_read_without_a_usable_answer_is_asked_again_later(
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


# files


@pytest.mark.parametrize("url", ["https://mateo.example.com/files/1.json", "/files/1.json"])
def test_a_file_of_the_apis_own_origin_is_fetched_with_the_token(url: str) -> None:
    server = Server(httpx.Response(200, content=b"[]"))

    assert server.api.download(url, acquire_permit) == b"[]"
    assert server.request.url == "https://mateo.example.com/files/1.json"
    assert server.request.headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    "url",
    [
        "https://files.example.org/1.json?signature=x",
        "https://mateo.example.com.example.org/1.json",
        "https://mateo.example.com@example.org/1.json",
        "https://mateo.example.com:8443/1.json",
        "https://www.mateo.example.com/1.json",
        "https://MATEO.example.com.:443/1.json",
    ],
)
def test_a_file_on_another_host_is_fetched_without_the_token(url: str) -> None:
    server = Server(httpx.Response(200, content=b"[]"))

    assert server.api.download(url, acquire_permit) == b"[]"
    assert TOKEN not in str(server.request.headers.raw)


@pytest.mark.parametrize(
    "url",
    [
        "http://files.example.org/1.json",
        "http://mateo.example.com/1.json",
        "ftp://mateo.example.com/1.json",
        "file:///etc/passwd",
        "//mateo.example.com/1.json",
        "1.json",
        "",
        "https://[",
        "https://[mateo]/x",
        "https://mateo.example.com:port/x",
        "https://exa\nmple.org/x",
        "https://a" + "b" * 70_000,
    ],
)
def test_anything_but_https_or_an_address_is_not_fetched(url: str) -> None:
    server = Server(httpx.Response(200, content=b"[]"))

    assert server.api.download(url, acquire_permit) is None
    assert server.requests == []


def test_an_api_on_plain_http_may_have_its_files_there() -> None:
    server = Server(httpx.Response(200, content=b"[]"), base_url="http://127.0.0.1:4010/api/v1")

    assert server.api.download("http://127.0.0.1:4010/files/1", acquire_permit) == b"[]"
    assert server.api.download("http://127.0.0.1:4011/files/1", acquire_permit) is None


@pytest.mark.parametrize("status", [204, 206, 301, 302, 307, 401, 403, 404, 410, 500])
def test_a_file_that_is_not_simply_there_is_not_had(status: int) -> None:
    headers = {"location": "https://elsewhere.example.com/1.json"}
    server = Server(httpx.Response(status, content=b"", headers=headers))

    assert server.api.download("https://files.example.org/1.json", acquire_permit) is None
    assert len(server.requests) == 1


@pytest.mark.parametrize("error", [httpx.ConnectError("no"), httpx.ReadTimeout("slow")])
def test_a_file_whose_host_does_not_answer_is_not_had(error: httpx.HTTPError) -> None:
    assert Server(error).api.download("https://files.example.org/1.json", acquire_permit) is None


@pytest.mark.parametrize("coding", ["gzip, gzip", "gzip, deflate", "br"])
def test_a_file_that_is_packed_twice_is_not_had(coding: str) -> None:
    bomb = gzip.compress(gzip.compress(b"0" * 10_000_000))
    server = Server(
        lambda request: httpx.Response(
            200, headers={"content-encoding": coding}, content=iter([bomb])
        )
    )

    assert server.api.download("https://files.example.org/1.json", acquire_permit) is None


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


def test_a_file_that_is_packed_once_is_had() -> None:
    headers = {"content-encoding": "gzip"}
    server = Server(
        lambda request: httpx.Response(200, headers=headers, content=iter([gzip.compress(b"[]")]))
    )

    assert server.api.download("https://files.example.org/1.json", acquire_permit) == b"[]"


def test_a_file_that_ends_early_is_not_had() -> None:
    def broken() -> Iterator[bytes]:
        yield b"[{"
        raise httpx.RemoteProtocolError("closed")

    server = Server(lambda request: httpx.Response(200, content=broken()))

    assert server.api.download("https://files.example.org/1.json", acquire_permit) is None


def test_an_endless_file_is_given_up_and_not_read_on() -> None:
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b"x" * 1_000_000

    server = Server(lambda request: httpx.Response(200, content=endless()))

    assert server.api.download("https://files.example.org/1.json", acquire_permit) is None
    assert read == MAX_FAILURES_B // 1_000_000 + 1


def test_a_compressed_file_is_unpacked_and_bounded_by_what_it_unpacks_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("import_relay.mateo.client.MAX_FAILURES_B", 1_000)
    headers = {"content-encoding": "gzip"}
    small, large = (gzip.compress(b"x" * size) for size in (1_000, 100_000))

    def served(content: bytes) -> bytes | None:
        server = Server(httpx.Response(200, content=content, headers=headers))
        return server.api.download("https://files.example.org/1.json", acquire_permit)

    assert served(small) == b"x" * 1_000
    assert served(large) is None


def test_the_client_trusts_no_environment_follows_nothing_and_times_out() -> None:
    http = http_client()

    assert http.follow_redirects is False
    assert http.trust_env is False
    assert (http.timeout.connect, http.timeout.read) == (3.0, 5.0)


def test_a_file_of_the_apis_own_origin_takes_a_permit_and_one_elsewhere_does_not() -> None:
    taken: list[Permit] = []
    server = Server(httpx.Response(200, content=b"[]"))

    def count() -> Permit:
        taken.append(PERMIT)
        return PERMIT

    server.api.download("https://mateo.example.com/files/1.json", count)
    server.api.download("https://files.example.org/1.json", count)

    assert len(taken) == 1
