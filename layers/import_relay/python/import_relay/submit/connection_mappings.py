"""What the items of one connection say, and the changes that its mappings make of it; no I/O.

Called by `changes`, which has one of these for each connection.
"""

from collections.abc import Mapping, Sequence

from import_relay.connectors.contract import Change
from import_relay.connectors.fetcher_contract import FieldPath
from import_relay.connectors.kinds import can_fetch, connector_for
from import_relay.connectors.shared.event_ids import content_id
from import_relay.domain.connections import Connection, RecordTypeName
from import_relay.domain.errors import RejectedRow
from import_relay.domain.models import ErasureDemand, ItemOutcome, MappedChange, Occurrence, Outcome
from import_relay.domain.notes import Note, RejectedRecord
from import_relay.mapping.keys import record_key
from import_relay.mapping.record_mapping import RecordMapping
from import_relay.mapping.rejections import rejection
from import_relay.mapping.row_texts import row_text
from import_relay.submit.freshness import FIRST_TIME

MAX_AHEAD_US = 24 * 3_600 * 1_000_000
"""A time that lies this long after an item's receipt orders nothing: no clock is that wrong."""

FUTURE_NOTE = Note("note.future_version", "version")
EMPTY_NOTE = Note("note.empty_version", "version")


class ConnectionMappings:
    """A connection with its compiled mappings. Made once per process.

    Raises:
        Exception: a mapping cannot be compiled.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.record_mappings = {
            record_type.name: RecordMapping(record_type)
            for record_type in connection.record_types.values()
        }

    def interpret(self, item: object) -> Change:
        """What an item says, by its connector.

        Raises:
            RejectedRow: it cannot be understood.
        """
        return connector_for(self.connection.kind).interpret(item, self.connection)

    def wants_record(self, change: Change) -> bool:
        """Whether the record has to be fetched; never for a type that is not imported."""
        if change.record_type is not None:
            mapping = self.record_mappings.get(change.record_type)
            if mapping is None:
                return False
            if change.partial and change.lookup is not None and not change.lookup.always:
                return _misses_something(mapping, change.record)
        return True

    def paths(self, record_type: RecordTypeName | None) -> frozenset[FieldPath]:
        """Every path that the mapping of a type names, or of all types if the type is not known."""
        if record_type is not None:
            return self.record_mappings[record_type].paths
        return frozenset().union(*(mapping.paths for mapping in self.record_mappings.values()))

    def likely_keys(self, change: Change) -> Sequence[str]:
        """The keys of the record that a change names, if its id at the CRM is its external id."""
        if change.lookup is None:
            return ()
        id_ = self.connection.id_prefix + change.lookup.id
        return [
            record_key(mapping.options.type, {"external_id": id_})
            for name, mapping in self.record_mappings.items()
            if change.record_type in (None, name)
        ]

    def map(
        self,
        occurrence: Occurrence,
        change: Change,
        *,
        read_at: int | None = None,
        known: Sequence[Note] = (),
    ) -> MappedChange | ItemOutcome:
        """The row's columns, key and version, or how the occurrence ends without a row.

        Args:
            read_at: when the record was fetched (µs since the epoch), if it was.
            known: notes that were made before.

        Raises:
            RejectedRow: the record cannot become a row.
        """
        if change.ignored is not None:
            demand = self._demand(change.erases) if change.erases else None
            return ItemOutcome(occurrence, Outcome.IGNORED, change.ignored, demand=demand)
        mapping, failed = self._mapping(change)
        if mapping is None:
            if failed:
                raise RejectedRecord("row.bad_condition", failed, field=failed[0].field)
            return ItemOutcome(occurrence, Outcome.IGNORED, "no_record_type")
        columns, notes = mapping.columns(change.record, partial=change.partial)
        notes = (*known, *failed, *notes)
        if change.partial and not mapping.sets_anything(columns):
            return self._nothing_left(occurrence, mapping, change, notes)
        key = _key(mapping, columns, notes)
        otherwise = occurrence.received_at if read_at is None else read_at
        version, note = _version(mapping, change, otherwise)
        if note is not None:
            notes += (note,)
        text = row_text(columns)
        return MappedChange(
            occurrence,
            key,
            otherwise if version is None else version,
            change.partial,
            columns,
            text,
            mapping.options,
            notes,
            version is None,
            "" if read_at is None else content_id(text.decode()),
            mapping.record_type.shared_handles,
            mapping.record_type.required,
        )

    def _demand(self, record: str) -> ErasureDemand:
        """The demand to erase a contact, with its external id where that is the CRM's own id."""
        own = connector_for(self.connection.kind).DEFAULTS.get("contact")
        mapped = self.connection.record_types.get("contact")
        is_own = own and mapped and own.fields["external_id"] == mapped.fields.get("external_id")
        return ErasureDemand(record, self.connection.id_prefix + record if is_own else "")

    def _nothing_left(
        self, occurrence: Occurrence, mapping: RecordMapping, change: Change, notes: Sequence[Note]
    ) -> ItemOutcome:
        """How a partial change ends that sets no column.

        Raises:
            RejectedRow: it says something, but nothing that can be used.
        """
        unusable = next((note for note in notes if note.is_left_out), None)
        if unusable is not None:
            raise rejection(unusable, notes)
        if cut := mapping.cut_columns(change.record):
            raise _incomplete(self.connection, cut)
        return ItemOutcome(occurrence, Outcome.IGNORED, "not_mapped", notes=tuple(notes))

    def _mapping(self, change: Change) -> tuple[RecordMapping | None, list[Note]]:
        """The mapping for a change, and notes of types whose `when` failed on it.

        None: nothing of this type, or like this, is imported.
        """
        failed: list[Note] = []
        for name, mapping in self.record_mappings.items():
            if change.record_type not in (None, name):
                continue
            if change.record is None:
                raise _incomplete(self.connection, ())
            applies = self._applies(mapping, change)
            if applies is None:
                failed.append(Note("note.when_failed", f"{name}.when"))
            if applies:
                self._check_complete(mapping, change)
                return mapping, failed
        return None, failed

    def _applies(self, mapping: RecordMapping, change: Change) -> bool | None:
        """Whether `when` holds for a change; None: it failed on it.

        A fragment that does not say is of a record for which it holds.
        """
        if not change.partial or mapping.knows_condition(change.record):
            return mapping.condition(change.record)
        if change.fragment:
            return True
        raise _incomplete(self.connection, ("when",))

    def _check_complete(self, mapping: RecordMapping, change: Change) -> None:
        needs = mapping.unidentified if change.fragment else mapping.needs
        if change.partial and (needed := needs(change.record)):
            raise _incomplete(self.connection, needed)


def _version(
    mapping: RecordMapping, change: Change, known_at: int
) -> tuple[int | None, Note | None]:
    """What orders a change, and a note if what was found is a time that orders nothing.

    A `version` in connections.toml replaces the kind's own, even where it finds nothing: two
    clocks, or a clock and a counter, do not compare. Only fragments that lack it have the kind's
    own: without it the changes of a consent would not be told apart.

    `known_at`: when its item was received or its record read, in µs since the epoch. A number that
    `version` in connections.toml finds may count anything and stays; a connector gives times. A
    time of the future would hide every true change, and every change would hide a time that stands
    for none, such as 0001-01-01.
    """
    is_own = mapping.orders and not (change.fragment and not mapping.knows_version(change.record))
    version = mapping.version(change.record) if is_own else change.version
    if version is None or FIRST_TIME <= version <= known_at + MAX_AHEAD_US:
        return version, None
    if is_own and not mapping.version_is_time(change.record):
        return version, None
    return None, EMPTY_NOTE if version < FIRST_TIME else FUTURE_NOTE


def _misses_something(mapping: RecordMapping, record: object) -> bool:
    """Whether a partial record says less than its mapping needs, if it applies at all."""
    if not mapping.knows_condition(record):
        return True
    missing = mapping.needs(record) or mapping.cut_columns(record)
    needs_more = bool(missing) or mapping.misses_country(record)
    return needs_more and mapping.condition(record) is not False


def _incomplete(connection: Connection, missing: Sequence[str]) -> RejectedRow:
    """The webhook does not say enough: what is missing, and the token with which it can be read."""
    missing_text = ", ".join(missing)
    if can_fetch(connection.kind):
        detail = f"there is no {connection.name}.token among the CRM tokens"
        return RejectedRow("row.token_missing", field=missing_text, detail=detail)
    return RejectedRow("row.incomplete", field=missing_text)


def _key(mapping: RecordMapping, columns: Mapping[str, object], notes: Sequence[Note]) -> str:
    """The key of a row; a row without one is rejected with the notes of what might have been it."""
    try:
        return record_key(mapping.options.type, columns)
    except RejectedRow as error:
        raise RejectedRecord(error.code, notes, field=error.field) from error
