"""Runs the Lambda functions: `gateway`, `poller` and moto's interpreter invoke them here.

Execution environments are started when needed, up to a function's concurrency, reused while they
are idle, and stay when the clock moves.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from local.clock import StackClock
from local.lambda_runtime.execution_environment import (
    MAX_PAYLOAD_BYTES,
    ExecutionEnvironment,
    Function,
    LineSink,
    log_name,
)
from local.lambda_runtime.lineage import Lineage, extended
from local.lambda_runtime.runtime_api import InvocationResult

NO_LINEAGE: Lineage = {}
MakeEnvironment = Callable[[Function, StackClock, Path, LineSink], ExecutionEnvironment]


class PayloadTooLarge(Exception):
    """The event exceeds what Lambda accepts (RequestEntityTooLargeException)."""


class FunctionsStopped(Exception):
    """The stack is being stopped; nothing is invoked any more."""


class Functions:
    """All functions of the stack. Everything here runs in the stack's event loop."""

    def __init__(self, clock: StackClock, logs: Path, on_line: LineSink) -> None:
        self._clock = clock
        self.endpoint = ""
        """Where the functions find AWS."""
        self._logs = logs
        self._on_line = on_line
        self._functions: dict[str, Function] = {}
        self._processes: dict[str, list[ExecutionEnvironment]] = {}
        self._free: dict[str, asyncio.Semaphore] = {}
        self._open = asyncio.Event()
        self._open.set()
        self._quiet = asyncio.Condition()
        self._running = 0
        self._ended_at = -math.inf
        self._stopped = False
        self.counts: dict[str, int] = {}
        """Invocations that ended, by logical id."""
        self.make_environment: MakeEnvironment = ExecutionEnvironment

    def add(self, function: Function) -> None:
        """Make a function known by its logical id, its name and its ARN."""
        for alias in (function.logical_id, function.name, function.arn):
            self._functions[alias] = function
        self._processes[function.logical_id] = []
        self._free[function.logical_id] = asyncio.Semaphore(function.concurrency)

    def find(self, name: str) -> Function:
        """A function by logical id, name or ARN.

        Raises:
            KeyError: if there is none.
        """
        return self._functions[name]

    async def invoke(
        self, name: str, event: bytes, lineage: Lineage = NO_LINEAGE
    ) -> InvocationResult:
        """Run an event in a free process, waiting for one at the concurrency limit.

        `lineage`: of the event; none for one that begins a chain.

        Raises:
            KeyError: if there is no such function.
            LoopDetected: if Lambda would refuse the invocation.
            PayloadTooLarge: if the event exceeds 6 MB.
            FunctionsStopped: when the stack stops.
        """
        function = self.find(name)
        if len(event) > MAX_PAYLOAD_BYTES:
            raise PayloadTooLarge(f"{len(event)} bytes")
        lineage = extended(lineage, function.arn, may_loop=function.hosting.may_loop)
        async with self._free[function.logical_id]:
            await self._open.wait()
            if self._stopped:
                raise FunctionsStopped
            function = self.find(name)  # another one may have been added meanwhile
            self._running += 1
            try:
                return await self._run(function, event, lineage)
            finally:
                self._running -= 1
                self._ended_at = time.monotonic()
                self.counts[function.logical_id] = self.counts.get(function.logical_id, 0) + 1
                async with self._quiet:
                    self._quiet.notify_all()

    async def warm(self, name: str) -> None:
        """Start a process of a function ahead of its first event."""
        function = self.find(name)
        if not self._processes[function.logical_id]:
            await self._start(function)

    def kill(self, name: str) -> int:
        """SIGKILL the processes of a function that are at work, or all if none is; how many."""
        processes = [one for one in self._processes[self.find(name).logical_id] if one.alive]
        chosen = [one for one in processes if one.busy] or processes
        for process in chosen:
            process.kill()
        return len(chosen)

    def kill_all(self) -> None:
        """SIGKILL every process; for a supervisor that has no time left."""
        for processes in self._processes.values():
            for process in processes:
                process.kill()

    def busy(self, name: str) -> int:
        """How many processes of a function are at work."""
        return sum(one.busy for one in self._processes[self.find(name).logical_id])

    @contextlib.asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Hold back new invocations; entered when those under way have ended."""
        self._open.clear()
        try:
            async with self._quiet:
                await self._quiet.wait_for(lambda: self._running == 0)
            yield
        finally:
            self._open.set()

    async def rest(self, seconds: float) -> None:
        """Wait until the last invocation ended so long ago."""
        await asyncio.sleep(max(0.0, self._ended_at + seconds - time.monotonic()))

    async def move_clock(self) -> None:
        """Let all processes see the present offset of the clock. None is at work."""
        processes = [one for some in self._processes.values() for one in some]
        moved = await asyncio.gather(*(one.move_clock() for one in processes))
        await self._end(
            [one for one, is_moved in zip(processes, moved, strict=True) if not is_moved]
        )

    async def replace(self) -> None:
        """End all idle processes; new ones start with the present offset of the clock."""
        await self._end([one for some in self._processes.values() for one in some if not one.busy])

    async def _end(self, processes: Sequence[ExecutionEnvironment]) -> None:
        for some in self._processes.values():
            some[:] = [one for one in some if one not in processes]
        await asyncio.gather(*(one.stop() for one in processes))

    async def stop(self) -> None:
        """End all processes, also those at work."""
        self._stopped = True
        self._open.set()
        everything = [one for processes in self._processes.values() for one in processes]
        await asyncio.gather(*(process.stop() for process in everything))

    async def _run(self, function: Function, event: bytes, lineage: Lineage) -> InvocationResult:
        await self._reap(function)
        process = self._idle(function) or await self._start(function)
        process.busy = True
        try:
            outcome = await process.invoke(event, lineage)
        finally:
            process.busy = False
        if outcome.failed:
            self._report(function, outcome)
        return outcome

    async def _reap(self, function: Function) -> None:
        processes = self._processes[function.logical_id]
        dead = [one for one in processes if not one.alive and not one.busy]
        processes[:] = [one for one in processes if one not in dead]
        await asyncio.gather(*(process.stop() for process in dead))

    def _idle(self, function: Function) -> ExecutionEnvironment | None:
        processes = self._processes[function.logical_id]
        return next((one for one in processes if one.alive and not one.busy), None)

    async def _start(self, function: Function) -> ExecutionEnvironment:
        log = self._logs / f"{log_name(function.logical_id)}.log"
        process = self.make_environment(function, self._clock, log, self._on_line)
        process.busy = True
        self._processes[function.logical_id].append(process)
        await process.start(self.endpoint)
        process.busy = False
        return process

    def _report(self, function: Function, outcome: InvocationResult) -> None:
        # What the platform reports, Lambda writes to the function's log; the runtime logs its
        # own errors.
        if b"Sandbox.Timedout" in outcome.payload or b"Runtime.ExitError" in outcome.payload:
            self._on_line(function.logical_id, outcome.payload.decode())
