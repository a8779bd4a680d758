"""Files of failures: from where they are fetched, with which permit, and up to what size."""

import gzip
from collections.abc import Iterator

import httpx
import pytest

from import_relay.mateo.client import (
    MAX_FAILURES_B,
)
from import_relay.storage.pacing import Permit
from tests.unit.mateo.serving import PERMIT, TOKEN, Server


def acquire_permit() -> Permit:
    return PERMIT


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


@pytest.mark.parametrize(("port", "has_token"), [(4010, True), (4011, False)])
def test_an_api_on_plain_http_may_have_its_files_on_plain_http(port: int, has_token: bool) -> None:
    server = Server(httpx.Response(200, content=b"[]"), base_url="http://127.0.0.1:4010/api/v1")

    assert server.api.download(f"http://127.0.0.1:{port}/files/1", acquire_permit) == b"[]"
    assert (TOKEN in str(server.request.headers.raw)) == has_token


@pytest.mark.parametrize("status", [204, 206, 301, 302, 307, 401, 403, 404, 410, 500])
def test_an_answer_without_the_whole_file_is_no_file(status: int) -> None:
    headers = {"location": "https://elsewhere.example.com/1.json"}
    server = Server(httpx.Response(status, content=b"", headers=headers))

    assert server.api.download("https://files.example.org/1.json", acquire_permit) is None
    assert len(server.requests) == 1


@pytest.mark.parametrize("error", [httpx.ConnectError("no"), httpx.ReadTimeout("slow")])
def test_without_an_answer_there_is_no_file(error: httpx.HTTPError) -> None:
    assert Server(error).api.download("https://files.example.org/1.json", acquire_permit) is None


@pytest.mark.parametrize("coding", ["gzip, gzip", "gzip, deflate", "br"])
def test_a_file_that_is_packed_twice_is_not_unpacked(coding: str) -> None:
    bomb = gzip.compress(gzip.compress(b"0" * 10_000_000))
    server = Server(
        lambda request: httpx.Response(
            200, headers={"content-encoding": coding}, content=iter([bomb])
        )
    )

    assert server.api.download("https://files.example.org/1.json", acquire_permit) is None


def test_a_file_that_ends_early_is_no_file() -> None:
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
        server = Server(
            lambda request: httpx.Response(200, content=iter([content]), headers=headers)
        )
        return server.api.download("https://files.example.org/1.json", acquire_permit)

    assert served(small) == b"x" * 1_000
    assert served(large) is None


def test_a_file_of_the_apis_own_origin_takes_a_permit_and_one_elsewhere_does_not() -> None:
    taken: list[Permit] = []
    server = Server(httpx.Response(200, content=b"[]"))

    def count() -> Permit:
        taken.append(PERMIT)
        return PERMIT

    server.api.download("https://mateo.example.com/files/1.json", count)
    server.api.download("https://files.example.org/1.json", count)

    assert len(taken) == 1
