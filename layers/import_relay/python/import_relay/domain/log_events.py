"""What use cases say about what they did; handlers pass in who listens (a structured logger)."""

from typing import Protocol


class Emit(Protocol):
    """Where events go: one name per outcome, the same keys everywhere, never a record."""

    def __call__(self, event: str, **keys: object) -> None:
        """Report one event."""
