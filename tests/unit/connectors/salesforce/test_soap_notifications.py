"""The SOAP envelope of an outbound message: what is read of it, and what is refused unread."""

import pytest

from import_relay.connectors.salesforce import outbound_events as connector
from import_relay.connectors.salesforce import soap_notifications
from tests.support.webhooks import request
from tests.unit.connectors.salesforce.envelopes import (
    CONTACT,
    ORGANIZATION,
    envelope,
    fields,
    items,
    notification,
    record,
    refusal,
    unreadable,
)


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


def test_the_declared_encoding_of_a_text_is_ignored() -> None:
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
