"""Which fields of its record a change claims: the whole of it, or single columns. Pure.

Called by `merging`.
"""

from import_relay.domain.models import WHOLE_RECORD, MappedChange
from import_relay.mapping.contact_phones import COUNTRIES


def fields_of(change: MappedChange) -> tuple[str, ...]:
    """What a change claims. A partial one that says only which record it is claims that column."""
    if not change.partial:
        return (WHOLE_RECORD,)
    columns = (*change.columns, *change.left_out)
    said = tuple(column for column in columns if not identifies(change, column))
    return said or (_key_column(change),)


def identifies(change: MappedChange, column: str) -> bool:
    """Whether a column only says which record it is: the key's own, and what helps to read it."""
    return column in (COUNTRIES, _key_column(change))


def is_apart(change: MappedChange, other: MappedChange) -> bool:
    """Whether two changes are of two connections, or go to Mateo with other options."""
    connections = change.occurrence.connection, other.occurrence.connection
    return connections[0] != connections[1] or change.options != other.options


def _key_column(change: MappedChange) -> str:
    return change.key.partition("#")[2].partition(":")[0]
