"""A CRM's API in memory: gives the answers that a test lays down, and keeps the requests."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from import_relay.connectors.shared.crm_api import CrmApi


@dataclass
class Crm:
    """Answers in the order given; a test fails if it is asked more often than that."""

    answers: list[httpx.Response]
    requests: list[httpx.Request] = field(default_factory=list)
    now: float = 0.0

    def api(self, token: str, options: Mapping[str, str] | None = None) -> CrmApi:
        """One connection's way to it; the clock is `now`, and waiting takes no time."""
        client = httpx.Client(transport=httpx.MockTransport(self._answer))
        return CrmApi(client, token, options or {}, 1e6, 1e9, lambda: self.now, lambda _: None)

    def asked(self) -> list[tuple[str, str]]:
        """Method and address of each request, without the query."""
        return [(one.method, str(one.url.copy_with(query=None))) for one in self.requests]

    def sent(self, number: int) -> Any:
        """The JSON body of a request."""
        return json.loads(self.requests[number].content)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.answers.pop(0)


def answer(value: object, status: int = 200) -> httpx.Response:
    """An answer with a JSON body."""
    return httpx.Response(status, json=value)
