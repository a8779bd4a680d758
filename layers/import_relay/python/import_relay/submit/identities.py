"""Says of an item that ends without an import which record it was about. Called by `changes`."""

from collections.abc import Mapping
from dataclasses import replace

from import_relay.connectors.contract import Change
from import_relay.connectors.fetcher_contract import FetchedRecord
from import_relay.domain.connections import RecordTypeName
from import_relay.domain.models import ItemOutcome, RecordIdentity
from import_relay.mapping.record_mapping import RecordMapping


def identified(
    item_outcome: ItemOutcome,
    change: Change,
    mappings: Mapping[RecordTypeName, RecordMapping],
    found: FetchedRecord | None,
) -> ItemOutcome:
    """The same outcome with its record: by the mapping, else the id that the CRM knows it by.

    An item that names no type, of a connection with several, is taken for the only type whose
    mapping finds an external id in it.
    """
    record = found.record if found else change.record
    names = (
        mappings.keys() if change.record_type is None else mappings.keys() & {change.record_type}
    )
    read = [mappings[name].identity(record) for name in sorted(names)]
    known = [one for one in read if one.key] or read
    identity = known[0] if len(known) == 1 else _common(known)
    if not identity.external_id and change.lookup is not None:
        identity = identity._replace(external_id=change.lookup.id)
    return replace(item_outcome, record=identity)


def _common(known: list[RecordIdentity]) -> RecordIdentity:
    """What several types agree on: the external id, without a type."""
    external_ids = {one.external_id for one in known}
    return RecordIdentity(external_id=external_ids.pop() if len(external_ids) == 1 else "")
