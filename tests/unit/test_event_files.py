"""Every file in events/ is what its source reads, and becomes what is expected of it.

A file is named `<connection>.<case>`, by the example connections, each of which is named like its
kind.
"""

import json
from collections.abc import Mapping
from functools import cache

import pytest

from import_relay.check.check_connections import check
from import_relay.connectors.complete_connections import with_defaults
from import_relay.connectors.kinds import connector_for, kinds
from import_relay.domain.connections import load_connections
from import_relay.mapping.record_mapping import RecordMapping
from tests.support.authentic import (
    connection_of,
    mapped,
    own_tests,
    requests_of,
)
from tests.support.webhooks import ROOT, example_secrets

FILE = ROOT / "layers" / "connections" / "connections.toml"
FUNCTIONS = frozenset(path.name for path in (ROOT / "functions").iterdir())


EXPECTED: Mapping[str, tuple[str, ...]] = {
    name: outcomes for kind in kinds() for name, outcomes in own_tests(kind).EVENTS.items()
}
"""File → what becomes of each of its items, without anything read at a CRM: the row's record and
its further columns, or why there is none."""


def outcomes(name: str) -> tuple[str, ...]:
    """What becomes of each item of a file, in words."""
    kind = name.split(".", maxsplit=1)[0]
    split = connector_for(kind).split(requests_of(kind)[name], connection_of(kind).options)
    return tuple(outcome(kind, json.loads(item.text)) for item in split)


def outcome(kind: str, item: object) -> str:
    found = mapped(kind, [item])
    if found.outcomes:
        (item_outcome,) = found.outcomes
        return f"{item_outcome.outcome.name.lower()}: {item_outcome.reason}"
    (change,) = found.changes
    columns = [column for column in change.columns if column != "external_id"]
    identifier = own_id(kind, change.columns["external_id"])
    if "contact_external_id" in change.columns:
        own_id(kind, change.columns["contact_external_id"])
    record = f"{change.options.type.removesuffix('_details')} {short(identifier)}"
    return f"{record}{', partial' if change.partial else ''}: {' '.join(columns)}"


def own_id(kind: str, identifier: object) -> str:
    """The id as its sender knows it, without the prefix that it always has."""
    prefix, text = connection_of(kind).id_prefix, str(identifier)
    assert text.startswith(prefix)
    return text.removeprefix(prefix)


def short(text: str) -> str:
    """A long id by its end."""
    return text if len(text) < 20 else f"…{text[-6:]}"


def test_every_file_is_expected() -> None:
    names = {path.name for path in (ROOT / "events").iterdir()}
    assert {name for name in names if name.split(".")[0] not in FUNCTIONS} == EXPECTED.keys()


def test_the_example_connections_are_right_and_each_has_a_secret() -> None:
    assert list(check(FILE)) == []
    connections, secrets = load_connections(FILE), example_secrets()
    assert connections.keys() == secrets.keys()
    assert connections.keys() <= kinds().keys()
    assert all(connection.kind == name for name, connection in connections.items())
    without = [kind for kind, texts in secrets.items() if not any(texts)]
    assert without == ["salesforce_cdc"]  # AWS vouches for it


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_file_becomes_what_is_expected(name: str) -> None:
    assert outcomes(name) == EXPECTED[name]


def test_the_rows_of_the_erp_are_as_mateo_wants_them() -> None:
    items = connector_for("json").split(requests_of("json")["json.batch.json"], {})
    first, second, third = mapped("json", [json.loads(item.text) for item in items]).changes
    assert first.columns == {
        "external_id": "10001",
        "full_name": "Grace Example",
        "email": "grace@example.com",
        "whatsapp": "+493023125002",
        "birthday": "1980-05-15",
        "address_line1": "Beispielstrasse 1",
        "zipcode": "10115",
        "city": "Berlin",
        "loyalty_level": "gold",
        "newsletter": "accepted",
    }
    assert second.columns["newsletter"] == "declined"
    assert third.columns["external_id"] == "9007199254740993"
    versions = [change.version for change in (first, second, third)]
    assert versions == [1_795_249_800_000_000, 1_795_249_860_000_000, 1_795_249_920_000_000]


@cache
def mapping(kind: str, type_name: str) -> RecordMapping:
    return RecordMapping(with_defaults(connection_of(kind)).record_types[type_name])


@pytest.mark.parametrize(("given", "sent"), [(True, "accepted"), (False, "declined"), (None, None)])
def test_consent_is_neither_given_nor_withdrawn_by_silence(given: object, sent: object) -> None:
    columns = mapping("json", "contact").columns
    assert columns({"newsletter": given}).values.get("newsletter") == sent
    assert "newsletter" not in columns({}).values
