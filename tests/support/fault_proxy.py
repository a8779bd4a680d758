"""A proxy before AWS and Mateo that numbers every call of the function processes, and meets some
with a fault: tests put it between a running stack and its functions.

Each function has ports of its own, so that a call's function is known. A call is named by
(function, operation, how often that function has called it): its `Point`.
"""

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from tests.support.operations import Request, aws_operation, mateo_operation

HOST = "127.0.0.1"
MAX_HEAD_B = 262_144
AWS, MATEO = "aws", "mateo"
_NO_BODY = ("204", "304")


class Point(NamedTuple):
    """A call of a function: its first of an operation is number 1."""

    function: str
    operation: str
    number: int

    def __str__(self) -> str:
        return f"{self.function}/{self.operation}/{self.number}"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. `raw` is as it came; without it, it is made of the rest."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes = b""

    def bytes(self) -> bytes:
        """What goes over the wire."""
        if self.raw:
            return self.raw
        lines = [f"HTTP/1.1 {self.status} Fault", f"content-length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


class Exchange:
    """One call under way, as a fault sees it."""

    def __init__(
        self,
        request: Request,
        forward: Callable[[Request], Awaitable[Answer]],
        kill: Callable[[], Awaitable[None]],
        hung_up: Callable[[], Awaitable[None]],
    ) -> None:
        self.request = request
        self.forward = forward
        """Let a request have its effect; gives the service's answer."""
        self.kill = kill
        """SIGKILL the process that calls."""
        self.hung_up = hung_up
        """Wait until the caller has closed the connection."""


Fault = Callable[[Exchange], Awaitable[Answer | None]]
"""What happens to a call instead of passing it on; None resets the connection."""


@dataclass(slots=True)
class Call:
    """A call as the proxy saw it. `status` is what the caller was answered, 0 if nothing."""

    point: Point
    request: Request
    fault: str = ""
    status: int = 0
    taken: Answer | None = None
    """The service's answer, if it got the call."""


class PlannedFault(NamedTuple):
    """A fault at a point and at the `times - 1` calls of the same operation that follow."""

    name: str
    fault: Fault
    times: int = 1


Choose = Callable[[Point], PlannedFault | None]
"""Says of each call, as it comes, with which fault it meets."""


def at_points(plan: Mapping[Point, PlannedFault]) -> Choose:
    """These faults at these points."""

    def choose(met: Point) -> PlannedFault | None:
        for point, planned in plan.items():
            if point[:2] == met[:2] and 0 <= met.number - point.number < planned.times:
                return planned
        return None

    return choose


class FaultProxy:
    """Listens for some functions while its context is open. `targets`: service → port behind.

    Args:
        functions: logical ids.
        kill: SIGKILLs the process of a function; called in a thread of its own.
    """

    def __init__(self, functions: Sequence[str], kill: Callable[[str], object]) -> None:
        self._functions = functions
        self._kill = kill
        self.targets: dict[str, int] = {}
        self.ports: dict[tuple[str, str], int] = {}
        self.calls: list[Call] = []
        self._choose: Choose = at_points({})
        self._counts: Counter[tuple[str, str]] = Counter()
        self._taken_tokens: dict[str, Answer] = {}
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def variables(self, mateo_path: str = "/api/v1") -> Mapping[str, Mapping[str, str]]:
        """Logical id → environment variables that lead a function here."""
        return {
            function: {
                "AWS_ENDPOINT_URL": f"http://{HOST}:{self.ports[function, AWS]}",
                "MATEO_BASE_URL": f"http://{HOST}:{self.ports[function, MATEO]}{mateo_path}",
            }
            for function in self._functions
        }

    def begin(self, choose: Choose) -> None:
        """Forget all calls; from now on these faults happen. Nothing may be under way."""
        self.calls = []
        self._counts.clear()
        self._taken_tokens.clear()
        self._choose = choose

    # ------------------------------------------------------------ connections

    async def _listen(self) -> None:
        for function in self._functions:
            for service in (AWS, MATEO):
                self._servers.append(await self._listen_for(function, service))

    async def _listen_for(self, function: str, service: str) -> asyncio.Server:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._tasks.add(task)
            async with _Connection(reader, writer) as connection:
                await self._serve(function, service, connection)
            self._tasks.discard(task)

        server = await asyncio.start_server(serve, HOST, 0, limit=MAX_HEAD_B)
        self.ports[function, service] = server.sockets[0].getsockname()[1]
        return server

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, function: str, service: str, connection: "_Connection") -> None:
        behind = _Behind(self.targets[service])
        try:
            while (received := await connection.read_request()) is not None:
                request, head = received
                call, fault = self._number(function, service, request)
                exchange = self._exchange(call, connection, behind, head)
                answer = await (exchange.forward(request) if fault is None else fault(exchange))
                if answer is None:
                    connection.reset()
                    return
                call.status = answer.status
                await connection.write(answer.bytes())
        finally:
            behind.close()

    def _exchange(
        self, call: Call, connection: "_Connection", behind: "_Behind", head: bytes
    ) -> Exchange:
        async def forward(sent: Request) -> Answer:
            call.taken = await self._forward(behind, sent, head)
            return call.taken

        async def kill() -> None:
            await asyncio.to_thread(self._kill, call.point.function)

        return Exchange(call.request, forward, kill, connection.hung_up)

    def _number(self, function: str, service: str, request: Request) -> tuple[Call, Fault | None]:
        name = aws_operation(request) if service == AWS else mateo_operation(request)
        self._counts[function, name] += 1
        call = Call(Point(function, name, self._counts[function, name]), request)
        self.calls.append(call)
        planned = self._choose(call.point)
        if planned is None:
            return call, None
        call.fault = planned.name
        return call, planned.fault

    async def _forward(self, behind: "_Behind", request: Request, head: bytes) -> Answer:
        """Pass a request on. DynamoDB takes a transaction once under one token, moto each time."""
        token = ""
        if request.headers.get("x-amz-target", "").endswith(".TransactWriteItems"):
            token = str(request.json().get("ClientRequestToken", ""))
        if token in self._taken_tokens:
            return self._taken_tokens[token]
        answer = await behind.ask(request, head)
        if token and answer.status < 300:
            self._taken_tokens[token] = answer
        return answer


class _Connection:
    """The caller's end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        self._writer.close()
        # The caller was killed, what is behind has gone, or the proxy is closed.
        return kind is not None and issubclass(
            kind, OSError | asyncio.IncompleteReadError | asyncio.CancelledError
        )

    async def read_request(self) -> tuple[Request, bytes] | None:
        """The next request and its head as it came; None when the caller has hung up."""
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        line, headers = _parsed(head)
        method, target, _ = line.split(" ", 2)
        if headers.get("expect", "").lower() == "100-continue":
            self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await _read_body(self._reader, headers, 0)
        return Request(method, target, headers, body), head

    async def write(self, content: bytes) -> None:
        self._writer.write(content)
        await self._writer.drain()

    async def hung_up(self) -> None:
        while await self._reader.read(65_536):
            pass

    def reset(self) -> None:
        self._writer.transport.abort()


class _Behind:
    """A connection to the service, opened when it is needed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: Request, head: bytes) -> Answer:
        if self._streams is None or self._streams[0].at_eof():
            self.close()
            self._streams = await asyncio.open_connection(HOST, self._port, limit=MAX_HEAD_B)
        reader, writer = self._streams
        writer.write(_resized(head, len(request.body)) + request.body)
        await writer.drain()
        answered = await reader.readuntil(b"\r\n\r\n")
        line, headers = _parsed(answered)
        status = line.split(" ", 2)[1]
        body = b""
        if request.method != "HEAD" and status not in _NO_BODY:
            body = await _read_body(reader, headers, None)
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Answer(int(status), body, headers, _resized(answered, len(body)) + body)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def _parsed(head: bytes) -> tuple[str, dict[str, str]]:
    """The first line, and the headers by their names in lower case."""
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    return first, {name.strip().lower(): value.strip() for name, _, value in pairs}


def _resized(head: bytes, length: int) -> bytes:
    """The head for a body of another length, which is sent in one piece."""
    framing = (b"content-length:", b"transfer-encoding:", b"expect:")
    lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    kept = [line for line in lines if not line.lower().startswith(framing)]
    return b"\r\n".join([*kept, b"content-length: %d" % length, b"", b""])


async def _read_body(
    reader: asyncio.StreamReader, headers: Mapping[str, str], otherwise: int | None
) -> bytes:
    """The body behind a head; without any length so many bytes, None: all until the end."""
    if "chunked" in headers.get("transfer-encoding", ""):
        return await _read_chunks(reader)
    length = headers.get("content-length", otherwise)
    return await reader.read() if length is None else await reader.readexactly(int(length))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    chunks = []
    while size := int((await reader.readline()).split(b";")[0], 16):
        chunks.append(await reader.readexactly(size))
        await reader.readexactly(2)
    with contextlib.suppress(asyncio.IncompleteReadError):
        while (await reader.readline()).strip():
            pass  # trailers
    return b"".join(chunks)
