"""Updates of ledger entries: the one builder of their conditions and expressions.

An update of DynamoDB's says three things, and each is a part of a `Move`:

    may it happen?          `expected`, and `where` beyond that    ConditionExpression
    what is written?        `target`, `changes`                    SET
    what is taken away?     changes to None; the mark `open`,      REMOVE
                            once the import is over
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from import_relay.storage.attributes import Plain, to_attributes
from import_relay.storage.entries import UNFINISHED, Entry, State, entry_key


class Where(NamedTuple):
    """What else has to hold of an entry. Its attributes are among those that the move changes."""

    condition: str
    values: Mapping[str, Plain]


@dataclass(frozen=True, slots=True)
class Move:
    """A move of an entry from one of the `expected` states to `target`.

    `changes`: other attributes and their new values; None removes one.
    """

    reference: str
    expected: Iterable[State]
    target: State
    changes: Mapping[str, Plain | None] = field(default_factory=dict)
    where: Where | None = None

    def update(self, table: str) -> dict[str, Any]:
        """The arguments of UpdateItem, or of an Update in a transaction."""
        allowed = {f":from{n}": state.value for n, state in enumerate(self.expected)}
        known = {name: value for name, value in self.changes.items() if value is not None}
        sets: dict[str, Plain] = {"state": self.target.value, **known}
        removed = [name for name in self.changes if name not in known]
        if self.target not in UNFINISHED:
            removed.append("open")
        condition, given = f"#state IN ({', '.join(allowed)})", dict[str, Plain]()
        if self.where is not None:
            condition, given = f"{condition} AND {self.where.condition}", {**self.where.values}
        values = {**{f":{name}": value for name, value in sets.items()}, **allowed, **given}
        return {
            "TableName": table,
            "Key": entry_key(self.reference),
            "UpdateExpression": _expression(sets, removed),
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {f"#{name}": name for name in (*sets, *removed)},
            "ExpressionAttributeValues": to_attributes(values),
        }


def nobody_reports(entry: Entry, *, now: float) -> Where:
    """Nobody is at the entry's report.

    The state is the one that was read, and `reported_until` is one of these:

        there is none                                  nobody ever began
        the one that was read, and before `now`        whoever began is certainly gone
    """
    same_state = "#state = :state"
    never_begun = "attribute_not_exists(#reported_until)"
    same_reporter = "#reported_until = :known"
    reporter_gone = "#reported_until < :now"
    return Where(
        f"{same_state} AND ({never_begun} OR ({same_reporter} AND {reporter_gone}))",
        {":known": entry.reported_until, ":now": now},
    )


def same_day(entry: Entry) -> Where:
    """The entry reserves entities of the day that was read."""
    return Where("#day = :old_day", {":old_day": entry.day})


def same_posts(entry: Entry) -> Where:
    """The import was posted as often as was read, and not again meanwhile."""
    return Where("#posts = :known_posts", {":known_posts": entry.posts})


def _expression(sets: Iterable[str], removed: Iterable[str]) -> str:
    parts = {
        "SET": ", ".join(f"#{name} = :{name}" for name in sets),
        "REMOVE": ", ".join(f"#{name}" for name in removed),
    }
    return " ".join(f"{verb} {names}" for verb, names in parts.items() if names)
