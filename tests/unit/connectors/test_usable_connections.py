"""Ids of two connections do not meet: each has a prefix, or names one whose ids it shares."""

from dataclasses import replace

import pytest

from import_relay.connectors.complete_connections import with_defaults
from import_relay.connectors.fetcher_contract import FetchedRecord
from import_relay.connectors.kinds import connector_for, kinds
from import_relay.connectors.usable_connections import mistakes_of
from import_relay.domain.connections import parse_connections
from import_relay.mapping.record_mapping import RecordMapping
from import_relay.submit.changes import Mapper
from import_relay.submit.fetched_records import RecordName, RecordsFetched
from tests.support.builders import occurrence

A = '[a]\nkind = "json"\n{a}\n[a.contact.fields]\nexternal_id = "id"\nemail = "mail"\n'
B = A.replace("[a", "[b").replace("{a}", "{b}")
DEALS = """
[d]
kind = "json"
{d}
[d.contact]
when = "type == 'contact'"
[d.contact.fields]
external_id = "id"
secondary_external_id = "old_id"
[d.deal]
when = "type == 'deal'"
[d.deal.fields]
external_id = "id"
contact_external_id = "person"
"""


def wrong(text: str) -> dict[str, list[str]]:
    found = mistakes_of(parse_connections(text))
    return {name: [str(one) for one in mistakes] for name, mistakes in found.items() if mistakes}


def both(a: str = "", b: str = "") -> str:
    return A.format(a=a) + B.format(b=b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("", 'id_prefix = "b-"'),
        ('id_prefix = "a-"', ""),
        ('id_prefix = ""', 'id_prefix = "b-"'),
        ('id_prefix = "a-"', 'id_prefix = "b-"'),
        ('id_prefix = "shop-"', 'id_prefix = "shop2-"'),
        ("", 'same_ids_as = "a"'),
        ('id_prefix = "a-"', 'same_ids_as = "a"'),
        ('same_ids_as = "b"', 'id_prefix = "b-"'),
    ],
)
def test_ids_that_cannot_meet_are_no_mistake(a: str, b: str) -> None:
    assert wrong(both(a, b)) == {}


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("", ""),
        ('id_prefix = ""', ""),
        ('id_prefix = ""', 'id_prefix = ""'),
        ('id_prefix = "x-"', 'id_prefix = "x-"'),
        ('id_prefix = "shop"', 'id_prefix = "shop2"'),
        ('id_prefix = "shop2"', 'id_prefix = "shop"'),
    ],
)
def test_ids_that_may_meet_are_a_mistake_of_the_later_connection(a: str, b: str) -> None:
    ((name, (mistake,)),) = wrong(both(a, b)).items()

    assert name == "b"
    assert mistake.startswith("key 'id_prefix': ids of its contacts would meet those of 'a'")
    assert "same_ids_as = 'a'" in mistake


def test_shared_ids_meet_those_of_a_third_connection_unless_it_shares_them_too() -> None:
    third = B.replace("[b", "[c")

    assert wrong(both("", 'same_ids_as = "a"') + third.format(b="")).keys() == {"c"}
    assert wrong(both("", 'same_ids_as = "a"') + third.format(b='same_ids_as = "a"')) == {}


def test_ids_of_different_record_types_do_not_meet() -> None:
    deals = '[b]\nkind = "json"\n[b.deal.fields]\nexternal_id = "id"\n'

    assert wrong(A.format(a="") + deals) == {}


def test_contacts_that_are_known_by_handles_only_may_meet() -> None:
    assert wrong(A.format(a="") + B.format(b="").replace('external_id = "id"', "")) == {}


def test_ids_that_a_kind_maps_by_default_may_meet() -> None:
    assert wrong('[a]\nkind = "pipedrive"\n[b]\nkind = "zoho"').keys() == {"b"}


@pytest.mark.parametrize(
    ("a", "b", "key"),
    [
        ("", "id_prefix = 1", "id_prefix"),
        ("", 'id_prefix = " b-"', "id_prefix"),
        ("", f'id_prefix = "{"b" * 51}"', "id_prefix"),
        ("", 'same_ids_as = ""', "same_ids_as"),
        ("", "same_ids_as = 1", "same_ids_as"),
        ("", 'same_ids_as = "c"', "same_ids_as"),
        ("", 'same_ids_as = "b"', "same_ids_as"),
        ("", 'same_ids_as = "a"\nid_prefix = ""', "id_prefix"),
        ("id_prefix = 1", 'same_ids_as = "a"', "same_ids_as"),
        ('same_ids_as = "b"', 'same_ids_as = "a"', "same_ids_as"),
    ],
)
def test_a_mistake_in_an_id_key_is_named(a: str, b: str, key: str) -> None:
    assert wrong(both(a, b))["b"][0].startswith(f"key {key!r}: ")


@pytest.mark.parametrize("text", [both(), both("", "id_prefix = 1")])
def test_records_of_a_connection_whose_ids_would_meet_wait(text: str) -> None:
    mapper = Mapper(parse_connections(text))
    items = [occurrence(n, item={"id": 777}, connection=name) for n, name in enumerate("ab")]

    result = mapper.map(mapper.interpret(items), RecordsFetched())

    assert [one.columns["external_id"] for one in result.changes] == ["777"]
    assert result.waiting == {items[1].item_id}


def test_a_prefix_stands_before_all_ids_and_in_the_key() -> None:
    mapper = Mapper(parse_connections(DEALS.format(d='id_prefix = "d-"')))
    items: list[dict[str, object]] = [
        {"type": "contact", "id": 777, "old_id": "8"},
        {"type": "contact", "old_id": "8"},
        {"type": "deal", "id": 5, "person": 777},
        {"type": "deal", "id": 6, "person": None},
    ]
    given = [occurrence(n, item=item, connection="d") for n, item in enumerate(items)]

    changes = mapper.map(mapper.interpret(given), RecordsFetched()).changes

    assert [one.columns for one in changes] == [
        {"external_id": "d-777", "secondary_external_id": "d-8"},
        {"secondary_external_id": "d-8"},
        {"external_id": "d-5", "contact_external_id": "d-777"},
        {"external_id": "d-6"},
    ]
    assert [one.key for one in changes] == [
        "contact_details#external_id:d-777",
        "contact_details#secondary_external_id:d-8",
        "deal_details#external_id:d-5",
        "deal_details#external_id:d-6",
    ]


@pytest.mark.parametrize("item", [{"id": ""}, {"id": None}])
def test_a_prefix_alone_is_no_id(item: dict[str, object]) -> None:
    mapper = Mapper(parse_connections(A.format(a='id_prefix = "a-"')))

    result = mapper.map(mapper.interpret([occurrence(item=item, connection="a")]), RecordsFetched())

    assert [one.reason for one in result.outcomes] == ["row.no_identifier"]


ZOHO = '[z]\nkind = "zoho"\nid_prefix = "z-"\n[z.contact]\n'


def notified(**values: object) -> dict[str, object]:
    item = {"module": "Contacts", "operation": "update", "server_time": 1_795_262_400_000}
    return item | {"id": "1"} | ({"values": values} if values else {})


@pytest.mark.parametrize("fetched", [True, False])
def test_a_fetched_record_and_a_partial_change_have_the_same_key(*, fetched: bool) -> None:
    mapper = Mapper(parse_connections(ZOHO))
    item = notified() if fetched else notified(Email="jo@example.com")
    interpreted = mapper.interpret([occurrence(item=item, connection="z")])
    read = RecordsFetched()
    if fetched:
        read.found[RecordName("z", "Contacts", "1")] = FetchedRecord(
            {"id": "1", "Email": "j@x.org"}, 1_795_262_400_000_000
        )

    (change,) = mapper.map(interpreted, read).changes

    assert change.partial is not fetched
    assert change.key == "contact_details#external_id:z-1"
    assert change.columns["external_id"] == "z-1"


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_every_id_that_a_kind_maps_by_default_gets_the_prefix(kind: str) -> None:
    text = f'[x]\nkind = "{kind}"\nid_prefix = "x-"\n'
    connection = with_defaults(parse_connections(text)["x"])
    for name in connector_for(kind).DEFAULTS:
        record_type = connection.record_types[name]
        ids = {column: "id" for column in record_type.fields if column.endswith("external_id")}
        mapping = RecordMapping(replace(record_type, fields=ids))
        assert set(mapping.columns({"id": "1"}).values.values()) == {"x-1"}
