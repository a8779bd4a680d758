"""What holds for the values of every kind, type of record and column, by the files in events/.

An unusable value costs its column alone, whatever the connector; a configured version overrides
every other one.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache

import pytest

from import_relay.connectors.complete_connections import with_defaults
from import_relay.connectors.kinds import connector_for, kinds
from import_relay.domain.connections import RecordType
from import_relay.domain.models import ItemOutcome, MappedChange, Occurrence
from import_relay.mapping.keys import IDENTIFIERS
from import_relay.mapping.rejections import NEEDED_COLUMNS
from import_relay.submit.changes import Mapped, Mapper
from import_relay.submit.fetched_records import RecordsFetched
from tests.support.authentic import connection_of, requests_of
from tests.support.webhooks import NOW

KINDS = sorted(kinds())
UNUSABLE = '{"a": {"b": 1}}'
"""An object of objects, which no column takes."""
BLANKS = ("''", "' '", "'\u200b\ufeff'", "`null`", "`[]`", '`["", " "]`')


@cache
def items_of(kind: str) -> tuple[object, ...]:
    """The items of every file of a kind."""
    connector, options = connector_for(kind), connection_of(kind).options
    return tuple(
        json.loads(item.text)
        for request in requests_of(kind).values()
        for item in connector.split(request, options)
    )


def mapped(kind: str, item: object, changed: Mapping[str, RecordType] | None = None) -> Mapped:
    """What becomes of an item with other record types, without anything read at a CRM."""
    connection = with_defaults(connection_of(kind))
    connection = replace(connection, record_types={**connection.record_types, **(changed or {})})
    mapper = Mapper({kind: connection})
    one = Occurrence("m1", kind, "d1", 0, "e0", NOW * 1_000_000, 0, item)
    return mapper.map(mapper.interpret([one]), RecordsFetched())


@cache
def examples(kind: str) -> tuple[tuple[object, MappedChange], ...]:
    """Items that become a change, with it: one for each set of columns."""
    found: dict[tuple[str, bool, frozenset[str]], object] = {}
    for item in items_of(kind):
        for change in mapped(kind, item).changes:
            found.setdefault((change.options.type, change.partial, frozenset(change.columns)), item)
    return tuple((item, mapped(kind, item).changes[0]) for item in found.values())


def type_of(kind: str, change: MappedChange) -> RecordType:
    types = with_defaults(connection_of(kind)).record_types
    return types[change.options.type.removesuffix("_details")]


def instead(record_type: RecordType, column: str, value: str) -> RecordType:
    """The record type with an expression that gives `value` where the column had one."""
    text = f"[({record_type.fields[column]}), {value}][1]"
    return replace(record_type, fields={**record_type.fields, column: text})


def columns_of(kind: str) -> Iterator[tuple[object, MappedChange, RecordType, str]]:
    for item, change in examples(kind):
        record_type = type_of(kind, change)
        for column in change.columns.keys() & record_type.fields.keys():
            yield item, change, record_type, column


def only(found: Mapped) -> MappedChange | ItemOutcome:
    results: list[MappedChange | ItemOutcome] = [*found.changes, *found.outcomes]
    (result,) = results
    return result


@pytest.mark.parametrize("kind", KINDS)
def test_an_unusable_value_costs_its_column_and_nothing_else(kind: str) -> None:
    for item, change, record_type, column in columns_of(kind):
        other = instead(record_type, column, f"`{UNUSABLE}`")
        other = replace(other, clears=tuple(other.fields.keys() - {"external_id"}))
        result = only(mapped(kind, item, {record_type.name: other}))

        rest = {name for name, value in change.columns.items() if value is not None} - {column}
        if column in (*IDENTIFIERS[:1], *NEEDED_COLUMNS[record_type.name]):
            assert isinstance(result, ItemOutcome), (column, result)
            assert (result.outcome, result.field) == ("rejected", column)
        elif change.partial and rest <= {*IDENTIFIERS, "country_codes"}:
            assert isinstance(result, ItemOutcome), (column, result)
            assert (result.outcome, result.field) == ("rejected", column)
            assert [note.field for note in result.notes if note.is_left_out] == [column]
        else:
            assert isinstance(result, MappedChange), (column, result)
            assert column not in result.columns
            assert {name: result.columns[name] for name in rest} == {
                name: change.columns[name] for name in rest
            }
            assert column in result.left_out
            (note,) = [note for note in result.notes if note.field == column and note.is_left_out]
            assert note.value is not None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("blank", BLANKS)
def test_an_empty_value_overwrites_no_column_unless_it_clears_it(kind: str, blank: str) -> None:
    for item, _, record_type, column in columns_of(kind):
        if column in IDENTIFIERS:
            continue
        other = instead(record_type, column, blank)
        result = only(mapped(kind, item, {record_type.name: other}))
        clearing = replace(other, clears=(column,))
        cleared = only(mapped(kind, item, {record_type.name: clearing}))

        if isinstance(result, MappedChange):
            assert column not in result.columns, (column, blank)
            assert not result.left_out
        assert isinstance(cleared, MappedChange), (column, blank)
        assert cleared.columns[column] is None, (column, blank)


@pytest.mark.parametrize("kind", KINDS)
def test_a_configured_version_overrides_the_connectors(kind: str) -> None:
    for item, change in examples(kind):
        record_type = type_of(kind, change)
        counted = replace(record_type, version="`5`")
        silent = replace(record_type, version="`null`")

        (found,) = mapped(kind, item, {record_type.name: counted}).changes
        (by_receipt,) = mapped(kind, item, {record_type.name: silent}).changes

        assert (found.version, found.by_receipt) == (5_000_000, False)
        assert (by_receipt.version, by_receipt.by_receipt) == (NOW * 1_000_000, True)


def test_every_kind_has_examples_unless_its_webhooks_hold_ids_only() -> None:
    assert [kind for kind in KINDS if not examples(kind)] == ["attio"]
