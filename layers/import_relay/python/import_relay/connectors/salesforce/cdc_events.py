"""Salesforce change events (Change Data Capture), which an event relay brings to EventBridge.

Authentication: none over HTTP, which is refused. An event bus that is associated with a partner
event source takes events from Salesforce only, AWS vouches for it; the event's `source`, which
names the organization and the channel, has to be the one of the option `event_source`.

One change of several records is one event; each record is an item of its own. The payload is
written anew for each of them without the list of all ids, which would grow with its square; JSON
integers of any size survive that. Event id: transaction, sequence number and record, which a relay
that starts again from an earlier point repeats.

The record is the payload as Salesforce nests it (`Name.LastName`, `MailingAddress.City`), with the
record's `Id`; `change_records` says what is known of it. Creations hold the whole record. Updates
are partial; with a token the record is read when the mapping needs more. Gap events say only that
something changed: the record has to be read. What names no record (an overflow, a change of a
field's type, which concerns all records of an object) is rejected, so that the report says that
something is missing.

Version: `commitTimestamp`, since it is comparable with the `SystemModstamp` of records that were
read, and `commitNumber` is not. Within its millisecond, and often it is a whole second,
`sequenceNumber` decides, which orders the changes of one transaction.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from import_relay.connectors.contract import Change, Item, RecordLookup, Replies, Request
from import_relay.connectors.salesforce.change_records import HEADER, known_of, whole
from import_relay.connectors.salesforce.default_mappings import OF_CHANGE_EVENTS
from import_relay.connectors.salesforce.objects import (
    OBJECTS,
    is_id,
    object_mistakes,
    record_type_of,
)
from import_relay.connectors.shared.auth import require_match, usable
from import_relay.connectors.shared.event_ids import event_id
from import_relay.connectors.shared.json_text import MAX_ITEMS, body_text, single
from import_relay.connectors.shared.timestamps import timestamp
from import_relay.domain.connections import Connection, RecordType, RecordTypeName
from import_relay.domain.errors import RejectedRow, SignatureError, UnreadableDelivery

OPTIONS: Mapping[str, str] = {
    "event_source": "the partner event source, aws.partner/salesforce.com/<org>/<channel>; needed",
    "instance_url": "address of the organization's API, to read records that events only name",
    **OBJECTS,
}
_SOURCE = "aws.partner/salesforce.com/"
DEFAULTS: Mapping[RecordTypeName, RecordType] = OF_CHANGE_EVENTS
REPLIES = Replies()
NO_RECORD = "000000000000000AAA"
"""What an overflow event has in the place of a record's id (Change Data Capture guide)."""
_GAPS = frozenset({"GAP_CREATE", "GAP_UPDATE", "GAP_UNDELETE"})


def verify(
    request: Request, secrets: Sequence[str], options: Mapping[str, str], *, now: float
) -> None:
    """See `contract.Connector.verify`; there are no secrets."""
    if request.transport != "eventbridge":
        raise SignatureError("signature.wrong_transport")
    require_match([request.path], usable([options.get("event_source", "")]))


def sign(request: Request, secret: str, options: Mapping[str, str]) -> Request:
    """See `contract.SigningConnector.sign`."""
    return replace(request, path=options.get("event_source", ""), transport="eventbridge")


def split(request: Request, options: Mapping[str, str]) -> list[Item]:
    """One item per record that the event names."""
    event, _ = single(body_text(request))
    payload = _part(_part(event, "detail"), "payload")
    header = _part(payload, HEADER)
    ids = header.get("recordIds") if header else None
    if payload is None or header is None or not isinstance(ids, list) or not ids:
        raise UnreadableDelivery("delivery.wrong_shape", "not a change event with record ids")
    if len(ids) > MAX_ITEMS:
        raise UnreadableDelivery("delivery.too_many_items")
    head = {name: value for name, value in header.items() if name != "recordIds"}
    body = _written({**payload, HEADER: head})
    return [_item(one, header, body) for one in ids]


def _part(value: object, name: str) -> dict[str, object] | None:
    part = value.get(name) if isinstance(value, dict) else None
    return part if isinstance(part, dict) else None


def _written(payload: object) -> str:
    try:
        return json.dumps(payload, allow_nan=False)
    except ValueError as error:  # 1e999 is JSON, but Python reads it as infinite
        raise UnreadableDelivery("delivery.not_json", "a number is out of range") from error


def _item(record_id: object, header: Mapping[str, object], body: str) -> Item:
    text = f'{{"id": {json.dumps(record_id)}, "payload": {body}}}'
    change = [header.get("transactionKey"), header.get("sequenceNumber")]
    known = None not in change and isinstance(record_id, str)
    return Item(event_id(":".join(map(str, [*change, record_id])) if known else None, text), text)


def interpret(item: object, connection: Connection) -> Change:
    """What an event says of one contact, lead, opportunity or event.

    Ignored: `entity` (other objects, or those that the connection does not import), `deleted`,
    `action` (unknown types of changes).
    """
    payload = _part(item, "payload")
    header = _part(payload, HEADER)
    if not isinstance(item, dict) or payload is None or header is None:
        raise RejectedRow("row.not_an_object", field=HEADER, value=header)
    entity, change_type = header.get("entityName"), header.get("changeType")
    record_type = record_type_of(entity, connection.options) if isinstance(entity, str) else None
    if record_type is None or record_type not in connection.record_types:
        return Change(item, ignored="entity")
    if change_type in ("DELETE", "GAP_DELETE"):
        return Change(item, record_type, ignored="deleted")
    lookup = RecordLookup(str(entity), _record_id(item.get("id"), change_type))
    if change_type not in ("CREATE", "UNDELETE", "UPDATE", *_GAPS):
        return Change(item, record_type, ignored="action")
    change = _told(payload, change_type, Change(None, record_type, lookup=lookup), lookup)
    return change._replace(version=_version(header, payload))


def _told(
    payload: Mapping[str, object], change_type: object, unsaid: Change, lookup: RecordLookup
) -> Change:
    """What the payload says of the record, or `unsaid`: it has to be read."""
    if change_type in ("CREATE", "UNDELETE"):
        record = whole(payload, lookup.object_type, lookup.id)
        return unsaid._replace(record=record, lookup=None)
    known, is_complete = known_of(payload, lookup.object_type, lookup.id)
    if change_type != "UPDATE" or known is None:
        return unsaid
    lookup = lookup._replace(always=not is_complete)
    return unsaid._replace(record=known, partial=True, lookup=lookup)


def _record_id(value: object, change_type: object) -> str:
    """The id of the record; a wildcard (`003*`) and an overflow name none.

    Raises:
        RejectedRow: it is none.
    """
    if change_type == "GAP_OVERFLOW" or value == NO_RECORD:
        detail = "Salesforce sent no more than that many records changed at once; export them anew"
        raise RejectedRow("row.incomplete", field="recordIds", value=value, detail=detail)
    if isinstance(value, str) and value.endswith("*"):
        detail = "a field's type was changed, which concerns all records; export them anew"
        raise RejectedRow("row.incomplete", field="recordIds", value=value, detail=detail)
    if not is_id(value):
        raise RejectedRow("row.bad_value", field="recordIds", value=value)
    return value


def _version(header: Mapping[str, object], payload: Mapping[str, object]) -> int | None:
    committed = timestamp(header.get("commitTimestamp"))
    if committed is None:
        return timestamp(payload.get("LastModifiedDate"))
    number = header.get("sequenceNumber")
    return committed + (min(max(number, 0), 999) if isinstance(number, int) else 0)


def check_options(connection: Connection) -> Iterable[tuple[str, str]]:
    """An invalid event source or address."""
    yield from object_mistakes(connection)
    if not connection.options.get("event_source", "").startswith(_SOURCE):
        yield "event_source", f"must be the partner event source, {_SOURCE}<org>/<channel>"
    if "instance_url" in connection.options:
        try:
            url = urlsplit(connection.options["instance_url"])
            is_address = url.scheme in ("https", "http") and bool(url.hostname)
        except ValueError:
            is_address = False
        if not is_address or url.path.strip("/") or url.query:
            yield "instance_url", "must be like https://example.my.salesforce.com"
