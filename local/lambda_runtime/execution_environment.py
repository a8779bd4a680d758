"""One process of a Lambda function; `functions` starts it, hands it events and ends it.

The process is `function_process`: awslambdaric against a Runtime API of its own. What the
platform does around it is here: the environment, the timeout that kills it, and the words for a
crash.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from pathlib import Path
from typing import Any, BinaryIO

from local.child import signal_group
from local.clock import StackClock
from local.environment import base_environment
from local.lambda_runtime.lineage import Lineage, header
from local.lambda_runtime.runtime_api import Invocation, InvocationResult, RuntimeApi, error_outcome
from local.template.code import FunctionCode
from local.template.hosting import Hosting

MAX_PAYLOAD_BYTES = 6_291_556
"""Event and answer of a synchronous invocation: 6 MB (Lambda quotas; the number is Lambda's
own).
"""

INIT_TIMEOUT_S = 60.0
"""Lambda allows 10 s; a laptop that starts everything at once may need longer."""

_PROCESS = Path(__file__).with_name("function_process.py")

LineSink = Callable[[str, str], None]
"""Called with a function's logical id and a line that it wrote."""


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function as it was provisioned."""

    logical_id: str
    name: str
    arn: str
    handler: str
    timeout_s: float
    memory_mb: int
    code: FunctionCode
    variables: Mapping[str, str]
    concurrency: int
    hosting: Hosting = field(default_factory=Hosting)

    def environment(self, runtime_api: str, clock_offset_s: float) -> dict[str, str]:
        """The whole environment of its process, /opt paths mapped to the layers' folders."""
        modules = [str(layer.modules) for layer in self.code.layers if layer.modules]
        return (
            base_environment()
            | {name: self._opt(value) for name, value in self.variables.items()}
            | self.hosting.variables()
            | {
                "AWS_LAMBDA_RUNTIME_API": runtime_api,
                "AWS_LAMBDA_FUNCTION_NAME": self.name,
                "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory_mb),
                "AWS_LAMBDA_LOG_GROUP_NAME": str(
                    self.hosting.log_group or f"/aws/lambda/{self.name}"
                ),
                "AWS_LAMBDA_LOG_STREAM_NAME": "local",
                "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
                "AWS_EXECUTION_ENV": "AWS_Lambda_python{}.{}".format(*sys.version_info[:2]),
                "LAMBDA_TASK_ROOT": str(self.code.folder),
                "_HANDLER": self.handler,
                "TZ": ":UTC",
                "PYTHONPATH": os.pathsep.join([str(self.code.folder), *modules]),
                "RELAY_CLOCK_OFFSET": repr(clock_offset_s),
            }
        )

    def _opt(self, value: str) -> str:
        if not value.startswith("/opt/"):
            return value
        inside = value.removeprefix("/opt/")
        # As /opt itself, the last layer wins.
        for layer in reversed(self.code.layers):
            if (layer.root / inside).exists():
                return str((layer.root / inside).resolve())
        return value


class ExecutionEnvironment:
    """One process of a function: one invocation at a time."""

    def __init__(self, function: Function, clock: StackClock, log: Path, on_line: LineSink) -> None:
        self._function = function
        self._clock = clock
        self._log = log
        self._on_line = on_line
        self._api = RuntimeApi()
        self._process: asyncio.subprocess.Process | None = None
        self._exited: asyncio.Task[int] | None = None
        self._output: asyncio.Task[None] | None = None
        self._parent: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._killed = False
        self.busy = False

    async def start(self, endpoint: str) -> None:
        """Start the process; it initialises while the caller continues."""
        address = await self._api.start()
        environment = self._function.environment(address, self._clock.offset_s)
        ours, theirs = socket.socketpair()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            str(_PROCESS),
            self._function.handler,
            cwd=self._function.code.folder,
            env=environment | {"AWS_ENDPOINT_URL": endpoint},
            stdin=theirs.fileno(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        theirs.close()
        self._parent = await asyncio.open_connection(sock=ours)
        self._exited = asyncio.create_task(self._process.wait())
        self._output = asyncio.create_task(self._read_output())

    @property
    def pid(self) -> int:
        """The process id; 0 before the start."""
        return self._process.pid if self._process else 0

    @property
    def alive(self) -> bool:
        """Whether the process can take an event."""
        return self._exited is not None and not self._exited.done() and not self._killed

    async def invoke(self, event: bytes, lineage: Lineage) -> InvocationResult:
        """Run one event; errors, crashes and timeouts are outcomes, as for Lambda's callers.

        `lineage`: of the event, with this invocation.
        """
        function = self._function
        failed = await self._initialised()
        if failed is not None:
            return failed
        deadline_ms = int((self._clock.time() + function.timeout_s) * 1000)
        invocation = Invocation(event=event, function_arn=function.arn, deadline_ms=deadline_ms)
        invocation.trace_id = header(invocation.trace_id, lineage)
        self._api.hand_over(invocation)
        assert self._exited is not None  # noqa: S101 - start() was called
        ends: set[asyncio.Future[Any]] = {invocation.outcome, self._exited}
        await asyncio.wait(
            ends,
            timeout=function.timeout_s,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if invocation.outcome.done():
            return _limited(invocation.outcome.result())
        if self._exited.done():
            return self._exit_error(invocation.request_id)
        self.kill()
        return error_outcome(
            "Sandbox.Timedout",
            f"RequestId: {invocation.request_id} Error: Task timed out after "
            f"{function.timeout_s:.2f} seconds",
        )

    async def move_clock(self) -> bool:
        """Let the process see the present offset of the clock; False if it does not say so.

        Between two invocations only.
        """
        if self._parent is None or not self.alive:
            return False
        reader, writer = self._parent
        writer.write(repr(self._clock.offset_s).encode())
        try:
            return bool(await asyncio.wait_for(reader.readline(), INIT_TIMEOUT_S))
        except (TimeoutError, ConnectionError):
            return False

    def kill(self) -> None:
        """SIGKILL, without any chance to tidy up."""
        self._killed = True
        if self._exited is not None and not self._exited.done():
            signal_group(self.pid, signal.SIGKILL)

    async def stop(self) -> None:
        """End the process and everything around it."""
        self.kill()
        if self._exited is not None:
            await self._exited
        if self._output is not None:
            await self._output
        if self._parent is not None:
            self._parent[1].close()
        await self._api.stop()

    async def _initialised(self) -> InvocationResult | None:
        """Wait for the first `next`; the error if there is none."""
        ready = asyncio.create_task(self._api.ready.wait())
        assert self._exited is not None  # noqa: S101 - start() was called
        try:
            await asyncio.wait(
                {ready, self._exited},
                timeout=INIT_TIMEOUT_S,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if ready.done() and not self._exited.done():
                return None
        finally:
            ready.cancel()
        if self._api.init_error is not None:
            return self._api.init_error
        if self._exited.done():
            return self._exit_error("init")
        self.kill()
        return error_outcome("Sandbox.Timedout", f"Initialisation exceeded {INIT_TIMEOUT_S:.0f} s")

    def _exit_error(self, request_id: str) -> InvocationResult:
        code = self._exited.result() if self._exited is not None else 0
        status = f"signal: {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        return error_outcome(
            "Runtime.ExitError",
            f"RequestId: {request_id} Error: Runtime exited with error: {status}",
        )

    async def _read_output(self) -> None:
        assert self._process is not None  # noqa: S101 - start() was called
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        rest = b""
        with self._log.open("ab") as log:
            while chunk := await self._process.stdout.read(65_536):
                *lines, rest = (rest + chunk).split(b"\n")
                self._take_lines(log, [line + b"\n" for line in lines])
            self._take_lines(log, [rest] if rest else [])

    def _take_lines(self, log: BinaryIO, lines: Sequence[bytes]) -> None:
        """Write down and hand on what Lambda would have in the function's log group."""
        texts = [line.decode("utf-8", "replace").removesuffix("\n") for line in lines]
        passing = [self._function.hosting.passes(text) for text in texts]
        log.writelines(compress(lines, passing))
        log.flush()
        for text in compress(texts, passing):
            self._on_line(self._function.logical_id, text)


def log_name(logical_id: str) -> str:
    """`ReceiveWebhook` as the name of its log file: `receive_webhook`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", logical_id).lower()


def _limited(outcome: InvocationResult) -> InvocationResult:
    if len(outcome.payload) <= MAX_PAYLOAD_BYTES:
        return outcome
    return error_outcome(
        "Function.ResponseSizeTooLarge",
        f"Response payload size exceeded maximum allowed payload size ({MAX_PAYLOAD_BYTES} bytes).",
    )
