"""Outbound messages as Salesforce sends them, and what the connector makes of them."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from import_relay.connectors.complete_connections import with_defaults
from import_relay.connectors.contract import Request
from import_relay.connectors.salesforce import outbound_events as connector
from import_relay.domain.connections import Connection
from import_relay.domain.errors import SignatureError, UnreadableDelivery
from tests.support.webhooks import NOW, request

ORGANIZATION = "00D000000000001AAA"
OPTIONS = {"organization_id": ORGANIZATION}
CONTACT = "003Xx0000004adAIAQ"
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


def item(name: str | None = "Contact", **more: object) -> dict[str, Any]:
    return {"object": name, "fields": {"Id": CONTACT, "Email": "a@example.com"} | more}


CONNECTION = with_defaults(Connection("sf", "salesforce_outbound", OPTIONS))
