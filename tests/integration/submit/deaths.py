"""A process that dies at a step of the protocol."""

from typing import Any

from tests.support.following import Killed


class DiesAt:
    """A part of the relay whose method kills the process, before or after its effect."""

    def __init__(self, part: object, method: str, *, after: bool) -> None:
        self._part, self._method, self._after = part, method, after

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._part, name)
        if name != self._method:
            return real

        def die(*args: Any, **kwargs: Any) -> None:
            if self._after:
                real(*args, **kwargs)
            raise Killed

        return die
