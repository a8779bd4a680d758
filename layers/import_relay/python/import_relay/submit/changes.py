"""From occurrences to changes of records: interpret, then map. Called by `submission`; no I/O.

`Mapper.interpret` asks each kind's connector what an item says and names the records that have to
be read at a CRM; `fetching` reads them; `Mapper.map` makes changes of what is known then.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from import_relay.connectors.complete_connections import with_defaults
from import_relay.connectors.contract import Change, Connector
from import_relay.connectors.fetcher_contract import FetchedRecord, FieldPath
from import_relay.connectors.kinds import can_fetch, connector_for
from import_relay.connectors.shared.event_ids import digest
from import_relay.connectors.usable_connections import expression_of, mistakes_of
from import_relay.domain.connections import Connection, Mistake, RecordTypeName
from import_relay.domain.errors import RejectedRow
from import_relay.domain.models import ItemOutcome, MappedChange, Occurrence, Outcome
from import_relay.domain.notes import Note, RejectedRecord
from import_relay.mapping.keys import record_key
from import_relay.mapping.record_mapping import RecordMapping
from import_relay.mapping.rejections import rejection
from import_relay.mapping.row_texts import row_text
from import_relay.submit.stale_reads import STALE_NOTE, is_stale, may_catch_up, version_of

MAX_AHEAD_US = 24 * 3_600 * 1_000_000
"""A time that lies so long after an item's receipt orders nothing: no clock is that wrong."""

FUTURE_NOTE = Note("note.future_version", "version")


class RecordName(NamedTuple):
    """A record at a CRM: whose, of which type in the CRM's own words, and its id."""

    connection: str
    object_type: str
    id: str


@dataclass(slots=True)
class Interpreted:
    """What the items of a batch say, and which records have to be read to know more.

    `to_fetch` maps each of those to every path that its mapping names. `disabled`: the connections
    of the batch that cannot be used, with the item ids that wait for them.
    """

    changes: list[tuple[Occurrence, Change]] = field(default_factory=list)
    outcomes: list[ItemOutcome] = field(default_factory=list)
    to_fetch: dict[RecordName, frozenset[FieldPath]] = field(default_factory=dict)
    disabled: dict[str, set[str]] = field(default_factory=dict)


@dataclass(slots=True)
class RecordsFetched:
    """Results of fetching records. `gone`: deleted; `waiting`: temporarily unavailable.

    All others belong to connections without a fetcher. `at`: when they were fetched, in
    microseconds since the epoch. `failed`: connections with records that could not be fetched.
    """

    at: int = 0
    found: dict[RecordName, FetchedRecord] = field(default_factory=dict)
    gone: set[RecordName] = field(default_factory=set)
    waiting: set[RecordName] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Mapped:
    """Changes to decide on, occurrences that end here, and item ids that wait.

    They wait for a record that is not read yet, or for a connection that cannot be used.
    """

    changes: list[MappedChange] = field(default_factory=list)
    outcomes: list[ItemOutcome] = field(default_factory=list)
    waiting: set[str] = field(default_factory=set)


class Mapper:
    """Every connection, with its source and its compiled mappings. Made once per process.

    `known`: the names of all connections. `disabled`: those that cannot be used, with what is
    wrong; their occurrences wait.
    """

    def __init__(self, connections: Mapping[str, Connection]) -> None:
        found = mistakes_of(connections)
        self.known = frozenset(connections)
        self.disabled = {name: mistakes for name, mistakes in found.items() if mistakes}
        self._given = connections
        self._connections: dict[str, Connection] = {}
        self._connectors: dict[str, Connector] = {}
        self._mappings: dict[str, dict[RecordTypeName, RecordMapping]] = {}
        for name in self.known - self.disabled.keys():
            self._add(with_defaults(connections[name]))

    def _add(self, connection: Connection) -> None:
        """Compile a connection's mappings; whatever goes wrong, it goes wrong for it alone."""
        try:
            self._mappings[connection.name] = {
                record_type.name: RecordMapping(record_type)
                for record_type in connection.record_types.values()
            }
            self._connections[connection.name] = connection
        except Exception as error:  # noqa: BLE001 - the other connections must go on
            what = f"its mapping cannot be made ({type(error).__name__})"
            self.disabled[connection.name] = [Mistake("", what)]

    def why_disabled(self, connection: str) -> Mapping[str, str]:
        """A disabled connection's first mistake, for the log: `key`, `reason`, `expression`."""
        mistake = self.disabled[connection][0]
        expression = expression_of(self._given[connection], mistake.key)
        return {"key": mistake.key, "reason": mistake.what, "expression": expression}

    def interpret(self, occurrences: Iterable[Occurrence]) -> Interpreted:
        """What each occurrence says; one that cannot be understood hurts no other."""
        result = Interpreted()
        seen: set[str] = set()
        for occurrence in occurrences:
            item_id = occurrence.item_id
            if item_id in seen:  # SQS delivered it twice within one batch
                continue
            seen.add(item_id)
            if occurrence.connection in self.disabled:
                result.disabled.setdefault(occurrence.connection, set()).add(item_id)
                continue
            try:
                change = self._change(occurrence)
            except RejectedRow as error:
                result.outcomes.append(_rejected(occurrence, error))
                continue
            result.changes.append((occurrence, change))
            name = _record_name(occurrence, change)
            if name is not None and self._wants_record(occurrence.connection, change):
                result.to_fetch[name] = self._paths(occurrence.connection, change.record_type)
        return result

    def map(self, interpreted: Interpreted, read: RecordsFetched) -> Mapped:
        """Map what is known now; a record that cannot be a row hurts no other."""
        waiting = set().union(*interpreted.disabled.values())
        mapped = Mapped(outcomes=interpreted.outcomes, waiting=waiting)
        for occurrence, change in interpreted.changes:
            try:
                result = self._mapped(occurrence, change, interpreted, read)
            except RejectedRow as error:
                result = _rejected(occurrence, error)
            if result is None:
                mapped.waiting.add(occurrence.item_id)
            elif isinstance(result, ItemOutcome):
                mapped.outcomes.append(result)
            else:
                mapped.changes.append(result)
        return mapped

    def _change(self, occurrence: Occurrence) -> Change:
        connection = self._connections.get(occurrence.connection)
        if connection is None:
            raise RejectedRow("row.connection_removed", value=occurrence.connection)
        return self._connector(connection.kind).interpret(occurrence.item, connection)

    def _wants_record(self, connection: str, change: Change) -> bool:
        """Whether the record itself is needed, for a type of record that is imported at all."""
        if change.record_type is not None:
            mapping = self._mappings[connection].get(change.record_type)
            if mapping is None:
                return False
            if change.partial and change.lookup is not None and not change.lookup.always:
                return _misses_something(mapping, change.record)
        return True

    def _paths(self, connection: str, record_type: RecordTypeName | None) -> frozenset[FieldPath]:
        mappings = self._mappings[connection]
        if record_type is not None:
            return mappings[record_type].paths
        return frozenset().union(*(mapping.paths for mapping in mappings.values()))

    def _mapped(
        self, occurrence: Occurrence, change: Change, interpreted: Interpreted, read: RecordsFetched
    ) -> MappedChange | ItemOutcome | None:
        """The change, or how the occurrence ends, or None: its record has to be read first."""
        name = _record_name(occurrence, change)
        if name is None or name not in interpreted.to_fetch:
            return self._map(occurrence, change)
        found = read.found.get(name)
        stale = is_stale(found, change, self._connections[occurrence.connection].kind)
        may_lag = (stale or name in read.gone) and may_catch_up(occurrence, read.at)
        if name in read.waiting or may_lag:
            return None
        if name in read.gone:
            return ItemOutcome(occurrence, Outcome.IGNORED, "deleted")
        if found is None:
            return self._map(occurrence, change)
        full = Change(found.record, change.record_type, version_of(found, change))
        return self._map(occurrence, full, read_at=read.at, known=(STALE_NOTE,) if stale else ())

    def _map(
        self,
        occurrence: Occurrence,
        change: Change,
        *,
        read_at: int | None = None,
        known: Sequence[Note] = (),
    ) -> MappedChange | ItemOutcome:
        if change.ignored is not None:
            return ItemOutcome(occurrence, Outcome.IGNORED, change.ignored)
        connection = self._connections[occurrence.connection]
        mapping, failed = self._mapping(connection, change)
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
        version, is_future = _version(mapping, change, otherwise)
        if is_future:
            notes += (FUTURE_NOTE,)
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
            by_receipt=version is None,
            state="" if read_at is None else digest(text.decode()),
            shared_handles=mapping.record_type.shared_handles,
            required=mapping.record_type.required,
        )

    def _nothing_left(
        self,
        occurrence: Occurrence,
        mapping: RecordMapping,
        change: Change,
        notes: Sequence[Note],
    ) -> ItemOutcome:
        """How a partial change ends that sets no column.

        Raises:
            RejectedRow: it says something, but nothing that can be used.
        """
        unusable = next((note for note in notes if note.is_left_out), None)
        if unusable is not None:
            raise rejection(unusable, notes)
        if cut := mapping.cut_columns(change.record):
            raise _incomplete(self._connections[occurrence.connection], cut)
        return ItemOutcome(occurrence, Outcome.IGNORED, "not_mapped", notes=tuple(notes))

    def _mapping(
        self, connection: Connection, change: Change
    ) -> tuple[RecordMapping | None, list[Note]]:
        """The mapping for a change, and notes of types whose `when` failed on it.

        None: nothing of this type, or like this, is imported.
        """
        failed: list[Note] = []
        for name, mapping in self._mappings[connection.name].items():
            if change.record_type not in (None, name):
                continue
            if change.record is None:
                raise _incomplete(connection, ())
            if change.partial and not mapping.knows_condition(change.record):
                if not change.fragment:
                    raise _incomplete(connection, ("when",))
                applies: bool | None = True
            else:
                applies = mapping.condition(change.record)
            if applies is None:
                failed.append(Note("note.when_failed", f"{name}.when"))
            if not applies:
                continue
            needs = mapping.unidentified if change.fragment else mapping.needs
            if change.partial and (needed := needs(change.record)):
                raise _incomplete(connection, needed)
            return mapping, failed
        return None, failed

    def _connector(self, kind: str) -> Connector:
        if kind not in self._connectors:
            self._connectors[kind] = connector_for(kind)
        return self._connectors[kind]


def _version(mapping: RecordMapping, change: Change, known_at: int) -> tuple[int | None, bool]:
    """What orders a change, and whether that was a time of the future, which orders nothing.

    A `version` in connections.toml takes the place of the kind's own, also where it finds nothing:
    two clocks, or a clock and a counter, do not compare. Only fragments that cannot say it have the
    kind's own: without it the changes of a consent would not be told apart.

    `known_at`: when its item was received or its record read, in µs since the epoch. A number that
    `version` in connections.toml finds may count anything and stays; a connector gives times.
    """
    is_own = mapping.orders and not (change.fragment and not mapping.knows_version(change.record))
    version = mapping.version(change.record) if is_own else change.version
    if version is None or version <= known_at + MAX_AHEAD_US:
        return version, False
    if is_own and not mapping.version_is_time(change.record):
        return version, False
    return None, True


def _record_name(occurrence: Occurrence, change: Change) -> RecordName | None:
    lookup = change.lookup
    return RecordName(occurrence.connection, lookup.object_type, lookup.id) if lookup else None


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


def _rejected(occurrence: Occurrence, error: RejectedRow) -> ItemOutcome:
    notes = error.notes if isinstance(error, RejectedRecord) else ()
    return ItemOutcome(
        occurrence, Outcome.REJECTED, error.code, error.field, error.value, error.detail, notes
    )


def _key(mapping: RecordMapping, columns: Mapping[str, object], notes: Sequence[Note]) -> str:
    """The key of a row; a row without one is rejected with the notes of what might have been it."""
    try:
        return record_key(mapping.options.type, columns)
    except RejectedRow as error:
        raise RejectedRecord(error.code, notes, field=error.field) from error
