"""What each CRM sends and how it proves itself: one module per kind of connection.

A new kind is one module that fulfils `contract.Source`, and its line in `connections.KINDS`.
Modules are imported when a connection needs them, so that no kind makes the receiver's start
slower.
"""

from collections.abc import Iterator
from dataclasses import fields, replace
from importlib import import_module
from typing import cast

from import_relay.connectors.contract import Source
from import_relay.domain.connections import (
    KINDS,
    RECORD_TYPES,
    Connection,
    Mistake,
    RecordType,
    RecordTypeName,
)

NOT_FOR_RECEIVING = frozenset(
    {
        *("api_url", "accounts_url", "instance_url"),
        *("portal_id", "datetime_properties", "ignore_types"),
        *("contact_objects", "deal_objects", "appointment_objects"),
    }
)
"""Options that no `verify` and no `split` looks at: with a mistake in them webhooks are stored."""


def source_for(kind: str) -> Source:
    """The module that knows this kind of connection.

    Raises:
        KeyError: there is no such kind (`load_connections` lets none through).
    """
    return cast("Source", import_module(KINDS[kind]))


def option_mistakes(connection: Connection) -> Iterator[Mistake]:
    """What the connection's kind finds wrong with its options and types of records."""
    if connection.kind not in KINDS:
        return
    for key, what in source_for(connection.kind).check_options(with_defaults(connection)):
        yield Mistake(key, what, receiving=key.partition(".")[0] not in RECORD_TYPES)


def receiving_mistakes(connection: Connection) -> Iterator[Mistake]:
    """The mistakes that leave open how the connection's sender proves itself."""
    for mistake in (*connection.mistakes, *option_mistakes(connection)):
        if mistake.receiving and mistake.key not in NOT_FOR_RECEIVING:
            yield mistake


def with_defaults(connection: Connection) -> Connection:
    """The connection with what its kind maps by default.

    A connection without any record type has all those of its kind; otherwise those that it names.
    Each of their keys, and each column of `fields`, goes before the default; an empty expression
    takes a column away.
    """
    defaults = source_for(connection.kind).DEFAULTS
    given = connection.record_types or {name: RecordType(name, {}) for name in defaults}
    merged: dict[str, RecordType] = {
        name: _of_connection(_merged(given[name], defaults.get(name)), connection)
        for name in RECORD_TYPES
        if name in given
    }
    return replace(connection, record_types=merged)


def _of_connection(record_type: RecordType, connection: Connection) -> RecordType:
    """With the connection's prefix, and its time zone unless the record type has its own."""
    return replace(
        record_type,
        id_prefix=connection.id_prefix,
        time_zone=record_type.time_zone or connection.time_zone,
    )


def _merged(given: RecordType, default: RecordType | None) -> RecordType:
    columns = {**(default.fields if default else {}), **given.fields}
    mapped = {column: expression for column, expression in columns.items() if expression}
    if default is None:
        return replace(given, fields=mapped)
    named = {
        one.name: getattr(given, one.name)
        for one in fields(RecordType)
        if one.name not in ("name", "fields") and getattr(given, one.name) != one.default
    }
    return replace(default, fields=mapped, **named)


__all__ = [
    "RecordTypeName",
    "option_mistakes",
    "receiving_mistakes",
    "source_for",
    "with_defaults",
]
