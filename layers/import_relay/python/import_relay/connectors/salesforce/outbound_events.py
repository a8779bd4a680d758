"""Salesforce outbound messages: contacts, leads, opportunities and events, by SOAP.

Authentication: Salesforce signs nothing. Every message names its organization, which has to be the
one of the option `organization_id`, by its 15 or its 18 characters. That id is no secret, everybody
who has ever seen a URL of that org knows it: `auth = "path"` adds a secret part to the address, and
without it the organization's id alone authenticates.

One message holds up to 100 notifications, each an item: a JSON object that is made of its fields,
without the session id. The record is these fields, so that expressions say `Email`; all values are
texts. The fields are those that were selected in Salesforce and always all of them, in the state
of the time of sending: a full record. A notification of a record that was deleted in the meantime
holds no data and is ignored. Event id: the notification's, which retries keep. Version:
`SystemModstamp`, else `LastModifiedDate`, if they were selected; messages come in any order, so
that without both the time of receipt may let an older state win.

A person account is a contact whose fields have other names (`PersonEmail`): its record has those of
a contact too, so that one mapping serves both. Its key is the id of that contact, by which
opportunities and events name it, if `PersonContactId` was selected. Other accounts are ignored.

Whatever is accepted is answered with the SOAP `Ack`, as Salesforce sends it again otherwise.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from import_relay.connectors.contract import Change, Item, Replies, Request
from import_relay.connectors.salesforce.default_mappings import OF_OUTBOUND_MESSAGES
from import_relay.connectors.salesforce.objects import (
    OBJECTS,
    SHORT_ID,
    is_id,
    object_mistakes,
    record_type_of,
)
from import_relay.connectors.salesforce.soap_notifications import (
    Message,
    NoMessage,
    NotXml,
    message,
)
from import_relay.connectors.shared.auth import check_path_secret, require_match
from import_relay.connectors.shared.event_ids import event_id
from import_relay.connectors.shared.json_text import body_text
from import_relay.connectors.shared.timestamps import first_timestamp
from import_relay.domain.connections import Connection, RecordType, RecordTypeName
from import_relay.domain.errors import RejectedRow, SignatureError, UnreadableDelivery

OPTIONS: Mapping[str, str] = {
    "organization_id": "id of the Salesforce organization, 15 or 18 characters; needed",
    "auth": "'organization' (default): its id alone; 'path': also the secret part of the address",
    **OBJECTS,
}
DEFAULTS: Mapping[RecordTypeName, RecordType] = OF_OUTBOUND_MESSAGES
REPLIES = Replies(
    accepted='<?xml version="1.0" encoding="UTF-8"?>\n'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    '<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack>'
    "</notificationsResponse></soapenv:Body></soapenv:Envelope>",
    content_type="text/xml",
)
MAX_NOTIFICATIONS = 100
"""Salesforce's documentation of `notifications()`; more do not come from there."""
MAX_NAMED_ORGANIZATIONS = 10
"""A message names its organization once; texts of its records may look like that."""
_organization = re.compile(rb"OrganizationId(?:\s[^<>]{0,999})?>\s{0,99}([0-9A-Za-z]{15})")
_ACCOUNT, _PERSON = "Account", "Person"


def verify(
    request: Request, secrets: Sequence[str], options: Mapping[str, str], *, now: float
) -> None:
    """See `contract.Connector.verify`. With a path secret an unreadable body is authentic as
    well.
    """
    expected = options.get("organization_id")
    if not is_id(expected):
        raise SignatureError("signature.no_secret", "the option organization_id is missing")
    has_path_secret = options.get("auth") == "path"
    if has_path_secret:
        check_path_secret(request.path, secrets)
    else:
        _check_named(request.body, expected[:SHORT_ID].encode())
    try:
        given = _message(request).organization_id
    except UnreadableDelivery as error:
        if has_path_secret:
            return
        raise SignatureError("signature.malformed", "the body is no outbound message") from error
    if not is_id(given):
        raise SignatureError("signature.malformed", "the organization's id is none")
    require_match([given[:SHORT_ID]], [expected[:SHORT_ID]])


def _check_named(body: bytes, expected: bytes) -> None:
    """Return if the body seems to come from the organization.

    This is checked before the XML of an unknown sender is parsed, which can be made to take long.
    """
    if expected not in body:
        raise SignatureError("signature.mismatch", "the body does not name the organization")
    named = islice(_organization.finditer(body), MAX_NAMED_ORGANIZATIONS)
    if not any(found[1] == expected for found in named):
        raise SignatureError("signature.malformed", "the organization stands somewhere else")


def _message(request: Request) -> Message:
    text = body_text(request)
    try:
        return message(text)
    except NotXml as error:
        raise UnreadableDelivery("delivery.not_xml", str(error)) from error
    except NoMessage as error:
        raise UnreadableDelivery("delivery.wrong_shape", str(error)) from error


def split(request: Request, options: Mapping[str, str]) -> list[Item]:
    """One item per notification."""
    read = _message(request)
    if len(read.notifications) > MAX_NOTIFICATIONS:
        raise UnreadableDelivery("delivery.wrong_shape", "more than 100 notifications")
    items = []
    for one in read.notifications:
        item = {
            "object": one.object,
            "id": one.fields.get("Id"),
            "notification_id": one.id,
            "organization_id": read.organization_id,
            "action_id": read.action_id,
            "fields": one.fields,
        }
        text = json.dumps(item, ensure_ascii=False)
        items.append(Item(event_id(one.id, text), text))
    return items


def interpret(item: object, connection: Connection) -> Change:
    """The selected fields of a contact, lead, opportunity or event as a full record.

    Ignored: `deleted` (no data any more), `entity` (other objects, unless the connection names
    them), `empty` (nothing but the id).
    """
    fields = item.get("fields") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(fields, dict):
        raise RejectedRow("row.not_an_object", field="fields", value=fields)
    if not fields:
        return Change(fields, ignored="deleted")
    name = item.get("object")
    record_type = record_type_of(name, connection.options) if isinstance(name, str) else None
    if name == _ACCOUNT and _is_person(fields):
        record_type = record_type or "contact"
        fields = _with_contact_names(fields)
    if record_type is None:
        return Change(fields, ignored="entity")
    if not is_id(fields.get("Id")):
        raise RejectedRow("row.bad_value", field="Id", value=fields.get("Id"))
    if len(fields) == 1:
        return Change(fields, record_type, ignored="empty")
    version = first_timestamp([fields.get("SystemModstamp"), fields.get("LastModifiedDate")])
    return Change(fields, record_type, version)


def _is_person(account: Mapping[str, object]) -> bool:
    """Whether an account is a person; if it does not say so, fields that only persons have do."""
    said = account.get("IsPersonAccount")
    if said is not None:
        return said in ("true", "1")  # both are true in XML Schema
    return any(value for name, value in account.items() if name.startswith(_PERSON))


def _with_contact_names(account: Mapping[str, object]) -> dict[str, object]:
    """A person account that has the names of a contact's fields too, where they are missing."""
    named = {
        name.removeprefix(_PERSON): value
        for name, value in account.items()
        if name.startswith(_PERSON) and name != "PersonContactId"
    }
    return named | {**account}


def check_options(connection: Connection) -> Iterable[tuple[str, str]]:
    """An organization id that is none, and an unsupported authentication method."""
    yield from object_mistakes(connection)
    options = connection.options
    if not is_id(options.get("organization_id")):
        yield "organization_id", "must be the organization's id: 15 or 18 letters and digits"
    if options.get("auth", "organization") not in ("organization", "path"):
        yield "auth", f"must be 'organization' or 'path', not {options['auth']!r}"
