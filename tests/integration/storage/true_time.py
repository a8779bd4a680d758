"""One true time for callers with wrong clocks, who run one after the other or all at once.

Callers of `Turns` take turns, in greenlets: the caller that wakes up first goes on, and between two
of its sleeps no other caller runs. So a run depends on its seed alone.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random
from typing import Any, Protocol

import greenlet

from tests.support.builders import NOON


class Time(Protocol):
    """What is true, in s since the epoch: `Clock` for one caller after the other, or `Turns`."""

    now: float

    def sleep(self, seconds: float) -> None: ...


@dataclass
class Wrong:
    """The clock of a function: so many seconds ahead of the true time."""

    time: Time
    ahead_s: float

    def __call__(self) -> float:
        return self.time.now + self.ahead_s

    def sleep(self, seconds: float) -> None:
        self.time.sleep(seconds)


class Turns:
    """A time that moves on when all callers sleep."""

    def __init__(self) -> None:
        self.now = NOON
        self._numbers = itertools.count()
        self._waking: list[tuple[float, int, greenlet.greenlet]] = []
        self._first = greenlet.getcurrent()

    def run(self, *callers: Callable[[], object]) -> None:
        """Begin all of them now, and come back when all are done.

        Raises:
            Exception: what the first caller that failed raised.
        """
        for caller in callers:
            self._wake(greenlet.greenlet(caller), self.now)
        while self._waking:
            self.now, _, one = heappop(self._waking)
            one.switch()

    def sleep(self, seconds: float) -> None:
        self._wake(greenlet.getcurrent(), self.now + max(seconds, 0.0))
        self._first.switch()

    def _wake(self, caller: greenlet.greenlet, at: float) -> None:
        heappush(self._waking, (at, next(self._numbers), caller))


class Distant:
    """A client whose calls take time before their effect and before their answer."""

    def __init__(self, client: Any, time: Time, random: Random) -> None:
        self._client = client
        self._time = time
        self._random = random

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(**arguments: Any) -> Any:
            self._pass()
            answer = method(**arguments)
            self._pass()
            return answer

        return call

    def _pass(self) -> None:
        self._time.sleep(self._random.choice([0.002, 0.005, 0.02, 0.08, 0.6]))
