"""The history of a record, as `finding` tells it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import NamedTuple


class MateoRecord(NamedTuple):
    """What names a record in Mateo: a column and its value, both empty if nothing does."""

    type: str
    column: str
    value: str


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One thing that happened to a record. `at`: in s since the epoch.

    `what` is `received`, an outcome, or the state of an import that is under way. `item_ids` are
    the items that it happened to: of a merged row several. `is_part`: the text that was looked for
    is only a part of a value of the record, e.g. of a longer id.
    """

    at: float
    what: str
    connection: str
    record: str
    item_ids: Sequence[str]
    reference: str = ""
    code: str = ""
    why: str = ""
    what_to_do: str = ""
    event: str = ""
    notes: Sequence[str] = ()
    replay: str = ""
    is_part: bool = False

    def as_json(self) -> dict[str, object]:
        """The same for programs, without what is empty."""
        at = datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds")
        return {"at": at} | {n: v for n, v in asdict(self).items() if n != "at" and v}


@dataclass(frozen=True, slots=True)
class History:
    """Everything that was found: exact matches before parts, the newest first.

    `records`: the rows that match exactly, or all if none does.
    """

    lines: Sequence[HistoryLine]
    records: Sequence[MateoRecord]
    objects: int
