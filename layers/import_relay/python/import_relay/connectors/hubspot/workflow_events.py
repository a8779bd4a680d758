"""HubSpot workflows, the action "Send a webhook": contacts and deals.

Authentication: the signature of version 3, or of version 2 if it is asked for
(`signatures`); or, with `auth = "header"`, an API key in a header. A request is one record
as the legacy API gives it: contacts `{"vid", "properties": {name: {"value", "versions"}}}`, others
`{"objectId", "objectTypeId", "properties": …}`. Expressions see the same record as those of the
kind `hubspot`, with all properties that HubSpot sent.

Event id: the body has none, so it is the digest of the body. A retry with the same body is known
by it; any other body is taken as another event, which a full record makes harmless. Version:
`lastmodifieddate` of contacts, `hs_lastmodifieddate` of deals, in milliseconds.
"""

from collections.abc import Iterable, Mapping, Sequence

from import_relay.connectors.contract import Change, Item, Replies, Request
from import_relay.connectors.hubspot import records
from import_relay.connectors.hubspot.signatures import (
    SIGNATURE_OPTIONS,
    check_signature,
    sign_v3,
    signature_mistakes,
)
from import_relay.connectors.shared.event_ids import content_id
from import_relay.connectors.shared.header_secret import check_header_secret, header_mistakes
from import_relay.connectors.shared.json_text import body_text, single
from import_relay.connectors.shared.timestamps import timestamp
from import_relay.domain.connections import Connection, RecordType, RecordTypeName
from import_relay.domain.errors import RejectedRow, UnreadableDelivery

OPTIONS: Mapping[str, str] = {
    "auth": "how the sender authenticates itself: 'signature' (default) or 'header'",
    **SIGNATURE_OPTIONS,
    "header": "name of the header with the API key, with auth = 'header'",
    **records.DATETIME_OPTION,
}
DEFAULTS: Mapping[RecordTypeName, RecordType] = {"contact": records.CONTACTS, "deal": records.DEALS}
_PLAIN = ("v2",)
"""Older versions of the signature that HubSpot may send instead of version 3."""
REPLIES = Replies(retry_after="60000")
"""HubSpot's workflows read `retry-after` in milliseconds."""
_METHODS = ("signature", "header")
_CHANGED = ("lastmodifieddate", "hs_lastmodifieddate")


def verify(
    request: Request, secrets: Sequence[str], options: Mapping[str, str], *, now: float
) -> None:
    """See `contract.Connector.verify`."""
    if options.get("auth") == "header":
        check_header_secret(request, secrets, options)
    else:
        check_signature(request, secrets, options, now=now, plain=_PLAIN)


sign = sign_v3


def split(request: Request, options: Mapping[str, str]) -> list[Item]:
    """One record per request."""
    value, text = single(body_text(request))
    if not isinstance(value, dict):
        raise UnreadableDelivery("delivery.wrong_shape", "not a JSON object")
    return [Item(content_id(text), text)]


def interpret(item: object, connection: Connection) -> Change:
    """The record of a contact or a deal; others are ignored: `entity`, `deleted`."""
    if not isinstance(item, dict):
        raise RejectedRow("row.not_an_object", value=item)
    object_type, key = _object_type(item)
    record_type = records.OBJECT_TYPES.get(object_type)
    if record_type is None or record_type not in DEFAULTS:
        return Change(None, ignored="entity")
    if item.get("isDeleted") is True:
        return Change(None, record_type, ignored="deleted")
    properties = _properties(item, connection)
    version = next((at for at in map(timestamp, map(properties.get, _CHANGED)) if at), None)
    record: dict[str, object] = {
        "id": records.record_id(item.get(key), key),
        "objectTypeId": object_type,
        "properties": properties,
    }
    associated = _contacts(item)
    if associated is not None:
        record["associations"] = associated
    return Change(record, record_type, version)


def _object_type(item: Mapping[str, object]) -> tuple[str, str]:
    """HubSpot's id of the type of object, and the key of the record's id.

    A contact that another one was merged into is called by its `canonical-vid`.
    """
    if "vid" in item:
        return records.CONTACT, "canonical-vid" if "canonical-vid" in item else "vid"
    object_type = item.get("objectTypeId")
    if not isinstance(object_type, str) or "objectId" not in item:
        raise RejectedRow("row.bad_value", field="objectTypeId", value=object_type)
    return object_type, "objectId"


def _properties(item: Mapping[str, object], connection: Connection) -> dict[str, object]:
    """Property → its current value; those that HubSpot withholds are left out."""
    given = item.get("properties")
    if not isinstance(given, dict):
        raise RejectedRow("row.not_an_object", field="properties", value=given)
    datetimes = records.datetime_names(connection.options)
    values = {
        name: entry.get("value") if isinstance(entry, dict) else entry
        for name, entry in given.items()
    }
    return {
        name: records.plain_value(name, value, datetimes)
        for name, value in values.items()
        if value != records.WITHHELD
    }


def _contacts(item: Mapping[str, object]) -> dict[str, object] | None:
    """The contacts of a deal, if HubSpot says which: the legacy API of deals does."""
    associations = item.get("associations")
    given = associations.get("associatedVids") if isinstance(associations, dict) else None
    if not isinstance(given, list):
        return None
    return records.contacts(records.record_id(one, "associations.associatedVids") for one in given)


def check_options(connection: Connection) -> Iterable[tuple[str, str]]:
    """Unknown options, an unsupported authentication method, and what the chosen one needs."""
    method = connection.options.get("auth", _METHODS[0])
    if method not in _METHODS:
        yield "auth", f"must be 'signature' or 'header', not {method!r}"
    if method == "header":
        yield from header_mistakes(connection.options)
    else:
        yield from signature_mistakes(connection.options, _PLAIN)
