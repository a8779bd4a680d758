"""How seven senders make a webhook and authenticate it; `traffic` says what they send.

Each follows its vendor's description and nothing of the relay's code, which is the other side.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

JSON_HEADERS: Mapping[str, str] = {"content-type": "application/json"}
CrmRecord = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One HTTP request. `status`: the answer that it must get; `items`: how many it has.

    `secret`: the last part of the address, of senders that authenticate themselves by that.
    """

    connection: str
    body: bytes
    headers: Mapping[str, str]
    items: int
    status: int = 200
    secret: str = ""

    @property
    def path(self) -> str:
        """What follows `/webhooks/`."""
        return f"{self.connection}/{self.secret}" if self.secret else self.connection


def json_records(records: Sequence[CrmRecord], secret: str) -> Delivery:
    """An ERP: a header with a secret."""
    body = json.dumps({"records": records}).encode()
    return Delivery("json", body, {**JSON_HEADERS, "x-relay-secret": secret}, len(records))


def standard_webhook(message_id: str, event: CrmRecord, secret: str, *, at: float) -> Delivery:
    """Standard Webhooks: id, seconds and body are signed."""
    body, timestamp = json.dumps(event).encode(), str(int(at))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{_base64(_hmac(key, signed))}",
    }
    return Delivery("standard_webhooks", body, {**JSON_HEADERS, **headers}, 1)


def pipedrive(event: CrmRecord, user_and_password: str) -> Delivery:
    """Pipedrive: HTTP Basic."""
    headers = {"authorization": f"Basic {_base64(user_and_password.encode())}"}
    return Delivery("pipedrive", json.dumps(event).encode(), {**JSON_HEADERS, **headers}, 1)


def hubspot(
    events: Sequence[CrmRecord], client_secret: str, address: str, *, at: float
) -> Delivery:
    """HubSpot: method, address, body and milliseconds are signed (version 3)."""
    body, timestamp = json.dumps(events).encode(), str(int(at * 1_000))
    signed = b"POST" + address.encode() + body + timestamp.encode()
    headers = {
        "x-hubspot-signature-v3": _base64(_hmac(client_secret.encode(), signed)),
        "x-hubspot-request-timestamp": timestamp,
    }
    return Delivery("hubspot", body, {**JSON_HEADERS, **headers}, len(events))


def shopify(topic: str, resource: CrmRecord, webhook_id: str, client_secret: str) -> Delivery:
    """Shopify: the body is signed, the topic stands in a header."""
    body = json.dumps(resource).encode()
    headers = {
        "x-shopify-topic": topic,
        "x-shopify-webhook-id": webhook_id,
        "x-shopify-hmac-sha256": _base64(_hmac(client_secret.encode(), body)),
    }
    return Delivery("shopify", body, {**JSON_HEADERS, **headers}, 1)


def salesforce_outbound(
    records: Mapping[str, CrmRecord], organization_id: str, path_secret: str
) -> Delivery:
    """Salesforce: SOAP with up to 100 notifications, nothing is signed.

    Args:
        records: id of the notification → object and its fields: `{"Contact": {"Id": ...}}`; an
            empty one is of a record that was deleted before it was sent.
        organization_id: of the sender.
        path_secret: the last part of the address.
    """
    notifications = "".join(
        f"<Notification><Id>{number}</Id>{_record(content)}</Notification>"
        for number, content in records.items()
    )
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
        '<notifications xmlns="http://soap.sforce.com/2005/09/outbound">'
        f"<OrganizationId>{organization_id}</OrganizationId>"
        "<ActionId>04k000000000001AAA</ActionId>"
        '<SessionId xsi:nil="true"/><EnterpriseUrl/><PartnerUrl/>'
        f"{notifications}</notifications></soapenv:Body></soapenv:Envelope>"
    )
    headers = {"content-type": "text/xml; charset=utf-8", "soapaction": '""'}
    return Delivery("salesforce_outbound", body.encode(), headers, len(records), secret=path_secret)


def _record(content: CrmRecord) -> str:
    return "".join(
        f'<sObject xsi:type="sf:{name}" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">'
        f"{_fields(fields)}</sObject>"
        for name, fields in content.items()
        if isinstance(fields, Mapping)
    )


def _fields(fields: CrmRecord) -> str:
    return "".join(f"<sf:{key}>{escape(str(value))}</sf:{key}>" for key, value in fields.items())


def calendly(event: CrmRecord, signing_key: str, items: int, *, at: float) -> Delivery:
    """Calendly: seconds and body are signed. A booking is a contact and an appointment."""
    body, timestamp = json.dumps(event).encode(), str(int(at))
    signature = _hmac(signing_key.encode(), f"{timestamp}.".encode() + body).hex()
    headers = {"calendly-webhook-signature": f"t={timestamp},v1={signature}"}
    return Delivery("calendly", body, {**JSON_HEADERS, **headers}, items)


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
