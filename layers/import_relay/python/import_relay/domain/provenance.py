"""Where the rows of an import came from: typed here, JSON in the bucket.

Written when an import is frozen and when items end without one; read by reports and by whatever
requeues items or puts them back.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from import_relay.domain.models import MappedChange, Occurrence, Pointer, Row
from import_relay.domain.notes import Note, as_lists, from_lists
from import_relay.domain.replays import as_object, replay_of


class ItemProvenance(NamedTuple):
    """An occurrence with its item, and the notes that were made of it.

    `outcome` is how it ended without an import; empty if it is in one. An occurrence that was read
    from the bucket has no message id.
    """

    occurrence: Occurrence
    notes: tuple[Note, ...] = ()
    outcome: str = ""


class RowProvenance(NamedTuple):
    """What a report and a retry need to know of a row, besides its text.

    `claims` are the fields that were claimed for this row, `items` the occurrences behind it.
    """

    key: str
    claims: tuple[str, ...]
    items: tuple[ItemProvenance, ...]


def row_as_object(row: Row) -> dict[str, Any]:
    """A row's provenance as JSON keeps it."""
    return {
        "key": row.key,
        "claims": [field_name for field_name, claim in row.claims.items() if not claim.reference],
        "items": [_change_as_object(change) for change in row.changes],
    }


def item_as_object(one: Occurrence) -> dict[str, Any]:
    """An occurrence with its item, or where that lies: all that it takes to requeue it."""
    content = {
        "connection": one.connection,
        "delivery": one.delivery,
        "n": one.number,
        "event": one.event,
        "received_at": one.received_at,
        "attempt": one.attempt,
        **({"at": one.item.key} if isinstance(one.item, Pointer) else {"item": one.item}),
    }
    if one.since:
        content["since"] = one.since
    if one.is_test:
        content["test"] = True
    return content | ({"replay": as_object(one.replay)} if one.replay else {})


def parse_rows(content: Iterable[Mapping[str, Any]]) -> list[RowProvenance]:
    """What `row_as_object` made of each row."""
    return [
        RowProvenance(row["key"], tuple(row["claims"]), tuple(map(parse_item, row["items"])))
        for row in content
    ]


def parse_item(content: Mapping[str, Any]) -> ItemProvenance:
    """What `item_as_object` made, with the notes or the outcome that were kept beside it."""
    occurrence = Occurrence(
        "",
        content["connection"],
        content["delivery"],
        content["n"],
        content["event"],
        content["received_at"],
        content["attempt"],
        Pointer(content["at"]) if "at" in content else content["item"],
        content.get("since", 0),
        replay_of(content),
        content.get("test", False),
    )
    notes = tuple(from_lists(content.get("notes", ())))
    return ItemProvenance(occurrence, notes, content.get("outcome", ""))


def _change_as_object(change: MappedChange) -> dict[str, Any]:
    content = item_as_object(change.occurrence)
    return content | ({"notes": as_lists(change.notes)} if change.notes else {})
