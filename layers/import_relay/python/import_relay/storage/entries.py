"""Entries of the ledger: the state of an import, and its item in DynamoDB.

Written by `ledger`; read by submission, tracking, reporting and the watchdog.
"""

from enum import StrEnum
from typing import Any, NamedTuple

from import_relay.domain.lanes import Lane
from import_relay.storage.attributes import Attributes, Plain, from_attributes, to_attributes
from import_relay.storage.reservations import Reservation, charges_of

ENTRY_DAYS = 180
"""How long an entry is kept: longer than any watermark that points to it."""
OPEN_INDEX = "open-imports"


class State(StrEnum):
    """Where an import is on its way."""

    INTENDED = "intended"
    SENT = "sent"
    UNKNOWN = "unknown"
    FINISHED = "finished"
    TIMED_OUT = "timed_out"
    REFUSED = "refused"
    ABANDONED = "abandoned"


UNFINISHED = frozenset({State.INTENDED, State.SENT, State.UNKNOWN})
"""The import may still change records in Mateo."""
NEVER_CREATED = frozenset({State.REFUSED, State.ABANDONED})
"""The import never happened and never will."""


class Standing(NamedTuple):
    """Where an import is; `reported_until` as in `Entry`, 0 if nobody began its report."""

    state: State
    reported_until: float = 0.0


class Entry(NamedTuple):
    """One import. Times are seconds since the epoch; counts are Mateo's, None until it has them.

    `deadline`: when the process that sends it has certainly ended. `day`: the day whose entities
    it reserves. `posts`: how often it was posted at most, `posted_at`: the last time at which it
    may have been. `absent`: how often a lookup since then did not find it. `found`: how many
    imports fitted when it was adopted, `inferred`: 1 if only because no other could be it.
    `items`: of how many occurrences the rows were made.
    `counted_at`: since when the counts are what they are, `confirmed_at`: when Mateo last said so.
    `reported_until`: when the process that last began its report is certainly gone, `retried`: the
    numbers of the rows that are requeued, as that one decided. `answered_at`: when Mateo last
    answered a question about it, `answered_s`: for how long it has been asked and answered
    (`polling`), since it was found or posted again (`resolving`).
    `suspects`: ids, with spaces between them, of imports in Mateo that may be this one.
    `lane`: whose share of the day its rows use, and where rows that are tried again go.
    `charges`: which connections with a limit of their own pay for rows (`reservations`).
    `accepted_at`: when Mateo said that it had created the import, without naming its id; 0 if not.
    `file_tries`: how often the list of failed rows could not be had although Mateo answered.
    """

    reference: str
    state: State
    type: str
    rows: int
    day: str
    created_at: float
    deadline: float
    digest: str = ""
    import_id: str = ""
    posts: int = 0
    posted_at: float = 0.0
    absent: int = 0
    absent_at: float = 0.0
    polled_at: float = 0.0
    counted_at: float = 0.0
    confirmed_at: float = 0.0
    total_count: int | None = None
    success_count: int | None = None
    failed_count: int | None = None
    found: int = 0
    inferred: int = 0
    items: int = 0
    reported_until: float = 0.0
    retried: str = ""
    answered_at: float = 0.0
    answered_s: float = 0.0
    suspects: str = ""
    file_tries: int = 0
    lane: Lane = Lane.LIVE
    charges: str = ""
    accepted_at: float = 0.0

    @property
    def reservation(self) -> Reservation:
        """What it reserves of its day."""
        return Reservation(self.day, self.rows, self.lane, charges_of(self.charges))

    @property
    def is_counted(self) -> bool:
        """Whether Mateo has finished it: the counts are there and add up."""
        if self.total_count is None or self.success_count is None:
            return False
        # Whether failed rows are counted at all where none failed is not documented.
        return self.success_count + (self.failed_count or 0) == self.total_count

    @property
    def is_overcounted(self) -> bool:
        """Whether more is counted than the total: Mateo may count each error of a failed row."""
        if self.total_count is None or self.success_count is None:
            return False
        return self.success_count + (self.failed_count or 0) > self.total_count


def entry_key(reference: str) -> dict[str, Any]:
    """The key of an import's entry."""
    return {"pk": {"S": f"import#{reference}"}}


def to_item(entry: Entry, *, now: float) -> dict[str, Any]:
    """The item of an entry that is written at `now` (s since the epoch)."""
    values: dict[str, Plain | None] = entry._asdict()
    values["state"], values["lane"] = entry.state.value, entry.lane.value
    values["expires_at"] = int(now) + ENTRY_DAYS * 86_400
    if entry.state in UNFINISHED:
        values["open"] = "yes"
    return {**entry_key(entry.reference), **to_attributes(values)}


def from_item(item: Attributes) -> Entry:
    """The entry of an item; attributes that this version does not know are left out."""
    values = from_attributes(item)
    kept: dict[str, Any] = {name: values[name] for name in Entry._fields if name in values}
    kept["state"], kept["lane"] = State(kept["state"]), Lane(kept.get("lane", Lane.LIVE))
    return Entry(**kept)


def open_query(table: str) -> dict[str, Any]:
    """The query for unfinished entries, the oldest first. From an index: may lag a little."""
    return {
        "TableName": table,
        "IndexName": OPEN_INDEX,
        "KeyConditionExpression": "#open = :open",
        "ExpressionAttributeNames": {"#open": "open"},
        "ExpressionAttributeValues": {":open": {"S": "yes"}},
    }
