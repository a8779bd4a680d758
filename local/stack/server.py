"""Serves the gateway with uvicorn in the stack's event loop."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn

from local.stack.event_loop import EventLoop
from local.stack.gateway import StackGateway


def serve_gateway(
    gateway: StackGateway, listening: socket.socket, loop: EventLoop
) -> Callable[[], None]:
    """Serve on a socket that already listens; call what is returned to end it."""
    config = uvicorn.Config(
        gateway,
        http="h11",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    serving = loop.submit(server.serve(sockets=[listening]))

    def end() -> None:
        server.should_exit = True
        server.force_exit = True
        serving.result()

    return end
