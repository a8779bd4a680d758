"""Decisions read from bytes, so that hypothesis and atheris drive the same mutations."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """Reads one decision after another; once the bytes are used up, each is its first option.

    The first option of a decision is always the smallest change. So short inputs mean small
    changes, and a failing input is shrunk to these.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def below(self, limit: int) -> int:
        """A number from 0 to one less than the limit."""
        value = 0
        size = 1 if limit <= 256 else 2
        chunk = self._data[self._at : self._at + size]
        self._at += size
        for byte in chunk:
            value = value << 8 | byte
        return value % limit

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.below(len(options))]

    def often(self) -> bool:
        """True three times out of four; False once the bytes are used up."""
        return self.below(4) > 0
