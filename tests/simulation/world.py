"""The simulated world: one virtual clock, one seed, processes that may die at every call they make.

A process is a function invocation. It runs production code in a greenlet of its own; whatever it
does to the outside is a numbered *call*, and time passes only there and where it sleeps. Between
two calls nothing else happens, so a run is a pure function of its scenario.

    world = World(seed, faults={17: Fault.DIE_AFTER})
    world.spawn("submit", body, environment=environment, timeout_s=120, on_end=ended)
    world.run(until=...)
"""

import math
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from heapq import heappop, heappush
from random import Random
from typing import Any, NamedTuple, NoReturn, TypeVar

import greenlet
from botocore.exceptions import ClientError, ReadTimeoutError

T = TypeVar("T")
START = 1_793_476_800.0
"""2026-10-31T20:00:00Z: in New York the next day has 25 hours."""


class Fault(StrEnum):
    """What may happen to a call."""

    DIE_BEFORE = "dies before it"
    DIE_AFTER = "dies after it"
    REFUSE = "refused"
    """The service refuses it for a reason of its own, such as throttling; no effect."""
    LOSE = "answer lost"
    """It takes effect, and the caller is told of a timeout."""
    VANISH = "request lost"
    """No effect, and the caller is told of a timeout."""
    REPEAT = "sent twice"
    """The SDK did not get the first answer and tries again by itself."""
    PARTIAL = "done in part"
    """Some items of a call for many are done, and it says so; any other call is refused."""
    SLOW = "slow"
    """It takes seconds until it takes effect."""
    SLOW_ANSWER = "slow answer"
    """It takes seconds from its effect to its answer."""


class Killed(BaseException):
    """The process dies here."""


class Line(NamedTuple):
    """A line of the trace: when, who, what, and its details."""

    at: float
    who: str
    what: str
    details: Mapping[str, object]


@dataclass(slots=True)
class Environment:
    """An execution environment of a function: its clock is wrong by `skew_s`."""

    function: str
    number: int
    skew_s: float
    parts: Any = None
    """What the function keeps between invocations."""


@dataclass(slots=True, eq=False)
class Process:
    """One invocation. `error` is `Killed` if it died."""

    name: str
    environment: Environment
    dies_at: float
    body: Callable[[], object]
    on_end: Callable[["Process"], object]
    alive: bool = True
    is_over: bool = False
    result: object = None
    error: BaseException | None = None
    greenlet: Any = None

    def run(self) -> None:
        """Invoke the function."""
        try:
            self.result = self.body()
        except Killed as error:
            self.error = error.with_traceback(None)
            self.alive = False
        except Exception as error:  # noqa: BLE001 - as Lambda: the invocation failed
            self.error = error.with_traceback(None)
        self.is_over = True

    def kill(self) -> NoReturn:
        """End it here and now; nothing that it still tries has an effect."""
        self.alive = False
        raise Killed


@dataclass(slots=True)
class World:
    """Everything that happens, in order.

    `faults` maps the number of a call (from 1) to what happens to it. `trace` is None unless a
    trace is wanted: recording it costs time.
    """

    seed: int
    faults: Mapping[int, Fault] = field(default_factory=dict)
    now: float = START
    trace: list[Line] | None = None
    random: Random = field(default_factory=Random)
    calls: int = 0
    hit: dict[int, str] = field(default_factory=dict)
    died_before: int = 0
    current: Process | None = None
    latency_s: float = 0.05
    _events: list[tuple[float, int, Any]] = field(default_factory=list)
    _order: int = 0
    _until: float = START
    _skew_s: float = 0.0
    _hub: Any = None
    _chance: Callable[[], float] = field(init=False)

    def __post_init__(self) -> None:
        self.random.seed(self.seed)
        self._chance = self.random.random
        random.seed(self.seed)  # production code draws its jitter there
        self._hub = greenlet.getcurrent()

    # ------------------------------------------------------------ time and events

    def at(self, timestamp: float, action: Callable[[], object]) -> None:
        """Do something at a time."""
        self._order += 1
        heappush(self._events, (timestamp, self._order, action))

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Do something in a while."""
        self._order += 1
        heappush(self._events, (self.now + seconds, self._order, action))

    def run(self, until: float) -> bool:
        """Let everything happen until a time; False if nothing is left to happen."""
        self._until = until
        events = self._events
        while events and events[0][0] <= until:
            timestamp, _, action = heappop(events)
            self.now = max(self.now, timestamp)
            if type(action) is Process:
                self._resume(action)
            else:
                action()
        if events:
            self.now = max(self.now, until)
        return bool(events)

    def close(self) -> None:
        """Forget what was still to happen: it holds references to the rest of the world."""
        self._events.clear()

    def tell(self, what: str, who: str = "", /, **details: object) -> None:
        """Add a line to the trace, if one is wanted."""
        if self.trace is not None:
            who = who or (self.current.name if self.current else "world")
            self.trace.append(Line(self.now, who, what, details))

    # ------------------------------------------------------------ processes

    def spawn(
        self,
        name: str,
        body: Callable[[], object],
        *,
        environment: Environment,
        timeout_s: float,
        on_end: Callable[[Process], object],
    ) -> Process:
        """Start an invocation now; `on_end` is called once it has returned, failed or died."""
        process = Process(name, environment, self.now + timeout_s, body, on_end)
        process.greenlet = _IDLE.pop() if _IDLE else _started()
        process.greenlet.parent = self._hub
        self._resume(process)
        return process

    def _resume(self, process: Process) -> None:
        """Let a process go on until it waits or ends."""
        before, self.current = self.current, process
        skew_s, self._skew_s = self._skew_s, process.environment.skew_s
        running = process.greenlet
        try:
            running.switch(process)
        finally:
            self.current, self._skew_s = before, skew_s
        if not process.is_over:
            return
        process.greenlet = None
        _IDLE.append(running)
        if process.error is not None and self.trace is not None:
            reason = repr(process.error) if process.alive else ""
            self.tell("failed" if process.alive else "died", process.name, reason=reason)
        process.on_end(process)

    @property
    def process(self) -> Process:
        """The process that is running."""
        assert self.current is not None
        return self.current

    def clock(self) -> float:
        """The time of day as the running process sees it, in s since the epoch."""
        return self.now + self._skew_s

    def sleep(self, seconds: float) -> None:
        """Let time pass for the running process; it dies if its time limit comes first."""
        process = self.current
        assert process is not None
        if not process.alive:
            raise Killed
        timestamp = self.now + seconds if seconds > 0.0 else self.now
        late = timestamp >= process.dies_at
        if late:
            timestamp = process.dies_at
        events = self._events
        if timestamp <= self._until and (not events or events[0][0] > timestamp):
            self.now = timestamp
        else:
            self._order += 1
            heappush(events, (timestamp, self._order, process))
            self._hub.switch()
        if late:
            self.tell("ran into its time limit")
            process.kill()

    # ------------------------------------------------------------ calls

    def call(
        self,
        operation: str,
        effect: Callable[[], T],
        *,
        refuse: Callable[[], Exception],
        partial: Callable[[], T] | None = None,
        lose: Callable[[], Exception] = lambda: ReadTimeoutError(endpoint_url="aws"),
        idempotent: bool = False,
        patience_s: float = math.inf,
    ) -> T:
        """Make a call of the running process to the outside: one point at which it may die.

        Args:
            operation: e.g. `DynamoDB.UpdateItem`.
            effect: what it does, at once.
            refuse: the error of a refusal without effect.
            partial: what it does if it is done in part.
            lose: the error of a lost answer.
            idempotent: if the SDK sends it twice, it takes effect once (a client token).
            patience_s: how long the caller waits; a slower call takes effect all the same.
        """
        self.calls = number = self.calls + 1
        self.sleep(self.latency_s * self._chance())
        if number not in self.faults:
            return effect()
        fault = self.faults[number]
        process = self.process
        self.hit[number] = operation
        self.tell(f"{operation}: {fault}", fault=number)
        if fault in (Fault.DIE_BEFORE, Fault.DIE_AFTER):
            self.died_before += fault is Fault.DIE_BEFORE
            if fault is Fault.DIE_AFTER:
                with suppress(Exception):
                    effect()
            process.kill()
        if fault is Fault.REFUSE or (fault is Fault.PARTIAL and partial is None):
            raise refuse()
        if fault in (Fault.VANISH, Fault.LOSE):
            if fault is Fault.LOSE:
                with suppress(Exception):
                    effect()
            self.sleep(min(self.random.uniform(1, 10), patience_s))
            raise lose()
        if fault is Fault.SLOW:
            self._be_slow(effect, lose, patience_s)
        result = partial() if fault is Fault.PARTIAL and partial else effect()
        if fault in (Fault.SLOW_ANSWER, Fault.REPEAT):
            self._be_slow(None, lose, patience_s)
        return effect() if fault is Fault.REPEAT and not idempotent else result

    def _be_slow(
        self, effect: Callable[[], object] | None, lose: Callable[[], Exception], patience_s: float
    ) -> None:
        """Let seconds pass; the effect comes even if the caller does not wait that long."""
        seconds = self.random.uniform(0.5, 12)
        if seconds > patience_s:
            if effect is not None:
                self.after(seconds, lambda: _tried(effect))
            self.sleep(patience_s)
            raise lose()
        self.sleep(seconds)


_IDLE: list[Any] = []
"""Greenlets that wait for a process: making one costs more than most processes do."""


def _started() -> Any:
    """A greenlet that waits for its first process; it would never let go of an argument."""
    made = greenlet.greenlet(_run_one_after_another)
    made.switch()
    return made


def _run_one_after_another() -> NoReturn:
    """The body of a greenlet: wait for a process and run it, again and again."""
    while True:
        hub = greenlet.getcurrent().parent
        assert hub is not None
        process: Process = hub.switch()
        process.run()
        del process


def _tried(effect: Callable[[], object]) -> None:
    """Let it take effect if it can; nobody waits for the answer."""
    with suppress(Exception):
        effect()


def refusal(code: str, operation: str) -> ClientError:
    """The error of an AWS service that refuses a call."""
    return ClientError({"Error": {"Code": code, "Message": code}}, operation)


def refused(code: str, operation: str) -> Callable[[], ClientError]:
    """A function that makes such an error."""
    return lambda: refusal(code, operation)
