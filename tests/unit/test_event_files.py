"""Every file in events/ is what its source reads, and becomes the row that is expected of it.

A file is named `<connection>.<case>.json`, by the connections of connections.toml.
"""

import json
from dataclasses import dataclass

import pytest

from import_relay.connections import check, load_connections
from import_relay.records.mapping import RecordMapping
from import_relay.sources import source_for
from tests.support.webhooks import ROOT, example_secrets, request, sample

FILE = ROOT / "layers" / "connections" / "connections.toml"
CONNECTIONS = load_connections(FILE)
GATEWAY = "receive_webhook"


@dataclass(frozen=True)
class Expected:
    """What the items of a file become: a row each, or why they are ignored."""

    rows: tuple[dict[str, object], ...] = ()
    versions: tuple[int | None, ...] = ()
    ignored: str | None = None


EXPECTED = {
    "standard.contact-created": Expected(
        rows=(
            {
                "external_id": "1f81eb52-5198-4599-803e-771906343485",
                "full_name": "Jo Example",
                "email": "jo@example.com",
                "whatsapp": "+4915112345678",
            },
        ),
        versions=(1_795_253_400_120_000,),
    ),
    "standard.contact-deleted": Expected(ignored="event_type"),
    "pipedrive.person-created": Expected(
        rows=(
            {
                "external_id": "3",
                "full_name": "Ada Example",
                "email": "ada@example.com",
                "whatsapp": "+4915112345678",
            },
        ),
        versions=(1_795_253_400_482_000,),
    ),
    "pipedrive.person-deleted": Expected(ignored="deleted"),
    "pipedrive.deal-changed": Expected(
        rows=(
            {
                "external_id": "1",
                "name": "Nowhere Solutions deal",
                "status_key": "open",
                "contact_external_id": "3",
            },
        ),
        versions=(1_795_254_000_120_000,),
    ),
    "pipedrive.activity-created": Expected(
        rows=(
            {
                "external_id": "2",
                "name": "Call Ada",
                "description": "Talk about the offer",
                "start_time": "2026-11-24T10:30:00Z",
                "contact_external_id": "3",
            },
        ),
        versions=(1_795_253_520_007_000,),
    ),
    "erp.batch": Expected(
        rows=(
            {
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
            },
            {
                "external_id": "10002",
                "full_name": "Alan Example",
                "email": "alan@example.com",
                "whatsapp": "+12015550123",
                "address_line1": "1 Example Road",
                "zipcode": "EX1 2MP",
                "city": "Exampleton",
                "loyalty_level": "silver",
                "newsletter": "declined",
            },
            {
                "external_id": "9007199254740993",
                "full_name": "Katherine Example",
                "email": "katherine@example.com",
            },
        ),
        versions=(1_795_249_800_000_000, 1_795_249_860_000_000, 1_795_249_920_000_000),
    ),
    "erp.customer-changed": Expected(
        rows=(
            {
                "external_id": "10001",
                "full_name": "Grace Example",
                "email": "grace@example.com",
                "whatsapp": "+493023125002",
                "birthday": "1980-05-15",
                "address_line1": "Beispielstrasse 1",
                "zipcode": "10115",
                "city": "Berlin",
                "loyalty_level": "platinum",
                "newsletter": "accepted",
            },
        ),
        versions=(1_795_251_600_000_000,),
    ),
}


def test_every_file_is_expected() -> None:
    names = {path.stem for path in (ROOT / "events").iterdir()}
    assert {name for name in names if not name.startswith(GATEWAY)} == EXPECTED.keys()


def test_the_example_connections_are_right_and_each_has_a_secret() -> None:
    assert list(check(FILE)) == []
    assert list(CONNECTIONS) == ["standard", "pipedrive", "erp"]
    assert example_secrets().keys() == CONNECTIONS.keys()
    assert "example" in str(example_secrets()["erp"] + example_secrets()["pipedrive"])


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_becomes_what_is_expected(name: str) -> None:
    connection = CONNECTIONS[name.split(".", maxsplit=1)[0]]
    source = source_for(connection.kind)
    rows, versions = [], []
    for item in source.split(request(sample(name)), connection.options):
        change = source.interpret(json.loads(item.text), connection)
        assert change.ignored == EXPECTED[name].ignored
        if change.ignored is not None:
            continue
        mapping = RecordMapping(connection.record_types[change.record_type or "contact"])
        assert mapping.applies_to(change.record)
        rows.append(mapping.columns(change.record).values)
        versions.append(change.version or mapping.version(change.record))
    assert tuple(rows) == EXPECTED[name].rows
    assert tuple(versions) == EXPECTED[name].versions


def columns(type_name: str, column: str, record: object) -> object:
    connection = CONNECTIONS["erp" if "." not in type_name else type_name.split(".", maxsplit=1)[0]]
    mapping = RecordMapping(connection.record_types[type_name.rpartition(".")[2]])
    return mapping.columns(record).values.get(column)


@pytest.mark.parametrize(("given", "sent"), [(True, "accepted"), (False, "declined"), (None, None)])
def test_consent_is_neither_given_nor_withdrawn_by_silence(given: object, sent: object) -> None:
    assert columns("contact", "newsletter", {"newsletter": given}) == sent
    assert columns("contact", "newsletter", {}) is None


@pytest.mark.parametrize(
    ("data", "start"),
    [
        ({"due_date": "2026-11-24", "due_time": "10:30:00"}, "2026-11-24T10:30:00Z"),
        ({"due_date": "2026-11-24", "due_time": ""}, "2026-11-24T00:00:00Z"),
        ({"due_date": "2026-11-24", "due_time": None}, "2026-11-24T00:00:00Z"),
        ({"due_date": None, "due_time": "10:30"}, None),
        ({}, None),
    ],
)
def test_an_activity_begins_at_its_time_or_on_its_day(data: object, start: object) -> None:
    assert columns("pipedrive.appointment", "start_time", {"data": data}) == start


@pytest.mark.parametrize(
    ("emails", "sent"),
    [
        (
            [{"value": "a@example.com"}, {"value": "b@example.com", "primary": True}],
            "b@example.com",
        ),
        ([{"value": "a@example.com", "primary": False}], "a@example.com"),
        ([], None),
        (None, None),
    ],
)
def test_the_primary_mail_of_a_person_goes_first(emails: object, sent: object) -> None:
    record = {"data": {"id": 1, "emails": emails, "phones": None}}
    assert columns("pipedrive.contact", "email", record) == sent
