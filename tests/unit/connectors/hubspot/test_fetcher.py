"""Fetching at HubSpot: the batch call, the contacts of deals, and what a 207 may leave out."""

from collections.abc import Mapping

import httpx
import pytest

from import_relay.connectors.fetcher_contract import FetchedRecord, FieldPath
from import_relay.connectors.hubspot import fetcher
from import_relay.connectors.hubspot.records import APPOINTMENTS, CONTACTS, DEALS
from import_relay.domain.errors import RecordsNotFetched
from import_relay.mapping.record_mapping import RecordMapping
from tests.support.crm import Crm, answer

API = "https://api.hubapi.com"
TOKEN = "an-invented-token"
WANTED: frozenset[FieldPath] = frozenset(
    {("id",), ("properties", "email"), ("properties", "city"), ("properties",), ()}
)
OF_DEALS: frozenset[FieldPath] = frozenset(
    {("properties", "dealname"), ("associations", "contacts")}
)
UPDATED_AT = "2026-11-21T09:30:00.482Z"
UPDATED = 1_795_253_400_482_000


def record(identifier: str, /, **more: object) -> dict[str, object]:
    known = {"id": identifier, "properties": {}, "updatedAt": UPDATED_AT, "archived": False}
    return known | more


def results(*found: object) -> httpx.Response:
    return answer({"status": "COMPLETE", "results": list(found)})


def partly(*found: object, category: str = "OBJECT_NOT_FOUND") -> httpx.Response:
    """What HubSpot answers if some ids are not there."""
    error = {
        "status": "error",
        "category": category,
        "message": "Could not get some CONTACT objects, they may be deleted or not exist.",
        "context": {"ids": ["2"]},
    }
    content = {"status": "COMPLETE", "results": list(found), "numErrors": 1, "errors": [error]}
    return answer(content, 207)


def association(identifier: str, *contacts: object) -> dict[str, object]:
    ends = [{"toObjectId": one, "associationTypes": []} for one in contacts]
    return {"from": {"id": identifier}, "to": ends}


def read(
    crm: Crm,
    *ids: str,
    object_type: str = "0-1",
    wanted: frozenset[FieldPath] = WANTED,
    options: Mapping[str, str] | None = None,
) -> Mapping[str, FetchedRecord]:
    return fetcher.read(crm.api(TOKEN, options), object_type, ids or ("1",), wanted)


def failure(*answers: httpx.Response, object_type: str = "0-1") -> RecordsNotFetched:
    with pytest.raises(RecordsNotFetched) as caught:
        read(Crm(list(answers)), object_type=object_type, wanted=WANTED | OF_DEALS)
    assert TOKEN not in str(caught.value)
    return caught.value


def test_records_are_read_in_one_call_with_the_properties_that_the_mapping_names() -> None:
    crm = Crm([results(record("1", properties={"email": "a@example.com"}), record("2"))])
    assert read(crm, "1", "2") == {
        "1": FetchedRecord(
            {"id": "1", "objectTypeId": "0-1", "properties": {"email": "a@example.com"}}, UPDATED
        ),
        "2": FetchedRecord({"id": "2", "objectTypeId": "0-1", "properties": {}}, UPDATED),
    }
    assert crm.asked() == [("POST", f"{API}/crm/v3/objects/0-1/batch/read")]
    assert crm.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert crm.sent(0) == {
        "inputs": [{"id": "1"}, {"id": "2"}],
        "properties": ["city", "email"],
    }


def test_a_call_asks_for_at_most_a_hundred_records() -> None:
    assert fetcher.IDS_PER_READ == 100


def test_records_that_a_207_leaves_out_are_missing() -> None:
    assert read(Crm([partly(record("1"))]), "1", "2").keys() == {"1"}
    assert read(Crm([partly()])) == {}


def test_an_archived_record_counts_as_missing() -> None:
    assert read(Crm([results(record("1", archived=True))])) == {}


def test_a_record_that_was_not_asked_for_is_left_out() -> None:
    assert read(Crm([results(record("9"))])) == {}


def test_a_207_with_another_error_does_not_make_a_record_look_deleted() -> None:
    assert failure(partly(category="RATE_LIMITS")).code == "fetcher.unexpected"


def test_a_record_without_a_time_has_no_version() -> None:
    assert read(Crm([results(record("1", updatedAt=None))]))["1"].version is None


def test_a_withheld_value_is_left_out() -> None:
    found = read(Crm([results(record("1", properties={"email": "REDACTED", "city": None}))]))
    assert found["1"].record["properties"] == {"city": None}


@pytest.mark.parametrize("object_type", ["0-3", "0-421", "0-47"])
def test_the_contacts_of_a_record_take_a_second_call(object_type: str) -> None:
    crm = Crm([results(record("1"), record("2")), partly(association("1", 7, "8"))])
    found = read(crm, "1", "2", "3", object_type=object_type, wanted=OF_DEALS)
    assert found["1"].record["associations"] == {"contacts": [{"id": "7"}, {"id": "8"}]}
    assert found["2"].record["associations"] == {"contacts": []}
    path = f"{API}/crm/associations/2026-03/{object_type}/contacts/batch/read"
    assert crm.asked()[1:] == [("POST", path)]
    assert crm.sent(1) == {"inputs": [{"id": "1"}, {"id": "2"}]}


def test_contacts_are_not_asked_for_if_the_mapping_does_not_name_them() -> None:
    crm = Crm([results(record("1"))])
    found = read(crm, object_type="0-3", wanted=frozenset({("properties", "dealname")}))
    assert "associations" not in found["1"].record


def test_contacts_are_not_asked_for_if_no_record_is_left() -> None:
    assert read(Crm([partly()]), object_type="0-3", wanted=OF_DEALS) == {}


def test_a_contact_has_no_contacts_of_its_own() -> None:
    assert read(Crm([results(record("1"))]), wanted=OF_DEALS).keys() == {"1"}


def test_records_whose_contacts_cannot_be_fetched_wait() -> None:
    refused = partly(category="MISSING_SCOPES")
    error = failure(results(record("1")), refused, object_type="0-3")
    assert error.code == "fetcher.unexpected"


def test_another_address_of_the_api_may_be_given() -> None:
    crm = Crm([results()])
    read(crm, options={"api_url": "http://127.0.0.1:8080/"})
    assert crm.asked() == [("POST", "http://127.0.0.1:8080/crm/v3/objects/0-1/batch/read")]


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        None,
        {"results": {}},
        {"results": [1]},
        {"results": [{"id": "1"}]},
        {"results": [], "errors": [1]},
        {"results": [], "errors": 1},
    ],
)
def test_an_answer_of_another_shape_makes_the_records_wait(content: object) -> None:
    assert failure(answer(content)).code == "fetcher.unexpected"


@pytest.mark.parametrize("end", [{}, {"from": {"id": "1"}}, {"from": 1, "to": []}])
def test_associations_of_another_shape_make_the_records_wait(end: object) -> None:
    error = failure(results(record("1")), results(end), object_type="0-3")
    assert error.code == "fetcher.unexpected"


def test_an_unknown_type_of_object_makes_no_record_look_deleted() -> None:
    assert failure(answer({}, 404)).code == "fetcher.unexpected"


def test_a_refused_token_has_a_code_of_its_own() -> None:
    assert failure(answer({}, 401)).code == "fetcher.refused"


def test_a_contact_becomes_a_row_by_the_default_mapping() -> None:
    properties = {
        "firstname": "Ada",
        "lastname": "Example",
        "email": "ada@example.com",
        "mobilephone": None,
        "phone": "+4915112345678",
        "city": "Berlin",
    }
    mapping = RecordMapping(CONTACTS)
    found = read(Crm([results(record("1", properties=properties))]), wanted=mapping.paths)
    assert mapping.columns(found["1"].record).values == {
        "external_id": "1",
        "full_name": "Ada Example",
        "email": "ada@example.com",
        "whatsapp": "+4915112345678",
        "city": "Berlin",
    }


def test_a_deal_becomes_a_row_by_the_default_mapping() -> None:
    mapping = RecordMapping(DEALS)
    given = record("8", properties={"dealname": "Example", "description": None})
    crm = Crm([results(given), results(association("8", 7))])
    found = read(crm, "8", object_type="0-3", wanted=mapping.paths)
    row = {"external_id": "8", "name": "Example", "contact_external_id": "7"}
    assert mapping.columns(found["8"].record).values == row


def test_a_canceled_meeting_becomes_a_row_by_the_default_mapping() -> None:
    properties = {
        "hs_meeting_title": "Check-up",
        "hs_meeting_start_time": "2026-11-24T10:30:00Z",
        "hs_meeting_end_time": "2026-11-24T11:00:00Z",
        "hs_meeting_outcome": "CANCELED",
        "hs_lastmodifieddate": "2026-11-21T09:30:00.482Z",
    }
    mapping = RecordMapping(APPOINTMENTS)
    crm = Crm([results(record("5", properties=properties)), results(association("5", 7))])
    found = read(crm, "5", object_type="0-47", wanted=mapping.paths)
    assert mapping.columns(found["5"].record).values == {
        "external_id": "0-47-5",
        "name": "Check-up",
        "start_time": "2026-11-24T10:30:00Z",
        "end_time": "2026-11-24T11:00:00Z",
        "cancelled_at": "2026-11-21T09:30:00.482000Z",
        "contact_external_id": "7",
    }
