"""What use cases say about what they did; handlers pass in who listens (a structured logger)."""

import logging
from collections.abc import Iterable
from typing import Protocol

_OF_A_LINE = frozenset({"asctime", "level", "location", "message", "service", "timestamp"})
RESERVED_KEYS = _OF_A_LINE.union(vars(logging.makeLogRecord({})))
"""Keys that a line of the log has itself. Python's logger raises a KeyError for most of them."""


class Emit(Protocol):
    """Where events go: one name per outcome, the same keys everywhere, never a record."""

    def __call__(self, event: str, **keys: object) -> None:
        """Report one event; none of its keys is one of `RESERVED_KEYS`."""


def reserved(keys: Iterable[str]) -> list[str]:
    """Those of the keys that no event may have."""
    return sorted(RESERVED_KEYS.intersection(keys))
