"""Other names of a record, beside its key: handles of a contact, and the id that its CRM gives it.

A CRM names a person by an e-mail address before there is an id, and by the id afterwards: two keys.
So each claim leaves its record's key under all names of the record, as an *alias*: a change that
comes under such a name later finds the claim. Called by `claims` and `batch_run`.
"""

from collections.abc import Iterator, Sequence

from import_relay.domain.models import MATEO_TYPES, MappedChange, Row
from import_relay.mapping.keys import HANDLES, record_key

HANDLES_KNOWN = "contacts-by-handle"
"""Key of a watermark that exists while there are contacts without an id. Without any, no key is a
handle, so none is remembered."""
_CONTACTS = MATEO_TYPES["contact"]
_BY_HANDLE = tuple(f"{_CONTACTS}#{column}:" for column in HANDLES)


def alias(name: str) -> str:
    """The key under which the key of the record is remembered that has this name."""
    return f"alias#{name}"


def name_at_crm(connection: str, object_type: str, id_: str) -> str:
    """The name of a record by which its CRM's API knows it."""
    return f"crm:{connection}/{object_type}/{id_}"


def is_by_handle(key: str) -> bool:
    """Whether this is the key of a contact without a known id."""
    return key.startswith(_BY_HANDLE)


def handle_names(change: MappedChange) -> Iterator[str]:
    """The keys that a contact would have if only one of its handles were known.

    A handle that the contact does not keep, since several contacts have it, is no name of it.
    """
    if change.options.type != _CONTACTS:
        return
    for column in HANDLES:
        value = change.columns.get(column)
        if value and column not in change.left_out:
            name = record_key(_CONTACTS, {column: value})
            if name != change.key:
                yield name


def with_names(rows: Sequence[Row], *, handles_known: bool) -> Sequence[Row]:
    """The rows, each with the other names that its claim is to be found by."""
    return [_named(row, handles_known=handles_known) for row in rows]


def _named(row: Row, *, handles_known: bool) -> Row:
    names = [change.crm_name for change in row.changes if change.crm_name]
    if handles_known:
        names += [name for change in row.changes for name in handle_names(change)]
    return row._replace(names=tuple(dict.fromkeys(names))) if names else row
