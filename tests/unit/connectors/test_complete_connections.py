"""A connection with what its kind maps by default, and the mistakes that concern receiving."""

from collections.abc import Mapping
from typing import Any

import pytest

from import_relay.connectors.complete_connections import (
    NOT_FOR_RECEIVING,
    option_mistakes,
    receiving_mistakes,
    with_defaults,
)
from import_relay.connectors.kinds import connector_for, kinds
from import_relay.domain.connections import Connection
from tests.support.authentic import connection_of, requests_of, secrets_of
from tests.support.builders import connections
from tests.support.webhooks import NOW

SHOP = '[shop]\nkind = "shopify"\nid_prefix = "s-"\ntime_zone = "Europe/Berlin"\n'


def only(text: str) -> Connection:
    """The one connection of the text."""
    (connection,) = connections(text).values()
    return connection


def keys(text: str) -> list[str]:
    return [one.key for one in option_mistakes(only(text))]


@pytest.mark.parametrize("kind", [kind for kind in kinds() if connector_for(kind).DEFAULTS])
def test_a_connection_without_tables_has_all_record_types_of_its_kind(kind: str) -> None:
    found = with_defaults(Connection("c", kind, {})).record_types

    assert found.keys() == connector_for(kind).DEFAULTS.keys()


def test_a_connection_with_tables_has_those_that_it_names() -> None:
    assert with_defaults(only(f"{SHOP}[shop.deal]")).record_types.keys() == {"deal"}


def test_a_column_overrides_the_default_and_an_empty_expression_removes_it() -> None:
    text = f'{SHOP}[shop.contact.fields]\ncity = "town"\nemail = ""\nmy_field = "x"'
    default = connector_for("shopify").DEFAULTS["contact"]

    found = with_defaults(only(text)).record_types["contact"].fields

    assert (found["city"], found["my_field"]) == ("town", "x")
    assert found.keys() == {*default.fields, "my_field"} - {"email"}


def test_record_types_have_the_connections_prefix_and_its_time_zone_or_their_own() -> None:
    text = f'{SHOP}[shop.contact]\n[shop.deal]\ntime_zone = "Asia/Tokyo"'

    found = with_defaults(only(text)).record_types

    assert {one.id_prefix for one in found.values()} == {"s-"}
    assert found["contact"].time_zone == "Europe/Berlin"
    assert found["deal"].time_zone == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (SHOP, []),
        ('[x]\nkind = "shoppify"', ["kind"]),
        ('[x]\nid_prefix = "x-"', ["kind"]),
        ('[x]\nkind = "json"', ["contact"]),
        ('[x]\nkind = "json"\n[x.contact]', ["contact.fields"]),
        (
            '[x]\nkind = "json"\n[x.contact.fields]\nexternal_id = ""',
            ["contact.fields.external_id"],
        ),
    ],
)
def test_each_mistake_that_a_kind_finds_names_its_key(text: str, found: list[str]) -> None:
    assert keys(text) == found


def test_a_mistake_in_a_mapping_does_not_concern_receiving() -> None:
    mapping = only('[x]\nkind = "json"\n[x.contact.fields]\nexternal_id = ""')
    kind = only('[x]\nkind = "jsn"')

    assert not list(receiving_mistakes(mapping))
    assert [one.key for one in receiving_mistakes(kind)] == ["kind"]


@pytest.mark.parametrize("option", sorted(NOT_FOR_RECEIVING))
def test_an_option_that_receiving_does_not_need_exists(option: str) -> None:
    assert any(option in connector_for(kind).OPTIONS for kind in kinds())


class ReadOptions(dict[str, str]):
    """Options that remember in `names` which of them were read."""

    def __init__(self, options: Mapping[str, str]) -> None:
        super().__init__(options)
        self.names: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self.names.add(str(name))
        return super().__contains__(name)


def test_receiving_reads_none_of_the_options_that_it_does_not_need() -> None:
    read: set[str] = set()
    for kind in kinds():
        connector = connector_for(kind)
        for given in requests_of(kind).values():
            options = ReadOptions(connection_of(kind).options)
            connector.verify(given, secrets_of(kind), options, now=NOW)
            connector.split(given, options)
            read |= options.names

    assert read >= {"auth", "public_url", "event_id"}
    assert not read & NOT_FOR_RECEIVING
