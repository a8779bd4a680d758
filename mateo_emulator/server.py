"""Serves the application with uvicorn: a bound socket, one line when ready, droppable connections.

`__main__` calls `listen` and `serve`; tests serve in a thread with `make_server`.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from starlette.applications import Starlette


class _DroppableConnection(H11Protocol):
    """Lets a request drop its own connection: ``scope["state"]["abort_connection"]``."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "abort_connection": transport.abort}


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any free one. Raises OSError when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's algorithm off only for sockets that name their protocol
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(256)
    except OSError:
        bound.close()
        raise
    return bound


def make_server(application: Starlette, ready: Callable[[], None]) -> uvicorn.Server:
    """A server that is quiet and waits at most a second for open connections when it stops."""
    config = uvicorn.Config(
        application,
        loop="asyncio",
        http=_DroppableConnection,
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
        server_header=False,
    )
    return _Server(config, ready)


def serve(application: Starlette, bound: socket.socket, ready_line: str) -> None:
    """Serve until SIGTERM or SIGINT; print one line as soon as requests are answered."""

    def ready() -> None:
        sys.stdout.write(ready_line + "\n")
        sys.stdout.flush()

    make_server(application, ready).run(sockets=[bound])
