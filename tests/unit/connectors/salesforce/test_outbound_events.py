"""Salesforce outbound messages: the organization as auth_header, SOAP, and what records become."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring

from import_relay.connectors.complete_connections import with_defaults
from import_relay.connectors.contract import Change, Request
from import_relay.connectors.salesforce import outbound_events as connector
from import_relay.connectors.salesforce import soap_notifications
from import_relay.connectors.shared.event_ids import digest
from import_relay.domain.connections import Connection
from import_relay.domain.errors import RejectedRow, SignatureError, UnreadableDelivery
from import_relay.mapping.record_mapping import RecordMapping
from tests.support.webhooks import NOW, request, sample

EVENTS = {
    "salesforce_outbound.contact-deleted.xml": ("ignored: deleted",),
    "salesforce_outbound.contacts-changed.xml": (
        "contact 003Xx0000004adAIAQ: full_name email whatsapp birthday address_line1 zipcode city",
        "contact 003Xx0000004adBIAQ: full_name email",
    ),
    "salesforce_outbound.event-created.xml": (
        "appointment 00UXx0000005evTMAQ: name start_time end_time contact_external_id",
    ),
    "salesforce_outbound.lead-created.xml": (
        "contact 00QXx0000002leDMAQ: full_name email whatsapp address_line1 zipcode city",
    ),
    "salesforce_outbound.opportunity-changed.xml": (
        "deal 006Xx0000003opPIAQ: name description contact_external_id",
    ),
    "salesforce_outbound.person-account-changed.xml": (
        "contact 003Xx0000004adAIAQ: full_name email whatsapp birthday address_line1 zipcode city",
    ),
}
"""Example webhook → what becomes of each of its items."""

ORGANIZATION = "00D000000000001AAA"
OPTIONS = {"organization_id": ORGANIZATION}
CONNECTION = with_defaults(Connection("sf", "salesforce_outbound", OPTIONS))
CONTACT = "003Xx0000004adAIAQ"
SECOND = 1_795_253_400_000_000
"""2026-11-21T09:30:00Z in microseconds."""
SOBJECT = 'xmlns:sf="urn:sobject.enterprise.soap.sforce.com"'


def record(fields: str = "<sf:Email>a@example.com</sf:Email>", name: str = "sf:Contact") -> str:
    return f'<sObject xsi:type="{name}" {SOBJECT}><sf:Id>{CONTACT}</sf:Id>{fields}</sObject>'


def notification(content: str | None = None, identifier: str = "04lXx0000000nT1IAI") -> str:
    inner = record() if content is None else content
    return f"<Notification><Id>{identifier}</Id>{inner}</Notification>"


def envelope(
    *notifications: str,
    organization: str = f"<OrganizationId>{ORGANIZATION}</OrganizationId>",
    session: str = '<SessionId xsi:nil="true"/>',
    prolog: str = '<?xml version="1.0" encoding="UTF-8"?>',
) -> str:
    return (
        f"{prolog}"
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
        '<notifications xmlns="http://soap.sforce.com/2005/09/outbound">'
        f"{organization}<ActionId>04kXx0000000aCtIAI</ActionId>{session}"
        f"{''.join(notifications or (notification(),))}</notifications>"
        "</soapenv:Body></soapenv:Envelope>"
    )


def verify(given: Request, *secrets: str, **options: str) -> None:
    connector.verify(given, secrets, OPTIONS | options, now=NOW)


def refusal(given: Request, *secrets: str, **options: str) -> str:
    with pytest.raises(SignatureError) as caught:
        verify(given, *secrets, **options)
    return caught.value.code


def at(path: str, body: str | None = None) -> Request:
    return request(envelope() if body is None else body, path=path)


def items(body: str) -> list[Any]:
    return [json.loads(item.text) for item in connector.split(request(body), OPTIONS)]


def fields(content: str) -> Mapping[str, object]:
    (only,) = items(envelope(notification(record(content))))
    found: Mapping[str, object] = only["fields"]
    return found


def unreadable(body: str | bytes, **headers: str) -> str:
    with pytest.raises(UnreadableDelivery) as caught:
        connector.split(request(body, headers), OPTIONS)
    return caught.value.code


# ---------------------------------------------------------------- the auth_header


@pytest.mark.parametrize("configured", [ORGANIZATION, ORGANIZATION[:15]])
@pytest.mark.parametrize("sent", [ORGANIZATION, ORGANIZATION[:15]])
def test_the_organization_is_the_same_by_its_short_and_its_long_id(
    sent: str, configured: str
) -> None:
    body = envelope(organization=f"<OrganizationId>{sent}</OrganizationId>")
    verify(request(body), organization_id=configured)


@pytest.mark.parametrize(
    ("organization", "code"),
    [
        ("<OrganizationId>00D000000000002AAA</OrganizationId>", "signature.mismatch"),
        ("<OrganizationId>00d000000000001AAA</OrganizationId>", "signature.mismatch"),
        ("<OrganizationId>00D00000000000</OrganizationId>", "signature.mismatch"),
        ("<OrganizationId/>", "signature.mismatch"),
        ("", "signature.mismatch"),
        (f"<OrganizationId>{ORGANIZATION}</OrganizationId>" * 2, "signature.malformed"),
        (f"<OrganizationId>{ORGANIZATION}x</OrganizationId>", "signature.malformed"),
        ("<OrganizationId>00D000000000001é</OrganizationId>", "signature.malformed"),
    ],
)
def test_another_organization_is_refused(organization: str, code: str) -> None:
    assert refusal(request(envelope(organization=organization))) == code


@pytest.mark.parametrize(
    ("organization", "code"),
    [
        ("<OrganizationId>00D000000000002AAA</OrganizationId>", "signature.mismatch"),
        ('<OrganizationId xsi:nil="true"/>', "signature.malformed"),
        ("", "signature.malformed"),
    ],
)
def test_the_organization_of_a_record_is_not_that_of_the_message(
    organization: str, code: str
) -> None:
    inner = record(f"<sf:OrganizationId>{ORGANIZATION}</sf:OrganizationId>")
    assert refusal(request(envelope(notification(inner), organization=organization))) == code


@pytest.mark.parametrize("body", ["", "{}", "<a/>", "<a", "\x00"])
def test_a_body_that_is_no_message_authenticates_nobody(body: str) -> None:
    assert refusal(request(body)) == "signature.mismatch"
    assert refusal(request(body + ORGANIZATION)) == "signature.malformed"


def test_xml_is_not_parsed_for_a_sender_that_does_not_know_the_organization(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connector, "message", None)
    body = envelope(organization="<OrganizationId>00D000000000002AAA</OrganizationId>")
    assert refusal(request(body)) == "signature.mismatch"
    assert refusal(at("/webhooks/sf/other"), "s3cret", auth="path") == "signature.mismatch"


@pytest.mark.parametrize("given", ["", "00D", "00D000000000001AAA "])
def test_without_a_right_organization_id_nothing_is_accepted(given: str) -> None:
    assert refusal(request(envelope()), organization_id=given) == "signature.no_secret"


def test_the_path_secret_is_a_second_authentication_if_the_connection_asks_for_it() -> None:
    verify(at("/webhooks/sf/s3cret"), "old", "s3cret", auth="path")
    assert refusal(at("/webhooks/sf/other"), "s3cret", auth="path") == "signature.mismatch"
    assert refusal(at("/webhooks/sf"), "s3cret", auth="path") == "signature.missing"
    assert refusal(at("/webhooks/sf/s3cret"), auth="path") == "signature.no_secret"


def test_with_the_right_path_another_organization_is_still_refused() -> None:
    body = envelope(organization="<OrganizationId>00D000000000002AAA</OrganizationId>")
    given = at("/webhooks/sf/s3cret", body)
    assert refusal(given, "s3cret", auth="path") == "signature.mismatch"


@pytest.mark.parametrize("body", ["{}", "<a/>", "", "<!DOCTYPE a><a/>"])
def test_with_the_right_path_an_unreadable_body_goes_to_quarantine(body: str) -> None:
    given = at("/webhooks/sf/s3cret", body)
    verify(given, "s3cret", auth="path")
    with pytest.raises(UnreadableDelivery):
        connector.split(given, OPTIONS | {"auth": "path"})


# ---------------------------------------------------------------- the message


def test_each_notification_is_an_item_under_its_own_id() -> None:
    body = envelope(notification(identifier="04l1"), notification(identifier="04l2"))
    found = connector.split(request(body), OPTIONS)
    assert [item.event_id for item in found] == ["04l1", "04l2"]
    assert json.loads(found[0].text) == {
        "object": "Contact",
        "id": CONTACT,
        "notification_id": "04l1",
        "organization_id": ORGANIZATION,
        "action_id": "04kXx0000000aCtIAI",
        "fields": {"Id": CONTACT, "Email": "a@example.com"},
    }


def test_a_notification_without_an_id_has_the_digest_of_its_item() -> None:
    (item,) = connector.split(request(envelope(notification(identifier=""))), OPTIONS)
    assert item.event_id == digest(item.text)


def test_a_hundred_notifications_are_read_and_more_are_not() -> None:
    assert len(items(envelope(*[notification()] * 100))) == 100
    assert unreadable(envelope(*[notification()] * 101)) == "delivery.wrong_shape"


def test_the_session_id_does_not_travel() -> None:
    session = "<SessionId>00D!very.secret</SessionId>"
    (item,) = connector.split(request(envelope(session=session)), OPTIONS)
    assert "very.secret" not in item.text


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ("<sf:X>Söhne &amp; Co &#x1F600;</sf:X>", "Söhne & Co 😀"),
        ("<sf:X><![CDATA[<b>]]></sf:X>", "<b>"),
        ("<sf:X>a<!-- no -->b</sf:X>", "ab"),
        ('<sf:X xsi:nil="true"/>', None),
        ('<sf:X xsi:nil="1"/>', None),
        ('<sf:X xsi:nil="false">a</sf:X>', "a"),
        ("<sf:X/>", ""),
        ("<sf:X>a</sf:X><sf:X>b</sf:X>", ["a", "b"]),
        ("<sf:X>a</sf:X><sf:X>a</sf:X>", "a"),
        ("<sf:X><sf:City>Berlin</sf:City></sf:X>", {"City": "Berlin"}),
        ('<X xmlns="urn:sobject.partner.soap.sforce.com">a</X>', "a"),
        ('<X xmlns="">a</X>', "a"),
    ],
)
def test_a_field_has_its_local_name_and_its_text(content: str, value: object) -> None:
    assert fields(content)["X"] == value


@pytest.mark.parametrize("name", ["sf:Contact", "Contact", "other:Contact"])
def test_the_object_is_the_local_name_of_its_type(name: str) -> None:
    assert items(envelope(notification(record(name=name))))[0]["object"] == "Contact"


def test_the_declared_encoding_has_no_meaning() -> None:
    prolog = '<?xml version="1.0" encoding="UTF-16"?>'
    assert items(envelope(prolog=prolog))[0]["id"] == CONTACT


BOMB = (
    '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)


@pytest.mark.parametrize(
    "body",
    [
        envelope(prolog=BOMB),
        envelope(notification(record("<sf:X>&c;</sf:X>")), prolog=BOMB),
        envelope(prolog='<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>'),
        envelope(prolog='<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd">'),
        envelope(prolog='<!DOCTYPE a [<!ENTITY % a SYSTEM "http://127.0.0.1/"> %a;]>'),
        envelope(prolog="<!DOCTYPE a>"),
        envelope(notification(record("<sf:X>&undefined;</sf:X>"))),
        envelope(notification(record("<sf:X>\x00</sf:X>"))),
        envelope(notification(record("<sf:X>&#0;</sf:X>"))),
        envelope(notification(record("<undeclared:X/>"))),
        envelope() + envelope(),
        envelope()[:-1],
        "{}",
        "",
    ],
    ids=lambda body: f"{len(body)} characters",
)
def test_xml_with_more_than_elements_and_texts_is_not_read(body: str) -> None:
    assert unreadable(body) == "delivery.not_xml"


@pytest.mark.parametrize("levels", [21, 10_000, 1_000_000])
def test_elements_are_bounded_in_depth(levels: int) -> None:
    body = "<a>" * levels + ORGANIZATION + "</a>" * levels
    assert unreadable(body) == "delivery.not_xml"
    assert refusal(request(body)) == "signature.malformed"


def test_elements_are_bounded_in_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soap_notifications, "MAX_ELEMENTS", 10)
    assert unreadable(envelope()) == "delivery.not_xml"


@pytest.mark.parametrize(
    "body",
    [
        "<a/>",
        envelope().replace("soap/envelope/", "soap/other/"),
        envelope().replace("2005/09/outbound", "2006/09/outbound"),
        envelope(organization=""),
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"/>',
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body/></e:Envelope>',
    ],
)
def test_other_xml_has_the_wrong_shape(body: str) -> None:
    assert unreadable(body) == "delivery.wrong_shape"


def test_a_body_that_is_compressed_or_no_utf8_is_not_read() -> None:
    assert unreadable(envelope(), **{"content-encoding": "gzip"}) == "delivery.compressed"
    assert unreadable(envelope().encode() + b"\xff") == "delivery.not_utf8"
    assert len(connector.split(request(envelope().encode("utf-16")), OPTIONS)) == 1


def test_the_answer_is_the_acknowledgement_that_salesforce_waits_for() -> None:
    assert connector.REPLIES.content_type == "text/xml"
    outbound = "{http://soap.sforce.com/2005/09/outbound}"
    root = fromstring(connector.REPLIES.accepted or "")
    (ack,) = root.iterfind(f".//{outbound}notificationsResponse/{outbound}Ack")
    assert ack.text == "true"


# ---------------------------------------------------------------- what it means


def item(name: str | None = "Contact", **more: object) -> dict[str, Any]:
    return {"object": name, "fields": {"Id": CONTACT, "Email": "a@example.com"} | more}


@pytest.mark.parametrize(
    ("name", "record_type"),
    [
        ("Contact", "contact"),
        ("Lead", "contact"),
        ("Opportunity", "deal"),
        ("Event", "appointment"),
    ],
)
def test_four_objects_are_imported_as_full_records(name: str, record_type: str) -> None:
    change = connector.interpret(item(name), CONNECTION)
    assert (change.record_type, change.ignored, change.partial) == (record_type, None, False)
    assert change.record == item(name)["fields"]


@pytest.mark.parametrize("name", ["Account", "contact", "", None])
def test_other_objects_are_ignored(name: str | None) -> None:
    assert connector.interpret(item(name), CONNECTION).ignored == "entity"


@pytest.mark.parametrize(
    "content",
    ["", '<sObject xsi:nil="true"/>', f'<sObject xsi:type="sf:Contact" {SOBJECT}/>', "<sObject/>"],
)
def test_a_notification_without_data_is_of_a_deleted_record(content: str) -> None:
    (only,) = items(envelope(notification(content)))
    assert connector.interpret(only, CONNECTION).ignored == "deleted"


def test_a_record_without_any_selected_field_is_empty() -> None:
    (only,) = items(envelope(notification(record(""))))
    assert connector.interpret(only, CONNECTION).ignored == "empty"


@pytest.mark.parametrize("given", [7, None, [], {}, {"fields": 7}, {"fields": []}])
def test_an_item_without_fields_is_rejected(given: object) -> None:
    with pytest.raises(RejectedRow) as caught:
        connector.interpret(given, CONNECTION)
    assert caught.value.code == "row.not_an_object"


@pytest.mark.parametrize("identifier", [None, "", "003", ["003Xx0000004adA"], 3, "003Xx0000004ad/"])
def test_a_record_without_a_right_id_is_rejected(identifier: object) -> None:
    with pytest.raises(RejectedRow) as caught:
        connector.interpret(item(Id=identifier), CONNECTION)
    assert (caught.value.code, caught.value.field) == ("row.bad_value", "Id")


def test_the_version_is_the_stamp_of_the_last_change() -> None:
    stamped = item(
        SystemModstamp="2026-11-21T09:30:00.000Z", LastModifiedDate="2026-11-21T08:00:00.000Z"
    )
    assert connector.interpret(stamped, CONNECTION).version == SECOND
    modified = item(LastModifiedDate="2026-11-21T09:30:00.000Z")
    assert connector.interpret(modified, CONNECTION).version == SECOND
    assert connector.interpret(item(SystemModstamp="soon"), CONNECTION).version is None
    assert connector.interpret(item(), CONNECTION).version is None


def rows(name: str) -> list[dict[str, object]]:
    """What a file of events/ becomes by the default mapping."""
    found = []
    for one in connector.split(request(sample(f"salesforce_outbound.{name}.xml")), OPTIONS):
        change = connector.interpret(json.loads(one.text), CONNECTION)
        mapping = RecordMapping(CONNECTION.record_types[change.record_type or ""])
        found.append(mapping.columns(change.record).values)
    return found


def test_contacts_and_leads_become_contacts() -> None:
    assert rows("contacts-changed") == [
        {
            "external_id": CONTACT,
            "full_name": "Ada Example & Söhne",
            "email": "ada@example.com",
            "whatsapp": "+4915112345678",
            "birthday": "1985-12-10",
            "address_line1": "Beispielstrasse 1",
            "zipcode": "10115",
            "city": "Berlin",
        },
        {
            "external_id": "003Xx0000004adBIAQ",
            "full_name": "Grace Example",
            "email": "grace@example.com",
        },
    ]
    assert rows("lead-created") == [
        {
            "external_id": "00QXx0000002leDMAQ",
            "full_name": "Alan Example",
            "email": "alan@example.com",
            "whatsapp": "+12015550123",
            "address_line1": "1 Example Road",
            "zipcode": "EX1 2MP",
            "city": "Exampleton",
        }
    ]


ACCOUNT = "001Xx0000003DGbIAM"


def account(**more: object) -> Change:
    given = {"object": "Account", "fields": {"Id": ACCOUNT, "Name": "Ada Example", **more}}
    return connector.interpret(given, CONNECTION)


def columns(change: Change) -> dict[str, object]:
    mapping = RecordMapping(CONNECTION.record_types[change.record_type or ""])
    return mapping.columns(change.record).values


@pytest.mark.parametrize(
    "fields",
    [
        {"IsPersonAccount": "true", "PersonEmail": "ada@example.com"},
        {"PersonEmail": "ada@example.com"},
        {"PersonEmail": None, "PersonMobilePhone": "+4915112345678"},
        {"IsPersonAccount": "true"},
        {"PersonContactId": CONTACT},
    ],
)
def test_a_person_account_is_a_contact(fields: dict[str, object]) -> None:
    change = account(**fields)
    assert (change.record_type, change.ignored) == ("contact", None)
    assert columns(change)["full_name"] == "Ada Example"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"Phone": "+4915112345678"},
        {"IsPersonAccount": "false", "PersonEmail": "ada@example.com"},
        {"PersonEmail": None, "PersonContactId": ""},
    ],
)
def test_another_account_is_ignored(fields: dict[str, object]) -> None:
    assert account(**fields).ignored == "entity"


def test_the_fields_of_a_person_have_the_names_of_a_contacts_too() -> None:
    (row,) = rows("person-account-changed")
    (other,) = [one for one in rows("contacts-changed") if one["external_id"] == CONTACT]
    assert row == other | {"full_name": "Ada Example"}


def test_a_person_is_known_by_its_contact_or_else_by_its_account() -> None:
    known = {"IsPersonAccount": "true", "PersonContactId": CONTACT}
    assert columns(account(**known))["external_id"] == CONTACT
    assert columns(account(IsPersonAccount="true"))["external_id"] == ACCOUNT


def test_a_field_of_the_account_itself_is_not_replaced() -> None:
    change = account(IsPersonAccount="true", Phone="+493012345", PersonPhone="+493099999")
    assert isinstance(change.record, dict)
    assert change.record["Phone"] == "+493012345"


OTHERS = {
    "contact_objects": "Patient__c  Account",
    "deal_objects": "Order",
    "appointment_objects": "Visit__c",
}


@pytest.mark.parametrize(
    ("name", "record_type"),
    [
        ("Patient__c", "contact"),
        ("Account", "contact"),
        ("Order", "deal"),
        ("Visit__c", "appointment"),
        ("Contact", "contact"),
        ("Order__c", None),
        ("patient__c", None),
    ],
)
def test_further_objects_are_imported_by_name(name: str, record_type: str | None) -> None:
    given = replace(CONNECTION, options=OPTIONS | OTHERS)
    change = connector.interpret(
        {"object": name, "fields": {"Id": "a01Xx0000003DGbIAM", "Name": "x"}}, given
    )
    assert (change.record_type, change.ignored) == (record_type, None if record_type else "entity")


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        (OTHERS, []),
        ({"contact_objects": ""}, ["contact_objects"]),
        ({"contact_objects": "Patient c"}, []),
        ({"contact_objects": "Pat-ient"}, ["contact_objects"]),
        ({"contact_objects": "A", "deal_objects": "A"}, ["deal_objects"]),
    ],
)
def test_mistakes_in_the_names_of_objects_are_named(
    options: dict[str, str], keys: list[str]
) -> None:
    given = replace(CONNECTION, options=OPTIONS | options)
    assert [key for key, _ in connector.check_options(given)] == keys


def test_objects_of_a_type_that_is_not_imported_are_a_mistake() -> None:
    contacts = {"contact": CONNECTION.record_types["contact"]}
    given = replace(CONNECTION, options=OPTIONS | OTHERS, record_types=contacts)
    assert [key for key, _ in connector.check_options(given)] == [
        "deal_objects",
        "appointment_objects",
    ]


def test_opportunities_become_deals_and_events_appointments() -> None:
    assert rows("opportunity-changed") == [
        {
            "external_id": "006Xx0000003opPIAQ",
            "name": "Example Works, licences",
            "description": "Two hundred licences",
            "contact_external_id": CONTACT,
        }
    ]
    assert rows("event-created") == [
        {
            "external_id": "00UXx0000005evTMAQ",
            "name": "Call Ada",
            "start_time": "2026-11-24T09:30:00Z",
            "end_time": "2026-11-24T10:00:00Z",
            "contact_external_id": CONTACT,
        }
    ]


def test_an_event_of_a_whole_day_has_no_time() -> None:
    midnight = "2026-11-24T00:00:00.000Z"
    given = item("Event", IsAllDayEvent="true", StartDateTime=midnight, EndDateTime=midnight)
    mapping = RecordMapping(CONNECTION.record_types["appointment"])
    assert mapping.columns(given["fields"]).values == {
        "external_id": CONTACT,
        "start_time": None,
        "end_time": None,
    }


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({"organization_id": ORGANIZATION}, []),
        ({"organization_id": ORGANIZATION[:15], "auth": "path"}, []),
        ({"organization_id": ORGANIZATION, "auth": "organization"}, []),
        ({}, ["organization_id"]),
        ({"organization_id": "00D"}, ["organization_id"]),
        ({"organization_id": ORGANIZATION, "auth": "none"}, ["auth"]),
        ({"organization_id": ORGANIZATION, "header": "X"}, ["header"]),
    ],
)
def test_mistakes_in_the_options_are_named(options: dict[str, str], keys: list[str]) -> None:
    given = replace(CONNECTION, options=options)
    assert [key for key, _ in connector.check_options(given)] == keys


def test_xml_without_the_organization_in_its_place_is_not_parsed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connector, "message", lambda text: pytest.fail("parsed"))

    for body in ("<a>" * 9, f"<a>{ORGANIZATION}</a>", f"<OrganizationId>x{ORGANIZATION}"):
        assert refusal(request(body)) in ("signature.mismatch", "signature.malformed")


@pytest.mark.parametrize("attribute", ['a{}=""', "a{} = ''", 'xmlns:a{}="u"'])
def test_attributes_count_as_elements_do(attribute: str) -> None:
    attributes = " ".join(attribute.format(n) for n in range(100_001))
    body = envelope().replace("<soapenv:Body", f"<soapenv:Body {attributes}", 1)

    assert refusal(request(body)) == "signature.malformed"
