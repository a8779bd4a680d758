"""A row that fails: raised while it is read or applied, listed by its import."""

from __future__ import annotations


class RowFailure(Exception):
    """One row of an import that cannot be applied; its neighbours are not affected."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
