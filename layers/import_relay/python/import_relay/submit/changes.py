"""From occurrences to changes of records: interpret, then map. Called by `submission`; no I/O.

`Mapper.interpret` asks each kind's connector what an item says and names the records that have to
be read at a CRM; `fetching` reads them; `Mapper.map` makes changes of what is known then.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from import_relay.connectors.complete_connections import with_defaults
from import_relay.connectors.contract import Change
from import_relay.connectors.fetcher_contract import FieldPath
from import_relay.connectors.file_rows import file_row_change
from import_relay.connectors.usable_connections import mistakes_of, why_disabled
from import_relay.domain.connections import Connection, Mistake
from import_relay.domain.errors import RejectedRow, Retry, Wait
from import_relay.domain.files import holds_file_rows
from import_relay.domain.models import ItemOutcome, MappedChange, Occurrence, Outcome
from import_relay.domain.notes import RejectedRecord
from import_relay.domain.reasons import place_of, reason_of
from import_relay.submit.connection_mappings import ConnectionMappings
from import_relay.submit.fetched_records import RecordName, RecordsFetched
from import_relay.submit.identities import identified
from import_relay.submit.other_names import alias, name_at_crm
from import_relay.submit.stale_reads import STALE_NOTE, is_stale, may_catch_up, version_of

RAISED = "row.raised_error"
"""Why an item ends that raises an error which is neither a rejection nor `OF_NO_ITEM`."""
OF_NO_ITEM = (MemoryError, ConnectionError, TimeoutError, ClientError, BotoCoreError, Retry, Wait)
"""Errors that say nothing of the item at hand: AWS, the network or a store failed, or memory ran
out, which may be the fault of any item."""


@dataclass(slots=True)
class Interpreted:
    """What the items of a batch say, and which records have to be read to know more.

    `to_fetch` maps each of those to every path that its mapping names. `disabled`: the connections
    of the batch that cannot be used, with the item ids that wait for them. `raised`: see `Mapped`.
    """

    changes: list[tuple[Occurrence, Change]] = field(default_factory=list)
    outcomes: list[ItemOutcome] = field(default_factory=list)
    to_fetch: dict[RecordName, frozenset[FieldPath]] = field(default_factory=dict)
    disabled: dict[str, set[str]] = field(default_factory=dict)
    raised: list[ItemOutcome] = field(default_factory=list)


@dataclass(slots=True)
class Mapped:
    """Changes to decide on, occurrences that end here, and item ids that wait.

    An item waits for a record that is not read yet, or for a connection that cannot be used.
    `fetched_keys`: item id → the keys and aliases that its record may have, of occurrences that end
    here because of what was read at a CRM. If a copy of such an item was imported before, the item
    ends with that import. `raised`: occurrences that raised an error that nobody expects, as they
    would be rejected for it; `detail` is type and place of the error.
    """

    changes: list[MappedChange] = field(default_factory=list)
    outcomes: list[ItemOutcome] = field(default_factory=list)
    waiting: set[str] = field(default_factory=set)
    fetched_keys: dict[str, Sequence[str]] = field(default_factory=dict)
    raised: list[ItemOutcome] = field(default_factory=list)

    def add(self, more: "Mapped") -> None:
        """Take on what more occurrences change."""
        self.changes += more.changes
        self.outcomes += more.outcomes
        self.waiting |= more.waiting
        self.fetched_keys |= more.fetched_keys
        self.raised += more.raised


class Mapper:
    """Every connection, with its connector and its compiled mappings. Made once per process.

    `known`: the names of all connections. `disabled`: those that cannot be used, with what is
    wrong; their occurrences wait. `entities_per_day`: the limits of those that have one of their
    own.
    """

    def __init__(self, connections: Mapping[str, Connection]) -> None:
        found = mistakes_of(connections)
        self.known = frozenset(connections)
        self.disabled = {name: mistakes for name, mistakes in found.items() if mistakes}
        self.entities_per_day = {
            name: one.entities_per_day
            for name, one in connections.items()
            if one.entities_per_day is not None
        }
        self._given = connections
        self._mappings: dict[str, ConnectionMappings] = {}
        for name in self.known - self.disabled.keys():
            self._add(with_defaults(connections[name]))

    def _add(self, connection: Connection) -> None:
        """Compile a connection's mappings; a failure disables this connection alone."""
        try:
            self._mappings[connection.name] = ConnectionMappings(connection)
        except Exception as error:  # noqa: BLE001 - the other connections must go on
            what = f"its mapping cannot be made ({reason_of(error)})"
            self.disabled[connection.name] = [Mistake("", what)]

    def countries(self, connection: str) -> Sequence[str]:
        """The countries of the phone numbers of a connection's contacts; none if it names none."""
        given = self._given.get(connection)
        contact = given.record_types.get("contact") if given else None
        return contact.country_codes if contact else ()

    def why_disabled(self, connection: str) -> Mapping[str, str]:
        """A disabled connection's first mistake, for the log: `key`, `reason`, `expression`."""
        return why_disabled(self._given[connection], self.disabled[connection])

    def interpret(self, occurrences: Iterable[Occurrence]) -> Interpreted:
        """What each occurrence says; one that cannot be understood does not affect the others.

        Raises:
            Exception: one of `OF_NO_ITEM`, here and in `map`.
        """
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
                to_fetch = self._to_fetch(occurrence, change)
            except RejectedRow as error:
                result.outcomes.append(_rejected(occurrence, error))
            except OF_NO_ITEM:
                raise
            except Exception as error:  # noqa: BLE001 - the other items must go on
                result.raised.append(_raised(occurrence, error))
            else:
                result.changes.append((occurrence, change))
                result.to_fetch |= to_fetch
        return result

    def map(self, interpreted: Interpreted, read: RecordsFetched) -> Mapped:
        """Map what is known now; a record that cannot be a row does not affect the others."""
        waiting = set().union(*interpreted.disabled.values())
        mapped = Mapped([], interpreted.outcomes, waiting, raised=interpreted.raised)
        for occurrence, change in interpreted.changes:
            try:
                self._map(occurrence, change, interpreted, read, mapped)
            except OF_NO_ITEM:
                raise
            except Exception as error:  # noqa: BLE001 - the other items must go on
                mapped.raised.append(_raised(occurrence, error))
        return mapped

    def _map(
        self,
        occurrence: Occurrence,
        change: Change,
        interpreted: Interpreted,
        read: RecordsFetched,
        mapped: Mapped,
    ) -> None:
        """Add the change, or how the occurrence ends; nothing if that raises an error."""
        try:
            result = self._mapped(occurrence, change, interpreted, read)
        except RejectedRow as error:
            result = _rejected(occurrence, error)
        if result is None:
            mapped.waiting.add(occurrence.item_id)
        elif isinstance(result, ItemOutcome):
            self._end(result, change, interpreted, read, mapped)
        else:
            mapped.changes.append(result)

    def _end(
        self,
        outcome: ItemOutcome,
        change: Change,
        interpreted: Interpreted,
        read: RecordsFetched,
        mapped: Mapped,
    ) -> None:
        """Add an outcome with the record that it is about."""
        mappings = self._mappings[outcome.occurrence.connection]
        name = _record_name(outcome.occurrence, change)
        found = read.found.get(name) if name else None
        ended = identified(outcome, change, mappings.record_mappings, found)
        if name in interpreted.to_fetch:
            keys = [*mappings.likely_keys(change), alias(name_at_crm(*name))]
            mapped.fetched_keys[outcome.occurrence.item_id] = keys
        mapped.outcomes.append(ended)

    def _change(self, occurrence: Occurrence) -> Change:
        mappings = self._mappings.get(occurrence.connection)
        if mappings is None:
            raise RejectedRow("row.connection_removed", value=occurrence.connection)
        if holds_file_rows(occurrence.delivery):
            return file_row_change(occurrence.item)
        return mappings.interpret(occurrence.item)

    def _to_fetch(
        self, occurrence: Occurrence, change: Change
    ) -> Mapping[RecordName, frozenset[FieldPath]]:
        """The record that has to be read at the CRM, if any."""
        name = _record_name(occurrence, change)
        if name is None:
            return {}
        mappings = self._mappings[occurrence.connection]
        return {name: mappings.paths(change.record_type)} if mappings.wants_record(change) else {}

    def _mapped(
        self, occurrence: Occurrence, change: Change, interpreted: Interpreted, read: RecordsFetched
    ) -> MappedChange | ItemOutcome | None:
        """The change, or how the occurrence ends, or None: its record has to be read first."""
        name = _record_name(occurrence, change)
        mappings = self._mappings[occurrence.connection]
        if name is None or name not in interpreted.to_fetch:
            return mappings.map(occurrence, change)
        found = read.found.get(name)
        kind = mappings.connection.kind
        may_be_stale = is_stale(found, change, kind, received_at=occurrence.received_at)
        may_lag = (may_be_stale or name in read.gone) and may_catch_up(occurrence, read.at)
        if name in read.waiting or may_lag:
            return None
        if name in read.gone:
            return ItemOutcome(occurrence, Outcome.IGNORED, "deleted")
        if found is None:
            return mappings.map(occurrence, change)
        full = Change(found.record, change.record_type, version_of(found, change))
        known = (STALE_NOTE,) if is_stale(found, change, kind) else ()
        result = mappings.map(occurrence, full, read_at=read.at, known=known)
        if isinstance(result, MappedChange) and result.key not in mappings.likely_keys(change):
            return result._replace(crm_name=name_at_crm(*name))
        return result


def _record_name(occurrence: Occurrence, change: Change) -> RecordName | None:
    lookup = change.lookup
    return RecordName(occurrence.connection, lookup.object_type, lookup.id) if lookup else None


def _rejected(occurrence: Occurrence, error: RejectedRow) -> ItemOutcome:
    notes = error.notes if isinstance(error, RejectedRecord) else ()
    return ItemOutcome(
        occurrence, Outcome.REJECTED, error.code, error.field, error.value, error.detail, notes
    )


def _raised(occurrence: Occurrence, error: Exception) -> ItemOutcome:
    return ItemOutcome(occurrence, Outcome.REJECTED, RAISED, detail=place_of(error))
