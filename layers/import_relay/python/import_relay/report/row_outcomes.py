"""How the rows of an import ended: Mateo's counts and its list of failures, reconciled. Pure.

Called by findings. RowCounts say how many rows failed, the list says which. If they disagree, the
counts decide how many and the list decides which: a failed row that the list does not name makes
one row uncertain, never the whole import.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple


class RowOutcome(StrEnum):
    """How a row ended, and with it the occurrences that it was made of."""

    IMPORTED = "imported"
    FAILED = "failed"
    RETRIED = "retried"
    """It failed in this import and is requeued."""
    UNACCOUNTED = "unaccounted"
    """It is not known."""


class RowCounts(NamedTuple):
    """Mateo's counts of an import; None where it has not counted.

    A missing count follows from the other two: Mateo does not document whether it counts failed
    rows where none failed.
    """

    total: int | None = None
    success: int | None = None
    failed: int | None = None

    @property
    def failed_rows(self) -> int:
        """How many rows failed, by the counts.

        Where they are more than the total, Mateo has counted each error of a failed row.
        """
        if self.total is not None and self.success is not None:
            others = max(self.total - self.success, 0)
            if self.failed is None or 0 < others < self.failed:
                return others
        return self.failed or 0

    @property
    def imported_rows(self) -> int:
        """How many rows were imported, by the counts."""
        if self.success is None and self.total is not None and self.failed is not None:
            return max(self.total - self.failed, 0)
        return self.success or 0


@dataclass(frozen=True)
class RowOutcomes:
    """The outcomes of the rows of one import.

    Args:
        rows: how many were sent.
        counts: Mateo's.
        listed: number of the row for each distinct entry of Mateo's list; None: it fits no row.
        retried: numbers of the failed rows that are requeued.
        suspects: numbers of rows of which an entry is about one, and nothing tells about which.
    """

    rows: int
    counts: RowCounts
    listed: Sequence[int | None] = ()
    retried: AbstractSet[int] = frozenset()
    suspects: AbstractSet[int] = frozenset()

    @cached_property
    def named(self) -> AbstractSet[int]:
        """Rows that failed, by the list."""
        return frozenset(row for row in self.listed if row is not None) | self.retried

    @cached_property
    def failed(self) -> int:
        """Rows that failed.

        By Mateo's count, or by its list if that names more. If Mateo counts no failed row, each
        entry that fits no row is one: otherwise it may be another error of a row that is named.
        """
        counted = self.counts.failed_rows
        unexplained = sum(row is None for row in self.listed)
        known = len(self.named) + (0 if counted else unexplained)
        return min(max(counted, known), self.rows)

    @cached_property
    def imported(self) -> int:
        """Rows that were imported."""
        return min(self.counts.imported_rows, self.rows - self.failed)

    @property
    def unaccounted(self) -> int:
        """Rows whose result Mateo did not give."""
        return self.rows - self.imported - self.failed

    @property
    def unnamed(self) -> int:
        """Rows that failed, but that the list does not name."""
        return self.failed - len(self.named)

    @cached_property
    def uncertain(self) -> AbstractSet[int]:
        """Rows that may have failed, been imported, or be unaccounted for."""
        if self.failed == self.rows:
            return frozenset()
        if not self.unnamed + self.unaccounted:
            return self.suspects
        return (frozenset(range(self.rows)) - self.named) | self.suspects

    @cached_property
    def outcomes(self) -> Sequence[RowOutcome]:
        """How each row ended.

        As many of the uncertain rows as are missing are unaccounted for, the last ones: their
        number is right, but it is not known which rows they are.
        """
        rest = [number for number in range(self.rows) if number not in self.named]
        missing = self.unnamed + self.unaccounted
        outcome = RowOutcome.UNACCOUNTED
        if self.unnamed == len(rest):
            outcome = RowOutcome.FAILED
        others = dict.fromkeys(rest[len(rest) - missing :], outcome)
        return [self._of(number, others) for number in range(self.rows)]

    def _of(self, number: int, others: dict[int, RowOutcome]) -> RowOutcome:
        if number in self.retried:
            return RowOutcome.RETRIED
        if number in self.named:
            return RowOutcome.FAILED
        return others.get(number, RowOutcome.IMPORTED)
