"""Salesforce's API: how records are asked for, and the shape in which they are given."""

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from import_relay.connectors.complete_connections import with_defaults
from import_relay.connectors.fetcher_contract import FetchedRecord, FieldPath
from import_relay.connectors.salesforce import cdc_events as salesforce_cdc
from import_relay.connectors.salesforce import cdc_fetcher as fetcher
from import_relay.connectors.shared.crm_api import CrmApi
from import_relay.domain.connections import Connection
from import_relay.domain.errors import RecordsNotFetched
from import_relay.mapping.record_mapping import RecordMapping

CREDENTIALS = "client:secret:with:colons"
URL = "https://example.my.salesforce.com"
ADA, GRACE, GONE = "003Xx0000004adAIAQ", "003Xx0000004adBIAQ", "003Xx0000004adCIAQ"
SECOND = 1_795_253_400_000_000
STAMP = "2026-11-21T09:30:00.000+0000"
CONTACT_FIELDS: Mapping[str, str | None] = {
    "Id": None,
    "SystemModstamp": None,
    "Name": "Name",
    "FirstName": "Name",
    "LastName": "Name",
    "Email": None,
    "MailingAddress": None,
    "MailingStreet": "MailingAddress",
    "MailingCity": "MailingAddress",
}
LEAD_FIELDS: Mapping[str, str | None] = {
    "Id": None,
    "SystemModstamp": None,
    "Address": None,
    "Street": "Address",
    "City": "Address",
}


@dataclass
class Organization:
    """Answers like Salesforce, and keeps what it was asked; `answers` replaces single answers."""

    fields: Mapping[str, str | None] = field(default_factory=lambda: CONTACT_FIELDS)
    records: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    answers: Mapping[str, httpx.Response] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        *_, last = request.url.path.split("/")
        if last in self.answers:
            return self.answers[last]
        if last == "token":
            return httpx.Response(200, json={"access_token": "00D!access"})
        if last == "describe":
            described = [
                {"name": name, "compoundFieldName": compound}
                for name, compound in self.fields.items()
            ]
            return httpx.Response(200, json={"fields": described})
        wanted = json.loads(request.content)
        return httpx.Response(200, json=[self._record(one, wanted) for one in wanted["ids"]])

    def _record(self, identifier: str, wanted: Mapping[str, Any]) -> dict[str, object] | None:
        if identifier not in self.records:
            return None
        known = {"Id": identifier, "SystemModstamp": STAMP, **self.records[identifier]}
        return {"attributes": {}} | {name: known.get(name) for name in wanted["fields"]}

    def read(
        self,
        *ids: str,
        wanted: AbstractSet[FieldPath] = frozenset({("Email",)}),
        object_type: str = "Contact",
        token: str = CREDENTIALS,
        url: str | None = URL,
    ) -> Mapping[str, FetchedRecord]:
        api = CrmApi(
            httpx.Client(transport=httpx.MockTransport(self)),
            token,
            {} if url is None else {"instance_url": url},
            1_000.0,
            60.0,
            lambda: 0.0,
            lambda seconds: None,
        )
        return fetcher.read(api, object_type, ids, wanted)

    def failure(self, **given: Any) -> RecordsNotFetched:
        with pytest.raises(RecordsNotFetched) as caught:
            self.read(ADA, **given)
        return caught.value


def test_records_are_read_with_a_token_of_the_client_credentials() -> None:
    organization = Organization(records={ADA: {"Email": "ada@example.com"}})

    found = organization.read(ADA)

    record = {"Id": ADA, "Email": "ada@example.com", "SystemModstamp": STAMP}
    assert found == {ADA: FetchedRecord(record, SECOND)}
    token, describe, retrieve = organization.asked
    assert str(token.url) == f"{URL}/services/oauth2/token"
    assert parse_qs(token.content.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["client"],
        "client_secret": ["secret:with:colons"],
    }
    assert (describe.method, str(describe.url)) == (
        "GET",
        f"{URL}/services/data/v61.0/sobjects/Contact/describe",
    )
    assert (retrieve.method, str(retrieve.url)) == (
        "POST",
        f"{URL}/services/data/v61.0/composite/sobjects/Contact",
    )
    assert {one.headers["authorization"] for one in (describe, retrieve)} == {"Bearer 00D!access"}


def test_a_record_that_salesforce_does_not_give_is_missing() -> None:
    organization = Organization(records={ADA: {}, GRACE: {}})

    assert organization.read(ADA, GONE, GRACE).keys() == {ADA, GRACE}


def test_a_record_is_found_under_the_id_that_it_was_asked_by() -> None:
    answer = httpx.Response(200, json=[{"Id": ADA, "SystemModstamp": STAMP}])
    organization = Organization(answers={"Contact": answer})

    assert organization.read(ADA[:15]).keys() == {ADA[:15]}


def test_only_the_fields_of_the_mapping_are_asked_for() -> None:
    organization = Organization(records={ADA: {}})

    organization.read(ADA, wanted={("Email",), ("Name", "LastName"), ("MailingAddress", "City")})

    assert json.loads(organization.asked[-1].content) == {
        "ids": [ADA],
        "fields": ["Email", "Id", "LastName", "MailingCity", "SystemModstamp"],
    }


def test_compound_fields_are_nested_as_in_change_events() -> None:
    record = {"FirstName": "Ada", "LastName": None, "MailingStreet": "A 1", "MailingCity": "Berlin"}
    organization = Organization(records={ADA: record})

    found = organization.read(
        ADA, wanted={("Name",), ("MailingAddress", "Street"), ("MailingAddress", "City")}
    )

    assert found[ADA].record["Name"] == {"FirstName": "Ada", "LastName": None}
    assert found[ADA].record["MailingAddress"] == {"Street": "A 1", "City": "Berlin"}


def test_a_leads_address_has_the_name_of_a_contacts() -> None:
    organization = Organization(LEAD_FIELDS, {ADA: {"City": "Berlin"}})

    found = organization.read(ADA, wanted={("MailingAddress", "City")}, object_type="Lead")

    assert found[ADA].record["MailingAddress"] == {"City": "Berlin"}


def test_a_name_that_has_no_parts_is_a_text() -> None:
    fields = {"Id": None, "SystemModstamp": None, "Name": None}
    organization = Organization(fields, {ADA: {"Name": "Example Works"}})

    assert organization.read(ADA, wanted={("Name",)})[ADA].record["Name"] == "Example Works"


@pytest.mark.parametrize("path", [("Birthdate",), ("Name", "Suffix"), ("Owner", "Email"), ()])
def test_a_field_that_the_object_does_not_have_is_not_asked_for(path: FieldPath) -> None:
    organization = Organization(records={ADA: {}})

    assert organization.read(ADA, wanted={path})[ADA].record.keys() == {"Id", "SystemModstamp"}


def test_without_a_stamp_the_version_is_unknown() -> None:
    organization = Organization({"Id": None}, {ADA: {}})

    assert organization.read(ADA)[ADA].version is None


@pytest.mark.parametrize("status", [400, 401])
def test_refused_credentials_have_a_code_of_their_own(status: int) -> None:
    answer = httpx.Response(status, json={"error": "invalid_client"})

    assert Organization(answers={"token": answer}).failure().code == "fetcher.refused"


def test_credentials_of_another_form_are_refused_without_a_request() -> None:
    organization = Organization()

    assert organization.failure(token="00D!access").code == "fetcher.refused"
    assert organization.asked == []


@pytest.mark.parametrize("url", [None, "", "http://example.my.salesforce.com"])
def test_without_a_valid_address_nothing_is_requested(url: str | None) -> None:
    organization = Organization()

    assert organization.failure(url=url).code == "fetcher.unexpected"
    assert organization.asked == []


@pytest.mark.parametrize("step", ["token", "describe", "Contact"])
def test_an_api_that_is_down_makes_the_records_wait(step: str) -> None:
    answer = httpx.Response(503)

    assert Organization(answers={step: answer}).failure().code == "fetcher.unavailable"


@pytest.mark.parametrize(
    ("step", "value"),
    [
        ("token", None),
        ("token", {"access_token": 7}),
        ("token", {"access_token": "a\nb"}),
        ("token", {"access_token": "ü"}),
        ("describe", None),
        ("describe", {"fields": 7}),
        ("Contact", None),
        ("Contact", {}),
        ("Contact", []),
        ("Contact", [7]),
        ("Contact", [{"SystemModstamp": STAMP}]),
        ("Contact", [None, None]),
    ],
)
def test_an_answer_of_another_shape_makes_no_record_look_deleted(step: str, value: object) -> None:
    answer = httpx.Response(200, json=value)

    assert Organization(answers={step: answer}).failure().code == "fetcher.unexpected"


def test_an_unknown_object_is_unexpected() -> None:
    answers = {"describe": httpx.Response(404)}

    assert Organization(answers=answers).failure().code == "fetcher.unexpected"


def test_odd_descriptions_of_fields_are_left_out() -> None:
    described = {"fields": [7, {}, {"name": 3}, {"name": "Id", "compoundFieldName": 3}]}
    answers = {"describe": httpx.Response(200, json=described)}
    organization = Organization(records={ADA: {}}, answers=answers)

    assert organization.read(ADA)[ADA].record == {"Id": ADA}


def test_no_reason_holds_a_token_or_a_record() -> None:
    answer = httpx.Response(200, json=[{"Email": "ada@example.com"}])

    detail = Organization(answers={"Contact": answer}).failure().detail

    assert "ada" not in detail
    assert "secret" not in detail


def test_a_record_becomes_the_same_row_whether_it_was_fetched_or_sent() -> None:
    connection = with_defaults(Connection("sf", "salesforce_cdc"))
    mapping = RecordMapping(connection.record_types["contact"])
    sent = {
        "ChangeEventHeader": {"entityName": "Contact", "changeType": "CREATE"},
        "Name": {"FirstName": "Ada", "LastName": "Example"},
        "Email": "ada@example.com",
        "MailingAddress": {"Street": "A 1", "City": "Berlin"},
    }
    known = {
        "FirstName": "Ada",
        "LastName": "Example",
        "Email": "ada@example.com",
        "MailingStreet": "A 1",
        "MailingCity": "Berlin",
    }

    change = salesforce_cdc.interpret({"id": ADA, "payload": sent}, connection)
    read = Organization(records={ADA: known}).read(ADA, wanted=mapping.paths)[ADA]

    assert mapping.columns(read.record) == mapping.columns(change.record)
    assert mapping.columns(read.record).values["full_name"] == "Ada Example"
