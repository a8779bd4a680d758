"""The nouns that planning and submission speak of: occurrences, changes and rows.

An *occurrence* is one item of one accepted webhook; its item id is unique. A *change* is what an
occurrence says about one record; a *row* is what Mateo is sent, made of one or more changes.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from import_relay.domain.connections import RecordTypeName, SharedHandles
from import_relay.domain.notes import Note, left_out_columns
from import_relay.domain.replays import Replay, original_delivery, replay_id_of

WHOLE_RECORD = "*"
"""The field of a whole record; any other field is one column of a partial record."""

CONTACT_TYPE = "contact_details"
MATEO_TYPES: Mapping[RecordTypeName, str] = {
    "contact": CONTACT_TYPE,
    "deal": "deal_details",
    "appointment": "appointment_details",
}
"""Record type in connections.toml → `type` of an import (docs: Create Import)."""


ReceiptOrder = tuple[str, int, str]
"""When an item was received: the delivery of its sender, its number there, its replay if any."""


class Pointer(NamedTuple):
    """Stands for an item that is too large for the queue: its key in the bucket."""

    key: str


class Occurrence(NamedTuple):
    """One item of one delivery, as it lies in the queue: a parsed JSON value, or a `Pointer`."""

    message_id: str
    connection: str
    delivery: str
    number: int
    event: str
    received_at: int
    attempt: int
    item: object
    since: int = 0
    """When a person last redrove it from the dead-letter queue (µs); 0 if nobody did."""
    replay: Replay | None = None
    """What put it back, if it is no sender's own."""
    is_test: bool = False
    """Whether its webhook was marked as a test: it is never imported."""

    @property
    def counted_at(self) -> int:
        """When it counts as received, in µs: a replayed item counts from its replay."""
        return self.replay.at if self.replay else self.received_at

    @property
    def item_id(self) -> str:
        """Unique and the same through every redelivery: `<delivery>/<number>[~<attempt>]`."""
        retried = f"~{self.attempt}" if self.attempt else ""
        return f"{self.delivery}/{self.number}{retried}"


def item_of(item_id: str) -> tuple[str, int]:
    """The item behind an item id, `<delivery>/<number>`, and which attempt at it this is."""
    item, _, attempt = item_id.partition("~")
    return item, int(attempt or 0)


def receipt_order(item_id: str) -> ReceiptOrder:
    """Orders item ids as their occurrences were received: delivery ids sort by time.

    What a replay put back was received when its original was, and comes directly after it.
    """
    delivery, _, rest = item_id.rpartition("/")
    return original_delivery(delivery), int(rest.partition("~")[0]), replay_id_of(delivery)


class ImportOptions(NamedTuple):
    """What Mateo takes per import and not per row: rows that differ in it need other imports."""

    type: str
    contact_list_id: str | None = None
    contact_list_external_id: str | None = None
    allow_reassignment: bool | None = None

    def body_head(self) -> dict[str, object]:
        """The keys of the request body besides `payload`."""
        head: dict[str, object] = {"type": self.type}
        if self.contact_list_id:
            head["contact_list_id"] = self.contact_list_id
        if self.contact_list_external_id:
            head["contact_list_external_id"] = self.contact_list_external_id
        if self.allow_reassignment is not None:
            noun = "deal" if self.type == "deal_details" else "appointment"
            head[f"allow_{noun}_reassignment"] = self.allow_reassignment
        return head


class Outcome(StrEnum):
    """How an occurrence ends, apart from being imported or failed in an import."""

    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"
    ERASED = "erased"
    """Its person was erased after it was received; nothing of it is kept."""
    TEST = "test"
    """Its webhook was marked as a test."""


OUTCOME_NAMES = ("imported", "failed", *(one.value for one in Outcome), "unaccounted")
"""Every outcome of an occurrence, in the order in which people read their counts."""


class RecordIdentity(NamedTuple):
    """Which record a line in the bucket is about, as far as it is known; may be personal data.

    `type` as Mateo names it, e.g. `contact_details`. `key` as in the watermarks. An identity that
    is not known is empty.
    """

    type: str = ""
    external_id: str = ""
    key: str = ""

    def as_object(self) -> dict[str, str | None]:
        """Its members of a line. A record can be found by the digest of a key without its text."""
        return {
            "type": self.type or None,
            "external_id": self.external_id or None,
            "key_digest": key_digest(self.key) if self.key else None,
        }


UNKNOWN_RECORD = RecordIdentity()


def key_digest(key: str) -> str:
    """What stands for a record key in reports and lists: 32 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class ErasureDemand(NamedTuple):
    """A CRM demands that a person is erased: `record` is its id of them.

    `external_id`: what that is in Mateo; empty if the mapping uses another id.
    """

    record: str
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """An occurrence that ended without an import of its own, and why.

    `reason` is a code of `codes.CODES` for a rejection, else a short stable word. `field` and
    `value` say what was wrong with a rejected record; `value` may be personal data. `notes` are
    those of a rejected or ignored record, which no row carries. `record` says which record it was,
    `demand` whom its CRM wants erased.
    """

    occurrence: Occurrence
    outcome: Outcome
    reason: str = ""
    field: str = ""
    value: object = None
    detail: str = ""
    notes: tuple[Note, ...] = ()
    record: RecordIdentity = UNKNOWN_RECORD
    demand: ErasureDemand | None = None


class MappedChange(NamedTuple):
    """One occurrence after mapping: the columns it sets on the record `key`, at `version`.

    `text` is the JSON of `columns` as it is sent. `by_receipt`: the record says nothing of its
    version, so that it is the time of receipt. `state`, of a record that was read at the CRM, says
    in which state it was found: two events that find the same one are the same change.
    `shared_handles` is its connection's choice, `required` the columns that it cannot do without.
    `crm_name` is the name of a fetched record at its CRM, if its key does not say it.
    """

    occurrence: Occurrence
    key: str
    version: int
    partial: bool
    columns: Mapping[str, object]
    text: bytes
    options: ImportOptions
    notes: tuple[Note, ...] = ()
    by_receipt: bool = False
    state: str = ""
    shared_handles: SharedHandles = "last_takes"
    required: tuple[str, ...] = ()
    crm_name: str = ""

    @property
    def event(self) -> str:
        """What tells this change from another one of the same version."""
        return self.state or self.occurrence.event

    @property
    def record(self) -> RecordIdentity:
        """Which record it changes."""
        external_id = self.columns.get("external_id")
        return RecordIdentity(
            self.options.type, "" if external_id is None else str(external_id), self.key
        )

    @property
    def left_out(self) -> tuple[str, ...]:
        """Columns that the record has a value for, but none that can be used."""
        return left_out_columns(self.notes)


class Claim(NamedTuple):
    """The last change that was claimed for one field of a record key: a watermark.

    `reference` is the import that it was claimed for, empty while that import is being planned.
    `failed` is set when Mateo failed the row, so that the same change may be delivered again.
    `connection` is that of the change. `repeated_by` has the item ids of later repetitions of it,
    the last one behind; the claim has its version since. `as_new_as` is the item id of the claim
    before, if that was of the same event and received later: a replay put back an older copy.
    """

    version: int
    event: str
    item_id: str
    reference: str = ""
    failed: bool = False
    connection: str = ""
    repeated_by: str = ""
    as_new_as: str = ""

    @property
    def order(self) -> tuple[int, ReceiptOrder]:
        """The place of the change, or of its latest repetition, among those of the record."""
        return self.version, receipt_order(self.newest)

    @property
    def newest(self) -> str:
        """The item id of the change, or of its latest repetition."""
        if not (self.repeated_by or self.as_new_as):
            return self.item_id
        known = (self.item_id, self.as_new_as, self.repeated_by.rpartition(" ")[2])
        return max(filter(None, known), key=receipt_order)


@dataclass(frozen=True, slots=True)
class Watermark:
    """What is remembered of a record: the last claim for each field, and whose claims were before.

    `earlier` are item ids of changes whose import came to its end and whose claims others replaced
    since, oldest first: if the queue redelivers one of them, it has its outcome already. An alias
    has nothing but an `owner`: the key of the record that has this name.
    """

    claims: Mapping[str, Claim]
    earlier: tuple[str, ...] = ()
    owner: str = ""


class Row(NamedTuple):
    """One row of an import: what is sent, and what was decided on the way there.

    `changes` are the contributing changes, oldest first. `claims` are those of all claims of the
    key once this row is claimed, `earlier` as in `Watermark`. `shadowed` are occurrences that this
    row makes superfluous: they share its fate, requeued with it or recorded once it is claimed. A
    row that is `joined` belongs into the import of the row before it, wherever that is possible.
    `names` are the record's other ones (`other_names`).
    """

    key: str
    text: bytes
    options: ImportOptions
    changes: tuple[MappedChange, ...]
    claims: Mapping[str, Claim]
    shadowed: tuple[ItemOutcome, ...] = ()
    earlier: tuple[str, ...] = ()
    joined: bool = False
    names: tuple[str, ...] = ()

    @property
    def item_ids(self) -> tuple[str, ...]:
        """The occurrences that share the row's fate."""
        return tuple(change.occurrence.item_id for change in self.changes) + tuple(
            item_outcome.occurrence.item_id for item_outcome in self.shadowed
        )
