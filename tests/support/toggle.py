"""A toggle in front of a service on loopback: while it is shut, connections to it are refused."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Coroutine
from typing import Any, Self

HOST = "127.0.0.1"
CHUNK_B = 65_536


class Toggle:
    """Passes connections on to `target` while it is open; begins shut.

    Its port stays reserved while it is shut, so that nobody else answers there.
    """

    def __init__(self) -> None:
        self._reserved = _bound(0)
        self.port: int = self._reserved.getsockname()[1]
        self.target = 0
        self._server: asyncio.Server | None = None
        self._passing: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="toggle", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._reserved.close()

    def open(self) -> None:
        """Let connections through, if they are not already."""
        self._run(self._open())

    def shut(self) -> None:
        """Reset the connections that are open, and refuse new ones."""
        self._run(self._shut())

    def _run(self, step: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(step, self._loop).result()

    async def _open(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._pass, sock=_bound(self.port))

    async def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        passing = list(self._passing)
        for one in passing:
            one.cancel()
        await asyncio.gather(*passing, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._passing.add(task)
        # Cancelled when the toggle is shut; refused or reset by what is behind it.
        with contextlib.suppress(OSError, asyncio.CancelledError):
            behind = await asyncio.open_connection(HOST, self.target)
            await _first(_copy(reader, behind[1]), _copy(behind[0], writer))
        writer.close()
        self._passing.discard(task)


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind((HOST, port))
    return bound


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(CHUNK_B):
            writer.write(chunk)
            await writer.drain()
    finally:
        writer.close()


async def _first(*ways: Coroutine[Any, Any, None]) -> None:
    """Until one way ends: HTTP keeps no half of a connection."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
