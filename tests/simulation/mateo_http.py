"""What `ImportApi` uses of an `httpx.Client`, in virtual time and at a fraction of the cost.

`mateo` answers what is sent through it. Exceptions are httpx's own, and timeouts are those of the
relay's client: it stops waiting, and the request may take effect all the same.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx

from import_relay.mateo.client import CONNECT_TIMEOUT_S, REQUEST_TIMEOUT_S
from tests.simulation.world import World

CONNECT_S, FLIGHT_S = 0.03, 0.1
"""How long a connection and the way to Mateo take at most; a call of the world adds 0.05 s."""
Params = Mapping[str, str] | httpx.QueryParams


@dataclass(slots=True, eq=False)
class Request:
    """A request. `sent_at`: when it left (s since the epoch)."""

    method: str
    url: str
    params: Params
    content: bytes
    headers: Mapping[str, str]
    extensions: dict[str, Any] = field(default_factory=dict)
    sent_at: float = math.inf


@dataclass(slots=True, eq=False)
class Response:
    """An answer, or what there is instead of one.

    `content` is a JSON value or, as bytes, anything else; `takes_s` is the time until it arrives,
    `error` what the client gets in its place.
    """

    status_code: int
    content: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    takes_s: float = 0.0
    error: httpx.TransportError | None = None

    def close(self) -> None:
        """Nothing is left to be closed."""

    def json(self) -> object:
        """The content; raises ValueError unless it is JSON."""
        return json.loads(self.content) if isinstance(self.content, bytes) else self.content

    @property
    def is_stream_consumed(self) -> bool:
        """Whether it was read before: it never was."""
        return False

    def iter_raw(self) -> Iterator[bytes]:
        """The content of a file."""
        yield self.content if isinstance(self.content, bytes) else json.dumps(self.content).encode()


class Server(Protocol):
    """What answers the requests."""

    def connect_s(self) -> float:
        """How long a connection takes."""

    def operation(self, request: Request) -> str:
        """The name of the call."""

    def answer(self, request: Request) -> Response:
        """Take a request that arrives now."""

    def refusal(self, request: Request) -> Response:
        """Refuse a request for no reason that its sender could know."""


class Refused(Exception):
    """Carries the answer of a refusal through `World.call`."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


class Http:
    """A client; every environment of a function may use the same one."""

    def __init__(self, world: World, server: Server) -> None:
        self._world = world
        self._server = server

    def build_request(
        self,
        method: str,
        url: str,
        *,
        params: Params | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Request:
        """As httpx does."""
        return Request(method, url, params or {}, content or b"", headers or {})

    @contextmanager
    def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        extensions: dict[str, Any],
    ) -> Iterator[Response]:
        """As httpx does."""
        yield self.send(Request(method, url, {}, b"", headers, extensions))

    def send(self, request: Request, *, stream: bool = False) -> Response:
        """As httpx does; an answer is a stream in any case.

        Raises:
            httpx.TransportError: there is no answer.
        """
        world, server = self._world, self._server
        self._connect(request)
        world.sleep(FLIGHT_S * world.random.random())
        try:
            response = world.call(
                server.operation(request),
                lambda: server.answer(request),
                refuse=lambda: Refused(server.refusal(request)),
                lose=_timeout,
                idempotent=True,  # the client sends nothing twice by itself
                patience_s=REQUEST_TIMEOUT_S,
            )
        except Refused as refused:
            response = refused.response
        patience = request.sent_at + REQUEST_TIMEOUT_S - world.now
        if response.takes_s > patience:
            world.sleep(patience)
            raise _timeout()
        world.sleep(response.takes_s)
        if response.error is not None:
            raise response.error
        return response

    def _connect(self, request: Request) -> None:
        """Connect; the guard raises if it is too late for the request to leave."""
        seconds = self._server.connect_s()
        self._world.sleep(min(seconds, CONNECT_TIMEOUT_S))
        if seconds > CONNECT_TIMEOUT_S:
            raise httpx.ConnectTimeout("timed out")
        guard: Callable[[str, object], None] | None = request.extensions.get("trace")
        if guard is not None:
            guard("http11.send_request_headers.started", {})
        request.sent_at = self._world.now


def _timeout() -> httpx.ReadTimeout:
    return httpx.ReadTimeout("timed out")
