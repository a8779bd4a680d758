"""A connection with what its kind knows of it: its default mapping, and mistakes in its options."""

from collections.abc import Iterator
from dataclasses import fields, replace

from import_relay.connectors.contract import Connector
from import_relay.connectors.kinds import connector_for, kinds
from import_relay.domain.connections import (
    OF_ALL_KINDS,
    RECORD_TYPES,
    Connection,
    Mistake,
    RecordType,
)
from import_relay.domain.spelling import did_you_mean

NOT_FOR_RECEIVING = frozenset(
    {
        *("api_url", "accounts_url", "instance_url"),
        *("portal_id", "datetime_properties", "ignore_types"),
        *("contact_objects", "deal_objects", "appointment_objects"),
    }
)
"""Options that neither `verify` nor `split` reads: in spite of a mistake in them, webhooks are
stored."""


def option_mistakes(connection: Connection) -> Iterator[Mistake]:
    """What the connection's kind finds wrong with its options and types of records."""
    if connection.kind not in kinds():
        if connection.kind or all(one.key for one in connection.mistakes):  # else no table was read
            yield _unknown_kind(connection.kind)
        return
    connector = connector_for(connection.kind)
    if not connector.DEFAULTS:
        yield from _unmapped(connection)
    for key, what in kind_mistakes(connector, with_defaults(connection)):
        yield Mistake(key, what, receiving=key.partition(".")[0] not in RECORD_TYPES)


def kind_mistakes(connector: Connector, connection: Connection) -> Iterator[tuple[str, str]]:
    """(key, what is wrong) for each mistake that depends on the kind, in a complete connection."""
    names = sorted(connector.OPTIONS)
    unknown = sorted(connection.options.keys() - set(names))
    for key in unknown:
        choice = f"knows {', '.join(names)}" if names else "has no options of its own"
        what = f"is not known; kind {connection.kind!r} {choice}"
        yield key, what + did_you_mean(key, [*names, *OF_ALL_KINDS])
    yield from (one for one in connector.check_options(connection) if one[0] not in unknown)
    yield from _missing_conditions(connector, connection)


def _missing_conditions(connector: Connector, connection: Connection) -> Iterator[tuple[str, str]]:
    """Each record type without `when`, if the kind leaves it to `when` to tell them apart.

    A kind that tells them apart itself has a default without `when`.
    """
    needs_when = all(default.when for default in connector.DEFAULTS.values())
    if needs_when and len(connection.record_types) > 1:
        for name, record_type in connection.record_types.items():
            if record_type.when is None:
                yield f"{name}.when", "is needed: the connection has several record types"


def _unknown_kind(kind: str) -> Mistake:
    given = f"not {kind!r}{did_you_mean(kind, kinds())}" if kind else "it is missing"
    return Mistake("kind", f"must be one of {', '.join(kinds())}; {given}", receiving=True)


def _unmapped(connection: Connection) -> Iterator[Mistake]:
    """What a connection does not map, whose kind maps nothing by default."""
    if not connection.record_types:
        yield Mistake("contact", f"needs a table for at least one of {', '.join(RECORD_TYPES)}")
    for name, record_type in connection.record_types.items():
        told = any(
            one.key == name or one.key.startswith(f"{name}.fields") for one in connection.mistakes
        )
        if not (record_type.fields or told):
            yield Mistake(f"{name}.fields", "needs a table of column = 'expression'")
        for column, expression in record_type.fields.items():
            if not expression:
                key = f"{name}.fields.{column}"
                yield Mistake(key, "must be a JMESPath expression (a text)")


def receiving_mistakes(connection: Connection) -> Iterator[Mistake]:
    """The mistakes because of which the relay cannot authenticate the sender."""
    for mistake in (*connection.mistakes, *option_mistakes(connection)):
        if mistake.receiving and mistake.key not in NOT_FOR_RECEIVING:
            yield mistake


def with_defaults(connection: Connection) -> Connection:
    """The connection with what its kind maps by default.

    A connection without any record type has all those of its kind; otherwise those that it names.
    Each of its keys, and each column of its `fields`, overrides the default; an empty expression
    removes a column.
    """
    defaults = connector_for(connection.kind).DEFAULTS
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
