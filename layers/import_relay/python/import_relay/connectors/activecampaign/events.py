"""ActiveCampaign webhooks: contacts.

Authentication: a secret at the end of the address, since ActiveCampaign signs nothing and can send
no header. The body is a form whose names nest as in PHP, e.g. `contact[fields][12]`; the record is
the object that they stand for, so that expressions say `contact.email` and `contact.fields."12"`.
All values are texts. Which fields a type of event holds is nowhere documented, so every record is
partial: what is not there is left alone, and an empty text is an empty field.

Event id: ActiveCampaign gives none, so it is the digest of the record; the same event again is the
same to the byte. Version: `date_time`, in whole seconds.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence

from import_relay.connectors.contract import Change, Item, Replies, Request
from import_relay.connectors.shared.auth import check_path_secret
from import_relay.connectors.shared.event_ids import content_id
from import_relay.connectors.shared.form_text import pairs
from import_relay.connectors.shared.json_text import body_text
from import_relay.connectors.shared.timestamps import timestamp
from import_relay.domain.connections import Connection, RecordType, RecordTypeName
from import_relay.domain.errors import RejectedRow, UnreadableDelivery

OPTIONS: Mapping[str, str] = {}
DEFAULTS: Mapping[RecordTypeName, RecordType] = {
    "contact": RecordType(
        "contact",
        {
            "external_id": "contact.id",
            "full_name": "join(' ', [contact.first_name, contact.last_name][?@])",
            "email": "contact.email",
            "whatsapp": "contact.phone",
        },
    )
}
REPLIES = Replies()
IMPORTED_EVENTS = frozenset(
    {"subscribe", "unsubscribe", "update", "contact_tag_added", "contact_tag_removed"}
)
"""Types of events that are about a contact itself."""
MAX_FORM_DEPTH = 10
"""Own limit; known names nest two levels deep."""
_name = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_part = re.compile(r"\[([^\[\]]*)\]")

_Node = dict[str, object]


def verify(
    request: Request, secrets: Sequence[str], options: Mapping[str, str], *, now: float
) -> None:
    """See `contract.Connector.verify`."""
    check_path_secret(request.path, secrets)


def split(request: Request, options: Mapping[str, str]) -> list[Item]:
    """The one form of a request, as a JSON object."""
    record = _nested(pairs(body_text(request)))
    if not isinstance(record.get("type"), str):
        raise UnreadableDelivery("delivery.wrong_shape", "names no type of event")
    text = json.dumps(record, ensure_ascii=False)
    return [Item(content_id(text), text)]


def _nested(fields: Iterable[tuple[str, str]]) -> _Node:
    """The object that the names stand for; as in PHP the last of several equal names counts.

    `name[]` is numbered from 0. A name whose brackets do not match is a name like any other.
    """
    record: _Node = {}
    for name, value in fields:
        match = _name.fullmatch(name)
        path = [match[1], *_part.findall(match[2])] if match else [name]
        if len(path) > MAX_FORM_DEPTH:
            raise UnreadableDelivery("delivery.too_deep")
        node = record
        for part in path[:-1]:
            node = _child(node, part)
        node[path[-1] or str(len(node))] = value
    return record


def _child(node: _Node, part: str) -> _Node:
    """The object below a name; it takes the place of a text."""
    child = node.get(part)
    if not isinstance(child, dict):
        child = node[part or str(len(node))] = {}
    return child


def interpret(item: object, connection: Connection) -> Change:
    """The contact of an event; events of other types are ignored: `event_type`."""
    if not isinstance(item, dict):
        raise RejectedRow("row.not_an_object", value=item)
    event_type = item.get("type")
    if not isinstance(event_type, str) or event_type not in IMPORTED_EVENTS:
        return Change(item, ignored="event_type")
    contact = item.get("contact")
    if not isinstance(contact, dict):
        raise RejectedRow("row.not_an_object", field="contact", value=contact)
    return Change(item, "contact", timestamp(item.get("date_time")), partial=True)


def check_options(connection: Connection) -> Iterable[tuple[str, str]]:
    """Types of records that ActiveCampaign does not send."""
    for name in sorted(connection.record_types.keys() - DEFAULTS.keys()):
        yield name, "is nothing that ActiveCampaign sends: it has contacts only"
