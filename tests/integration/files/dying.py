"""A process that is killed at one of its calls to AWS, before or after the call's effect."""

from collections.abc import Callable
from typing import Any

from tests.support.following import Killed


class Process:
    """Counts the calls of a process to AWS, and kills it at one; then each further call raises too.

    Args:
        at: number of the call, from 1; 0: never.
        is_late: the call takes effect, and the process does not learn it.
    """

    def __init__(self, at: int = 0, *, is_late: bool = False) -> None:
        self._at = at
        self._is_late = is_late
        self.calls = 0
        self.is_dead = False

    def client(self, made: Callable[[str], Any]) -> Callable[[str], Any]:
        """Makes clients whose calls are counted."""
        return lambda service: _Client(made(service), self)

    def call(self, action: Callable[[], Any]) -> Any:
        """Make a call, unless the process dies at it."""
        if self.is_dead:
            raise Killed
        self.calls += 1
        self.is_dead = self.calls == self._at
        if self.is_dead and not self._is_late:
            raise Killed
        answer = action()
        if self.is_dead:
            raise Killed
        return answer


class _Client:
    """A client of boto3, or one of its paginators."""

    def __init__(self, client: Any, process: Process) -> None:
        self._client = client
        self._process = process

    def get_paginator(self, name: str) -> "_Client":
        return _Client(self._client.get_paginator(name), self._process)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if not callable(found):
            return found
        return lambda *args, **kwargs: self._process.call(lambda: found(*args, **kwargs))
