"""Moves of ledger entries from state to state, and what has to hold for them. Pure.

Made by `ledger`; `item_writes` turns a move into an update.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from import_relay.storage.attributes import Plain
from import_relay.storage.entries import UNFINISHED, Entry, State, entry_key
from import_relay.storage.item_writes import attribute, update_of

if TYPE_CHECKING:
    from boto3.dynamodb.conditions import ConditionBase


@dataclass(frozen=True, slots=True)
class Move:
    """A move of an entry from one of the `expected` states to `target`.

    `changes`: other attributes and their new values; None removes one. `where`: what else has to
    hold. An import that is over leaves the index of open ones.
    """

    reference: str
    expected: Iterable[State]
    target: State
    changes: Mapping[str, Plain | None] = field(default_factory=dict)
    where: "ConditionBase | None" = None

    def update(self, table: str) -> dict[str, Any]:
        """The arguments of UpdateItem, or of an Update in a transaction."""
        where = attribute("state").is_in([state.value for state in self.expected])
        sets = {"state": self.target.value, **self.changes}
        if self.target not in UNFINISHED:
            sets["open"] = None
        return update_of(
            table, entry_key(self.reference), where & self.where if self.where else where, sets=sets
        )


def nobody_reports(entry: Entry, *, now: float) -> "ConditionBase":
    """Nobody is at the entry's report.

    The state is the one that was read, and `reported_until` is one of these:

        there is none                                  nobody ever began
        the one that was read, and before `now`        the process that began is certainly gone
    """
    until = attribute("reported_until")
    same_state = attribute("state").eq(entry.state.value)
    never_begun = until.not_exists()
    reporter_gone = until.eq(entry.reported_until) & until.lt(now)
    return same_state & (never_begun | reporter_gone)


def polled_before(entry: Entry, polled_at: float) -> "ConditionBase":
    """The entry still belongs to the import that was asked about, and no later poll was written.

    Polls may overlap, and the entries of other imports are read from an index that lags.
    """
    last = attribute("polled_at")
    same_import = attribute("import_id").eq(entry.import_id)
    return same_import & (last.not_exists() | last.lte(polled_at))


def same_day(entry: Entry) -> "ConditionBase":
    """The entry reserves entities of the day that was read."""
    return attribute("day").eq(entry.day)


def same_posts(entry: Entry) -> "ConditionBase":
    """The import was posted as often as was read, and not again meanwhile."""
    return attribute("posts").eq(entry.posts)
