"""What use cases say about what they did; handlers pass in who listens, the outcome log."""

from collections.abc import Iterable
from typing import Protocol

RESERVED_KEYS = frozenset({"_aws", "level", "message", "service", "timestamp", "xray_trace_id"})
"""Keys that a line of the log has itself."""


class Emit(Protocol):
    """Where events go: one name per outcome, the same keys everywhere, never a record."""

    def __call__(self, event: str, **keys: object) -> None:
        """Report one event; none of its keys is one of `RESERVED_KEYS`."""


def reserved(keys: Iterable[str]) -> list[str]:
    """Those of the keys that no event may have."""
    return sorted(RESERVED_KEYS.intersection(keys))
