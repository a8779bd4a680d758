"""Fetching at Attio: which object a UUID names, and simple values out of Attio's lists."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from import_relay.connectors.attio import fetcher
from import_relay.connectors.complete_connections import with_defaults
from import_relay.connectors.fetcher_contract import FetchedRecord
from import_relay.domain.connections import Connection
from import_relay.domain.errors import RecordsNotFetched
from import_relay.mapping.record_mapping import RecordMapping
from tests.support.crm import Crm, answer

PEOPLE = "97052eb9-e65e-443f-a297-000000000001"
ONE, TWO = "bf071e1f-6035-429d-b874-000000000001", "bf071e1f-6035-429d-b874-000000000002"
URL = f"https://api.attio.com/v2/objects/{PEOPLE}"
CONNECTION = with_defaults(Connection("attio", "attio"))


def object_answer(slug: object = "people") -> httpx.Response:
    return answer({"data": {"id": {"object_id": PEOPLE}, "api_slug": slug}})


def entry(record_id: str = ONE, /, **values: object) -> dict[str, object]:
    return {"id": {"object_id": PEOPLE, "record_id": record_id}, "values": values}


def value(kind: str, **members: object) -> dict[str, object]:
    return {"active_from": "2026-11-21T09:30:00.000000000Z", "attribute_type": kind, **members}


def read(crm: Crm, *ids: str) -> Mapping[str, FetchedRecord]:
    return fetcher.read(crm.api("token"), PEOPLE, ids or (ONE,), frozenset())


def simple_value(*entries: object) -> Any:
    found = read(Crm([object_answer(), answer({"data": [entry(x=list(entries))]})]))
    values = found[ONE].record["values"]
    assert isinstance(values, dict)
    return values["x"]


def failure(*answers: httpx.Response) -> RecordsNotFetched:
    with pytest.raises(RecordsNotFetched) as caught:
        read(Crm(list(answers)))
    return caught.value


def row(record_type: str, slug: str, **values: object) -> dict[str, object]:
    record = read(Crm([object_answer(slug), answer({"data": [entry(**values)]})]))[ONE].record
    mappings = {name: RecordMapping(one) for name, one in CONNECTION.record_types.items()}
    fitting = [name for name, mapping in mappings.items() if mapping.condition(record)]
    assert fitting == [record_type]
    return mappings[record_type].columns(record).values


def test_records_are_queried_by_id_and_name_their_object() -> None:
    crm = Crm([object_answer(), answer({"data": [entry(ONE)]})])
    assert read(crm, ONE, TWO) == {
        ONE: FetchedRecord({"id": ONE, "object": "people", "values": {}}, None)
    }
    assert crm.asked() == [("GET", URL), ("POST", f"{URL}/records/query")]
    assert crm.sent(1) == {"filter": {"record_id": {"$in": [ONE, TWO]}}, "limit": 2}
    assert {one.headers["authorization"] for one in crm.requests} == {"Bearer token"}


def test_the_newest_of_its_values_says_when_a_record_changed() -> None:
    older = value("text", value="a")
    newer = {**older, "active_from": "2026-11-21T09:30:01.500000000Z"}
    entries = [entry(x=[older], y=[newer, "odd"], z=[]), entry(TWO, x=[{"value": "no time"}])]
    found = read(Crm([object_answer(), answer({"data": entries})]), ONE, TWO)

    assert found[ONE].changed_at == 1_795_253_401_500_000
    assert (found[ONE].version, found[TWO].changed_at) == (None, None)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([value("personal-name", full_name="Ada Example", first_name="Ada")], "Ada Example"),
        ([value("text", value="a")], "a"),
        ([value("number", value=1.5)], 1.5),
        ([value("checkbox", value=False)], False),
        ([value("date", value="2026-11-21")], "2026-11-21"),
        ([value("currency", currency_value=99, currency_code="EUR")], 99),
        ([value("interaction", interacted_at="2026-11-21T09:30:00Z")], "2026-11-21T09:30:00Z"),
        ([value("email-address", email_address="a@example.com")], ["a@example.com"]),
        (
            [value("phone-number", phone_number="+4915112345678", original_phone_number="0151")],
            ["+4915112345678"],
        ),
        ([value("domain", domain="example.com")], ["example.com"]),
        (
            [value("record-reference", target_object="people", target_record_id=TWO)],
            [TWO],
        ),
        ([value("actor-reference", referenced_actor_id=TWO)], [TWO]),
        ([value("select", option={"title": "Gold"})], ["Gold"]),
        ([value("select", option={"title": n}) for n in ("a", "b")], ["a", "b"]),
        ([value("status", status={"title": "Won"})], "Won"),
        ([value("select", status={"title": "Won"})], "Won"),
        ([value("something new", thing=1)], None),
        ([], None),
        (["text", 7, None], None),
    ],
)
def test_values_become_simple(entries: list[object], expected: object) -> None:
    assert simple_value(*entries) == expected


def test_a_location_keeps_its_parts() -> None:
    found = simple_value(
        value("location", line_1="Beispielstrasse 1", locality="Berlin", postcode=None)
    )
    assert (found["line_1"], found["locality"], found["postcode"]) == (
        "Beispielstrasse 1",
        "Berlin",
        None,
    )


def test_a_person_is_mapped() -> None:
    columns = row(
        "contact",
        "people",
        name=[value("personal-name", full_name="Ada Example")],
        email_addresses=[value("email-address", email_address="ada@example.com")],
        phone_numbers=[value("phone-number", phone_number="+4915112345678")],
    )
    assert columns == {
        "external_id": ONE,
        "full_name": "Ada Example",
        "email": "ada@example.com",
        "whatsapp": "+4915112345678",
    }


def test_a_deal_is_mapped() -> None:
    columns = row(
        "deal",
        "deals",
        name=[value("text", value="Solar roof")],
        associated_people=[value("record-reference", target_record_id=TWO)],
    )
    assert columns == {"external_id": ONE, "name": "Solar roof", "contact_external_id": TWO}


def test_a_company_fits_no_record_type() -> None:
    record = read(Crm([object_answer("companies"), answer({"data": [entry()]})]))[ONE].record
    mappings = [RecordMapping(one) for one in CONNECTION.record_types.values()]
    assert [mapping.condition(record) for mapping in mappings] == [False, False]


def test_an_object_of_another_workspace_is_not_taken_for_deleted_records() -> None:
    assert failure(answer({}, 404)).code == "fetcher.unexpected"
    assert failure(object_answer(), answer({}, 404)).code == "fetcher.unexpected"


@pytest.mark.parametrize("given", [{}, {"data": []}, {"data": {"api_slug": None}}, []])
def test_an_object_of_another_shape_is_unexpected(given: object) -> None:
    assert failure(answer(given)).code == "fetcher.unexpected"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"data": {}},
        {"data": [7]},
        {"data": [{"id": ONE, "values": {}}]},
        {"data": [{"id": {"record_id": ONE}, "values": []}]},
        {"data": [entry(TWO)]},
    ],
)
def test_records_of_another_shape_or_others_are_unexpected(given: object) -> None:
    assert failure(object_answer(), answer(given)).code == "fetcher.unexpected"


def test_a_refused_token_has_a_code_of_its_own() -> None:
    assert failure(answer({}, 403)).code == "fetcher.refused"
