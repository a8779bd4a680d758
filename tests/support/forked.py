"""Function processes that start at once, for tests that end and replace many of them.

    stack.functions.make_environment = nursery.environment

Each function is prepared once by a `fork_server`; its processes are forks of it.
"""

import asyncio
import contextlib
import json
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.clock import StackClock
from local.lambda_runtime.execution_environment import ExecutionEnvironment, Function, LineSink
from local.template.hosting import Hosting

SERVER = Path(__file__).with_name("fork_server.py")


class Nursery:
    """The fork servers of a stack, one per function. Ends with the stack's event loop.

    Args:
        variables: logical id → environment variables in place of the function's own.
    """

    def __init__(self, variables: Mapping[str, Mapping[str, str]]) -> None:
        self._variables = variables
        self._servers: dict[str, ForkServer] = {}

    def environment(
        self, function: Function, clock: StackClock, log: Path, on_line: LineSink
    ) -> ExecutionEnvironment:
        """What `Functions.make_environment` asks for."""
        return ForkedEnvironment(function, clock, log, on_line, self)

    async def server(
        self, function: Function, endpoint: str, log: Path, on_line: LineSink
    ) -> "ForkServer":
        """The server of a function, started if it is not there yet."""
        name = function.logical_id
        if name not in self._servers:
            own = function.environment("", 0.0) | {"AWS_ENDPOINT_URL": endpoint}
            self._servers[name] = ForkServer(
                log, lambda line: on_line(name, line), function.hosting
            )
            await self._servers[name].start(function, {**own, **self._variables.get(name, {})})
        await self._servers[name].started.wait()
        return self._servers[name]

    async def stop(self) -> None:
        """End all servers."""
        for server in self._servers.values():
            await server.stop()
        self._servers.clear()


class ForkServer:
    """One server process and what it tells."""

    def __init__(self, log: Path, on_line: Any, hosting: Hosting) -> None:
        self.started = asyncio.Event()
        self._log = log
        self._on_line = on_line
        self._hosting = hosting
        self._forking = asyncio.Lock()
        self._pids: asyncio.Queue[int] = asyncio.Queue()
        self._ends: dict[int, asyncio.Future[int]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, function: Function, environment: Mapping[str, str]) -> None:
        """Start the process; it prepares itself while the caller goes on."""
        ours, theirs = socket.socketpair()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            str(SERVER),
            function.handler,
            str(theirs.fileno()),
            cwd=function.code.folder,
            env=environment,
            pass_fds=(theirs.fileno(),),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        theirs.close()
        self._fetcher, self._writer = await asyncio.open_connection(sock=ours)
        self._tasks = [
            asyncio.create_task(self._listen()),
            asyncio.create_task(self._read_output()),
        ]
        self.started.set()

    async def fork(self, runtime_api: str, offset_s: float) -> tuple[int, asyncio.Future[int]]:
        """A new function process: its id, and the exit code that it will have."""
        async with self._forking:
            wanted = {"runtime_api": runtime_api, "offset_s": offset_s}
            self._writer.write(json.dumps(wanted).encode() + b"\n")
            pid = await self._pids.get()
            return pid, self._end_of(pid)

    async def stop(self) -> None:
        """End the server; its processes end with it."""
        for end in self._ends.values():
            if not end.done():
                end.set_result(-signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        self._writer.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _end_of(self, pid: int) -> asyncio.Future[int]:
        return self._ends.setdefault(pid, asyncio.get_running_loop().create_future())

    async def _listen(self) -> None:
        while line := await self._fetcher.readline():
            told = json.loads(line)
            if "started" in told:
                self._ends.pop(told["started"], None)  # of an earlier process with this id
                self._pids.put_nowait(told["started"])
            else:
                self._end_of(told["ended"]).set_result(told["code"])

    async def _read_output(self) -> None:
        assert self._process.stdout is not None
        with self._log.open("ab") as log:
            while line := await self._process.stdout.readline():
                text = line.decode("utf-8", "replace").rstrip("\n")
                if self._hosting.passes(text):
                    log.write(line)
                    log.flush()
                    self._on_line(text)


class ForkedEnvironment(ExecutionEnvironment):
    """An execution environment whose process is a fork."""

    def __init__(
        self, function: Function, clock: StackClock, log: Path, on_line: LineSink, nursery: Nursery
    ) -> None:
        super().__init__(function, clock, log, on_line)
        self._nursery = nursery
        self._forked = 0

    async def start(self, endpoint: str) -> None:
        """Start the process; it is ready as soon as it asks for an event."""
        address = await self._api.start()
        server = await self._nursery.server(self._function, endpoint, self._log, self._on_line)
        self._forked, ended = await server.fork(address, self._clock.offset_s)
        self._exited = asyncio.ensure_future(_result(ended))

    @property
    def pid(self) -> int:
        """The process id; 0 before the start."""
        return self._forked


async def _result(future: asyncio.Future[int]) -> int:
    return await asyncio.shield(future)
