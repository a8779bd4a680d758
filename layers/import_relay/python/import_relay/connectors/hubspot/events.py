"""HubSpot webhooks of an app: contacts, deals, appointments and meetings.

Authentication: the signature of version 3, or of an older one that is asked for (`signatures`). A
request is an array of up to 100 events, of all accounts that installed the app; each is an item,
and one that cannot be read hurts no other. Both formats are known: `contact.propertyChange`, and
`object.propertyChange` with `objectTypeId`. An event says next to nothing: a change of a property
is a partial record with this one, a new association one with the contact. The rest is read at
HubSpot. Values that HubSpot withholds ("REDACTED") or marks as sensitive are never passed on from
the webhook.

Event id: `eventId` alone is not unique, so account, type, record, property and time go with it; not
`attemptNumber`, in which a retry differs. Version: `occurredAt`, in milliseconds; HubSpot does not
keep the order and says to use it. Of a record that was read it is `updatedAt`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from import_relay.connectors.contract import Change, Item, RecordLookup, Replies, Request
from import_relay.connectors.hubspot import records
from import_relay.connectors.hubspot.signatures import (
    SIGNATURE_OPTIONS,
    check_signature,
    sign_v3,
    signature_mistakes,
)
from import_relay.connectors.shared.event_ids import content_id, short_id
from import_relay.connectors.shared.json_text import Parsed, body_text, elements
from import_relay.connectors.shared.timestamps import timestamp
from import_relay.domain.connections import Connection, RecordType, RecordTypeName
from import_relay.domain.errors import RejectedRow

OPTIONS: Mapping[str, str] = {
    **SIGNATURE_OPTIONS,
    **records.DATETIME_OPTION,
    "portal_id": "number of the HubSpot account; events of others are ignored; needed",
    "api_url": "to read records: HubSpot's API, https://api.hubapi.com by default",
}
DEFAULTS: Mapping[RecordTypeName, RecordType] = {
    "contact": records.CONTACTS,
    "deal": records.DEALS,
    "appointment": records.APPOINTMENTS,
}
_PLAIN = ("v2", "v1")
"""Older versions of the signature that HubSpot may send instead of version 3."""
REPLIES = Replies()
_LEGACY = {"contact": records.CONTACT, "deal": records.DEAL}
"""First word of a legacy event's type → HubSpot's id of the object."""
_WORDS = {
    **_LEGACY,
    "appointment": records.APPOINTMENT,
    "meeting": records.MEETING,
    "meeting_event": records.MEETING,
}
"""Word in an `associationType`, such as DEAL_TO_CONTACT → HubSpot's id of the object."""
_IDENTIFYING = (
    "portalId",
    "subscriptionType",
    "eventType",
    "objectTypeId",
    "objectId",
    "propertyName",
    "eventId",
    "occurredAt",
    "fromObjectId",
    "toObjectId",
    "associationType",
    "associationRemoved",
)
_READ = frozenset({"creation", "restore"})
_DELETED = frozenset({"deletion", "privacyDeletion"})
_PRIVACY = "privacyDeletion"
"""A person was deleted for good, as the law demands: https://developers.hubspot.com/docs/api/webhooks
"""
_address = re.compile(r"(https://[A-Za-z0-9.-]+|http://127\.0\.0\.1)(:[0-9]+)?/?")


def verify(
    request: Request, secrets: Sequence[str], options: Mapping[str, str], *, now: float
) -> None:
    """See `contract.Connector.verify`."""
    check_signature(request, secrets, options, now=now, plain=_PLAIN)


sign = sign_v3


def split(request: Request, options: Mapping[str, str]) -> list[Item]:
    """The events of the array."""
    return [_item(parsed) for parsed in elements(body_text(request))]


def _item(parsed: Parsed) -> Item:
    value, text = parsed
    if not isinstance(value, dict) or value.get("eventId") is None:
        return Item(content_id(text), text)
    parts = [value.get(key, "") for key in _IDENTIFYING]
    composite = ":".join(map(str, parts)).rstrip(":")
    return Item(short_id(composite), text)


def interpret(item: object, connection: Connection) -> Change:
    """One event.

    Ignored are `deleted`, `erasure`, `merged`, `action`, `entity`, `portal` (not this one).
    """
    if not isinstance(item, dict):
        raise RejectedRow("row.not_an_object", value=item)
    portal = connection.options.get("portal_id")
    if portal and str(item.get("portalId")) != portal:
        return Change(None, ignored="portal")
    event_type = item.get("subscriptionType") or item.get("eventType")
    if not isinstance(event_type, str):
        raise RejectedRow("row.bad_value", field="subscriptionType", value=event_type)
    entity, _, action = event_type.partition(".")
    if action == "associationChange":
        return _association(item, entity, connection)
    object_type = item.get("objectTypeId") if entity == "object" else _LEGACY.get(entity)
    if not isinstance(object_type, str) or object_type not in records.OBJECT_TYPES:
        return Change(None, ignored="entity")
    return _event(item, object_type, action, connection)


def _event(
    event: Mapping[str, object], object_type: str, action: str, connection: Connection
) -> Change:
    """What an event of one record says."""
    record_type = records.OBJECT_TYPES[object_type]
    version = timestamp(event.get("occurredAt"))
    if action == _PRIVACY and object_type == records.CONTACT:
        erased = records.record_id(event.get("objectId"), "objectId")
        return Change(None, record_type, version, ignored="erasure", erases=erased)
    if action in _DELETED:
        return Change(None, record_type, version, ignored="deleted")
    if action == "merge":
        survivor = records.optional_id(event.get("newObjectId")) or records.optional_id(
            event.get("primaryObjectId")
        )
        lookup = RecordLookup(object_type, survivor) if survivor else None
        return Change(None, record_type, version, ignored="merged", lookup=lookup)
    if action != "propertyChange" and action not in _READ:
        return Change(None, record_type, version, ignored="action")
    identifier = records.record_id(event.get("objectId"), "objectId")
    lookup = RecordLookup(object_type, identifier)
    known = _known(event, object_type, connection) if action == "propertyChange" else None
    if known is None:
        return Change(None, record_type, version, lookup=lookup)
    record = {"id": identifier, "objectTypeId": object_type, "properties": known}
    return Change(record, record_type, version, partial=True, lookup=lookup)


def _known(
    event: Mapping[str, object], object_type: str, connection: Connection
) -> dict[str, object] | None:
    """The properties of which a property change tells the value; None: it does not tell it."""
    name = event.get("propertyName")
    if not isinstance(name, str) or not name:
        raise RejectedRow("row.bad_value", field="propertyName", value=name)
    value = event.get("propertyValue", records.WITHHELD)
    if value == records.WITHHELD or event.get("isSensitive"):
        return None
    datetimes = records.datetime_names(connection.options)
    known = {name: records.plain_value(name, value, datetimes)}
    counterpart = records.HUBSPOT_COUNTERPARTS.get(object_type, {}).get(name)
    if counterpart is not None:
        known[counterpart] = None
    occurred_at = event.get("occurredAt")
    if name in records.STATUSES and timestamp(occurred_at) is not None:
        known["hs_lastmodifieddate"] = records.plain_value(
            "hs_lastmodifieddate", occurred_at, datetimes
        )
    return known


def _association(event: Mapping[str, object], entity: str, connection: Connection) -> Change:
    """A contact was associated with a deal, an appointment or a meeting, or is no longer."""
    ends = _ends(event, entity)
    found = [end for end in ends if end[0] in records.OBJECT_TYPES and end[0] != records.CONTACT]
    if len(found) != 1 or all(object_type != records.CONTACT for object_type, _ in ends):
        return Change(None, ignored="entity")
    ((object_type, key),) = found
    other = "toObjectId" if key == "fromObjectId" else "fromObjectId"
    record_type = records.OBJECT_TYPES[object_type]
    version = timestamp(event.get("occurredAt"))
    identifier = records.record_id(event.get(key), key)
    lookup = RecordLookup(object_type, identifier, moves_time=False)
    if event.get("associationRemoved") is not False:
        return Change(None, record_type, version, lookup=lookup)
    contact = records.record_id(event.get(other), other)
    record = {
        "id": identifier,
        "objectTypeId": object_type,
        "associations": records.contacts([contact]),
    }
    return Change(record, record_type, version, partial=True, lookup=lookup)


def _ends(event: Mapping[str, object], entity: str) -> list[tuple[str, str]]:
    """(type of object, key of its id) of both ends of an association, "" for an unknown type."""
    given = event.get("associationType")
    words = given.lower() if isinstance(given, str) else ""
    first, _, second = words.partition("_to_")
    return [
        (_end(event.get("fromObjectTypeId"), first) or _WORDS.get(entity, ""), "fromObjectId"),
        (_end(event.get("toObjectTypeId"), second), "toObjectId"),
    ]


def _end(type_id: object, word: str) -> str:
    return type_id if isinstance(type_id, str) else _WORDS.get(word, "")


def check_options(connection: Connection) -> Iterable[tuple[str, str]]:
    """A missing address, and an invalid account or API address."""
    yield from signature_mistakes(connection.options, _PLAIN)
    portal = connection.options.get("portal_id", "")
    if not (portal.isascii() and portal.isdecimal()):
        yield "portal_id", f"must be the number of your HubSpot account, not {portal!r}"
    api_url = connection.options.get("api_url", "https://api.hubapi.com")
    if not _address.fullmatch(api_url):
        yield "api_url", f"must be an https address without a path, not {api_url!r}"
