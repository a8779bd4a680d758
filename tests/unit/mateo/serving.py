"""A Mateo that gives one answer, and the client that asks it."""

from collections.abc import Callable

import httpx

from import_relay.mateo.client import (
    ImportApi,
    Posted,
    http_client,
)
from import_relay.storage.pacing import Permit

BASE = "https://mateo.example.com/api/v1"
TOKEN = "token-1"
PERMIT = Permit("2026-11-21")
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
