"""The Lambda Runtime API over HTTP: one instance for each function process, which `functions`
starts.

The process asks for the `next` event and posts its `response` or `error`; awslambdaric is the
client. See "Using the Lambda runtime API" in the Lambda developer guide for the paths and
headers.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

_PREFIX = "/2018-06-01/runtime/"
MAX_MESSAGE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class InvocationResult:
    """What an invocation came to: the function's answer or its error, as JSON."""

    payload: bytes
    failed: bool = False


@dataclass(kw_only=True)
class Invocation:
    """One event on its way through a function process."""

    event: bytes
    function_arn: str
    deadline_ms: int
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    trace_id: str = field(
        default_factory=lambda: f"Root=1-00000000-{uuid.uuid4().hex[:24]};Sampled=0"
    )
    outcome: asyncio.Future[InvocationResult] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def finish(self, outcome: InvocationResult) -> None:
        """Note the outcome; later ones (an answer after the timeout) are ignored."""
        if not self.outcome.done():
            self.outcome.set_result(outcome)


def error_outcome(kind: str, message: str) -> InvocationResult:
    """An error as Lambda words it to the caller."""
    content = {"errorType": kind, "errorMessage": message}
    return InvocationResult(payload=json.dumps(content).encode(), failed=True)


class RuntimeApi:
    """Serves one function process; it has at most one invocation at a time."""

    def __init__(self) -> None:
        self.ready = asyncio.Event()
        """Set when the process first asks for an event: its initialisation is over."""
        self.init_error: InvocationResult | None = None
        self._next: asyncio.Queue[Invocation] = asyncio.Queue()
        self._running: dict[str, Invocation] = {}
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> str:
        """Listen on loopback; returns the address for AWS_LAMBDA_RUNTIME_API."""
        self._server = await asyncio.start_server(
            self._connected, "127.0.0.1", 0, limit=MAX_MESSAGE_BYTES
        )
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    async def stop(self) -> None:
        """Close the server and all connections."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def hand_over(self, invocation: Invocation) -> None:
        """Give the process its next event."""
        self._running[invocation.request_id] = invocation
        self._next.put_nowait(invocation)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a connection is served in a task
        self._connections.add(task)
        try:
            while (request := await _read_request(reader, writer)) is not None:
                writer.write(await self._answer(*request))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the process or the stack ended
        finally:
            self._connections.discard(task)
            writer.close()

    async def _answer(self, method: str, path: str, body: bytes) -> bytes:
        match (method, *path.removeprefix(_PREFIX).split("/")):
            case ("GET", "invocation", "next"):
                self.ready.set()
                return _next_answer(await self._next.get())
            case ("POST", "invocation", request_id, "response"):
                return self._decide(request_id, InvocationResult(payload=body))
            case ("POST", "invocation", request_id, "error"):
                return self._decide(request_id, InvocationResult(payload=body, failed=True))
            case ("POST", "init", "error"):
                self.init_error = InvocationResult(payload=body, failed=True)
                return _answer_bytes("202 Accepted", {}, b'{"status":"OK"}')
        return _answer_bytes("404 Not Found", {}, b"{}")

    def _decide(self, request_id: str, outcome: InvocationResult) -> bytes:
        invocation = self._running.pop(request_id, None)
        if invocation is None:
            return _answer_bytes("400 Bad Request", {}, b'{"errorType":"InvalidRequestID"}')
        invocation.finish(outcome)
        return _answer_bytes("202 Accepted", {}, b'{"status":"OK"}')


async def _read_request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> tuple[str, str, bytes] | None:
    """Method, path and body of the next request; None when the other side has closed."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    request_line, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = request_line.split(" ", 2)
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines if line)
    }
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if "chunked" in headers.get("transfer-encoding", ""):
        return method, path, await _read_chunks(reader)
    return method, path, await reader.readexactly(int(headers.get("content-length", 0)))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    chunks = []
    while size := int((await reader.readline()).split(b";")[0], 16):
        chunks.append(await reader.readexactly(size))
        await reader.readexactly(2)
    while (await reader.readline()).strip():
        pass  # trailers
    return b"".join(chunks)


def _next_answer(invocation: Invocation) -> bytes:
    headers = {
        "Content-Type": "application/json",
        "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
        "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
        "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
        # awslambdaric 4.2 crashes if one of these three is missing.
        "Lambda-Runtime-Trace-Id": invocation.trace_id,
        "Lambda-Runtime-Client-Context": "",
        "Lambda-Runtime-Cognito-Identity": "",
    }
    return _answer_bytes("200 OK", headers, invocation.event)


def _answer_bytes(status: str, headers: Mapping[str, str], body: bytes) -> bytes:
    # Head and body in one piece: in two, the client's delayed acknowledgement costs 40 ms.
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
