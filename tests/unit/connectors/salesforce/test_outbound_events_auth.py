"""Outbound messages are authenticated by the organization, and by a secret in the path."""

import pytest

from import_relay.connectors.contract import Request
from import_relay.connectors.salesforce import outbound_events as connector
from import_relay.domain.errors import UnreadableDelivery
from tests.support.webhooks import request
from tests.unit.connectors.salesforce.envelopes import (
    OPTIONS,
    ORGANIZATION,
    envelope,
    notification,
    record,
    refusal,
    verify,
)


def at(path: str, body: str | None = None) -> Request:
    return request(envelope() if body is None else body, path=path)


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
