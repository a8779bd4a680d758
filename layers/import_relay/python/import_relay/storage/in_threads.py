"""Calls that do not depend on each other, several at a time. Used by tables and queues."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

THREADS = 8
_V = TypeVar("_V")
_R = TypeVar("_R")


class ForAll(Protocol):
    """How many calls are made that do not depend on each other."""

    def __call__(self, call: Callable[[_V], _R], values: Iterable[_V]) -> Iterable[_R]:
        """Make the call for each value, all of them; the results in order."""


def in_threads(call: Callable[[_V], _R], values: Iterable[_V]) -> list[_R]:
    """Several at a time: most of each call is waiting. One alone needs no thread."""
    several = list(values)
    if len(several) < 2:
        return [call(value) for value in several]
    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(call, several))
