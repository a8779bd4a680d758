"""Rows on their way into one import. Called by `submission`, `posting` and `refusals`."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from import_relay.domain.models import ImportOptions, Row
from import_relay.mateo.client import Posted
from import_relay.storage.refusals import RefusedKind

REFUSAL_CALLS = 80
"""Calls spent on bisecting one refused import; one bad row in 5,000 takes about 26."""


class Group(NamedTuple):
    """Rows whose answers prove something about each other: one refused, the others accepted."""

    connection: str
    options: ImportOptions

    @property
    def kind(self) -> RefusedKind:
        """The connection and the type."""
        return RefusedKind(self.connection, self.options.type)


def group_of(row: Row) -> Group:
    """The group of a row: of the oldest change in it, which has the options as well."""
    return Group(row.changes[0].occurrence.connection, row.options)


@dataclass(slots=True)
class Calls:
    """How many calls are left for bisecting one refused import."""

    left: int = field(default_factory=lambda: REFUSAL_CALLS)

    def spend(self, calls: int) -> bool:
        """Spend that many calls, if they are left."""
        if self.left < calls:
            return False
        self.left -= calls
        return True


@dataclass(frozen=True, slots=True)
class Attempt:
    """Rows that are to become one import. The halves of a refused import share `calls`.

    `refused_at`: the number of the first post of this batch with these rows that was refused as the
    latest one was, 0 if an earlier batch's was, None if none was. `answer`: status and code of the
    latest refusal.
    """

    rows: Sequence[Row]
    calls: Calls = field(default_factory=Calls)
    repeated: bool = False
    refused_at: int | None = None
    answer: tuple[int, str] = (0, "")

    def refused(self, post: int, posted: Posted) -> "Attempt":
        """The same after the post of this number was refused.

        An answer that differs from the one before is the first of its kind: that these rows were
        refused with a bad one says nothing of a schema that has begun to change since.
        """
        answer = posted.status, posted.code
        if self.refused_at is None or (self.refused_at > 0 and self.answer != answer):
            return replace(self, refused_at=post, answer=answer)
        return self


def by_connection(attempt: Attempt) -> Sequence[Attempt]:
    """The two parts, about equally large, of an import with rows of several connections; else none.

    Each part has calls of its own: a connection that uses up its calls must not stop another.
    """
    of_each: dict[str, list[Row]] = defaultdict(list)
    for row in attempt.rows:
        of_each[group_of(row).connection].append(row)
    if len(of_each) == 1:
        return ()
    left, *others = of_each.values()
    while len(others) > 1 and len(left) < len(attempt.rows) / 2:
        left = [*left, *others.pop(0)]
    right = [row for rows in others for row in rows]
    return [replace(attempt, rows=rows, calls=Calls(), repeated=False) for rows in (left, right)]
