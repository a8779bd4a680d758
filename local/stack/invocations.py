"""Invokes functions for their callers: the gateway, the queue, a schedule, a test."""

from __future__ import annotations

from local.aws.metrics import Metrics
from local.clock import StackClock
from local.lambda_runtime.execution_environment import LineSink
from local.lambda_runtime.functions import Functions
from local.lambda_runtime.lineage import Lineage, LoopDetected
from local.lambda_runtime.runtime_api import InvocationResult
from local.stack.event_loop import EventLoop

LOOP_REFUSED = (
    "Lambda would refuse this invocation as a recursive loop: a message was sent on more than 16 "
    "times, and the template does not set RecursiveLoop: Allow. It ends in the dead-letter queue"
)


class Invocations:
    """The callers of functions; errors that AWS would count are counted."""

    def __init__(
        self,
        functions: Functions,
        metrics: Metrics,
        clock: StackClock,
        loop: EventLoop,
        on_line: LineSink,
    ) -> None:
        self._functions = functions
        self._metrics = metrics
        self._clock = clock
        self._loop = loop
        self._on_line = on_line

    async def receive(self, name: str, event: bytes) -> InvocationResult:
        """A webhook's invocation, from the event loop."""
        outcome = await self._functions.invoke(name, event)
        if outcome.failed:
            self._metrics.count_error(self._functions.find(name).name, self._clock.time())
        return outcome

    def invoke(self, name: str, event: bytes) -> InvocationResult:
        """An invocation from any other thread."""
        outcome: InvocationResult = self._loop.run(self._functions.invoke(name, event))
        return outcome

    def by_schedule(self, name: str, event: bytes) -> str:
        """An invocation by a schedule: the error, or nothing."""
        outcome = self.invoke(name, event)
        return outcome.payload.decode() if outcome.failed else ""

    def from_queue(self, name: str, event: bytes, lineage: Lineage) -> InvocationResult:
        """An invocation with messages of a queue; a loop is refused as Lambda would."""
        try:
            outcome: InvocationResult = self._loop.run(self._functions.invoke(name, event, lineage))
        except LoopDetected:
            function = self._functions.find(name)
            self._metrics.count_dropped(function.name, self._clock.time())
            self._on_line("Stack", f"{function.logical_id}: {LOOP_REFUSED}")
            raise
        return outcome
