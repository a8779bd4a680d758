"""Zoho CRM notifications (`actions/watch`): contacts, leads, deals and meetings.

Authentication: the `token` that was chosen for the channel comes back in the body; Zoho signs
nothing. So the body has to be parsed before anything is proven: within the limits of `json_text`,
and whatever is wrong with it then is a malformed authentication. A large body is not parsed unless
one of the secrets stands in it behind the word `token`, which costs milliseconds to find out. The
token stays behind: no item holds it. Therefore a body with the right token but without `ids` is an
item too, rejected with the rows, since quarantine would keep the body whole.

One notification names several records of one module; each is an item: module, operation, time,
channel, id and, if the channel has `return_affected_field_values`, the values that changed. These
are a partial record (`{"id", "Last_Name", …}`, Zoho's own names of fields); the rest is read at
Zoho. Contacts and leads become contacts, deals deals, meetings (`Events`) and appointments
(`Appointments__s`) appointments. Where sister modules name the same thing differently, both names
are in the record, the other one's empty.

Event id: Zoho gives none, so it is the digest of the item, which holds just channel, time,
module, operation, id and values. Version: `server_time`, in milliseconds; of a record that was read
its `Modified_Time`.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice

from import_relay.connectors.contract import Change, Item, RecordLookup, Replies, Request
from import_relay.connectors.shared.all_day import timed, with_flag
from import_relay.connectors.shared.auth import check_secret, require_match, usable
from import_relay.connectors.shared.event_ids import content_id
from import_relay.connectors.shared.json_members import members, object_text, text_or_none
from import_relay.connectors.shared.json_text import MAX_ITEMS, body_text, elements, single
from import_relay.connectors.shared.timestamps import timestamp
from import_relay.domain.connections import Connection, RecordType, RecordTypeName
from import_relay.domain.errors import RejectedRow, SignatureError, UnreadableDelivery

OPTIONS: Mapping[str, str] = {
    "api_url": "to read records: the API of your region, e.g. https://www.zohoapis.eu",
    "accounts_url": "to read records: where tokens are made, e.g. https://accounts.zoho.eu",
}
DEFAULTS: Mapping[RecordTypeName, RecordType] = {
    "contact": RecordType(
        "contact",
        {
            "external_id": "id",
            "full_name": "join(' ', [First_Name, Last_Name][?@])",
            "email": "Email",
            "whatsapp": "[Mobile, Phone][?@]",
            "country_codes": "Mailing_Country || Country",
            "address_line1": "Mailing_Street || Street",
            "zipcode": "Mailing_Zip || Zip_Code",
            "city": "Mailing_City || City",
        },
    ),
    "deal": RecordType(
        "deal",
        {
            "external_id": "id",
            "name": "Deal_Name",
            "description": "Description",
            "contact_external_id": "Contact_Name.id",
        },
        allow_reassignment=True,
    ),
    "appointment": RecordType(
        "appointment",
        {
            "external_id": "id",
            "name": "Event_Title || Appointment_Name",
            "description": "Description || Additional_Information",
            "start_time": timed("All_day", "Start_DateTime || Appointment_Start_Time"),
            "end_time": timed("All_day", "End_DateTime || Appointment_End_Time"),
            "contact_external_id": "Who_Id.id || Appointment_For.id",
        },
        allow_reassignment=True,
    ),
}
REPLIES = Replies()
MODULES: Mapping[object, tuple[str, RecordTypeName]] = {
    "Contacts": ("Contacts", "contact"),
    "Leads": ("Leads", "contact"),
    "Deals": ("Deals", "deal"),
    "Events": ("Events", "appointment"),
    "Meetings": ("Events", "appointment"),
    "Appointments": ("Appointments__s", "appointment"),
    "Appointments__s": ("Appointments__s", "appointment"),
}
"""Module as notifications may call it → its name in the API, and what its records become."""
_OF_CONTACTS = {
    "Mailing_Street": "Street",
    "Mailing_City": "City",
    "Mailing_Zip": "Zip_Code",
    "Mailing_Country": "Country",
}
_OF_EVENTS = {
    "Event_Title": "Appointment_Name",
    "Start_DateTime": "Appointment_Start_Time",
    "End_DateTime": "Appointment_End_Time",
    "Description": "Additional_Information",
    "Who_Id": "Appointment_For",
}
ZOHO_COUNTERPARTS: Mapping[str, Mapping[str, str]] = {
    "Contacts": _OF_CONTACTS,
    "Leads": {lead: contact for contact, lead in _OF_CONTACTS.items()},
    "Events": _OF_EVENTS,
    "Appointments__s": {appointment: event for event, appointment in _OF_EVENTS.items()},
}
"""Module → its field → what the same is called in the sister module, and in that one alone."""
_ALL_DAY = "All_day"
FOREIGN: Mapping[str, frozenset[str]] = {
    module: frozenset(counterparts.values())
    | ({_ALL_DAY} if module == "Appointments__s" else frozenset())
    for module, counterparts in ZOHO_COUNTERPARTS.items()
}
"""Module → the fields that only its sister module has."""
_CHANGES = frozenset({"insert", "create", "update", "edit"})
_CREATIONS = frozenset({"insert", "create"})
_KEPT = ("module", "operation", "server_time", "channel_id")
MAX_ID = 10**30
"""Own limit; Zoho's ids have 16 to 19 digits."""
MAX_UNPROVEN_B = 64 * 1024
"""A body up to this is parsed at once; larger ones of thousands of records are rare."""
MAX_TOKENS = 100
"""Own limit on what is compared of a large body: affected values may be called `token` too."""
_token = re.compile(rb'"token"\s{0,99}:\s{0,99}("(?:[^"\\]|\\.){1,400}")', re.DOTALL)
_id = re.compile(r"[0-9]{1,30}")
_address = re.compile(r"(https://[A-Za-z0-9.-]+|http://127\.0\.0\.1)(:[0-9]+)?/?")


def verify(
    request: Request, secrets: Sequence[str], options: Mapping[str, str], *, now: float
) -> None:
    """See `contract.Connector.verify`."""
    if len(request.body) > MAX_UNPROVEN_B:
        require_match(_tokens(request.body), usable(secrets))
    try:
        value, _ = single(body_text(request))
    except UnreadableDelivery as error:
        raise SignatureError("signature.malformed", "no body that could hold a token") from error
    token = value.get("token") if isinstance(value, dict) else None
    if token is not None and not isinstance(token, str):
        raise SignatureError("signature.malformed", "the token is no text")
    check_secret(token, secrets)


def _tokens(body: bytes) -> Iterator[str]:
    """The texts behind the word `token` in a body that is not parsed: the first of them."""
    for found in islice(_token.finditer(body), MAX_TOKENS):
        with suppress(ValueError):
            text = json.loads(found[1])
            if isinstance(text, str):
                yield text


def sign(request: Request, secret: str, options: Mapping[str, str]) -> Request:
    """See `contract.SigningConnector.sign`."""
    notification = json.loads(request.body)
    if not isinstance(notification, dict):
        raise ValueError("the token is a member of a JSON object")
    return replace(request, body=json.dumps({**notification, "token": secret}).encode())


def split(request: Request, options: Mapping[str, str]) -> list[Item]:
    """An item for each id; without any, one that says so. None holds the token."""
    value, text = single(body_text(request))
    if not isinstance(value, dict):
        raise UnreadableDelivery("delivery.wrong_shape", "not a JSON object")
    parts = members(text)
    parts.pop("token", None)
    ids, ids_text = parts.get("ids", (None, ""))
    if not isinstance(ids, list) or not 0 < len(ids) <= MAX_ITEMS:
        return [_item({key: raw for key, (_, raw) in parts.items()})]
    shared = {key: parts[key][1] for key in _KEPT if key in parts}
    changed = _changed_values(parts)
    items = []
    for one, raw in elements(ids_text):
        values = changed.get(str(one))
        items.append(_item({**shared, "id": raw} | ({"values": values} if values else {})))
    return items


def _changed_values(parts: Mapping[str, tuple[object, str]]) -> dict[str, str]:
    """Record id → the text of its `values`; nothing if the channel does not send them."""
    value, text = parts.get("affected_values", (None, ""))
    if not isinstance(value, list) or len(value) > MAX_ITEMS:
        return {}
    found = {}
    for element, raw in elements(text):
        if isinstance(element, dict) and isinstance(element.get("values"), dict):
            found[str(element.get("record_id"))] = members(raw)["values"][1]
    return found


def _item(texts: Mapping[str, str]) -> Item:
    text = object_text(texts)
    return Item(content_id(text), text)


def interpret(item: object, connection: Connection) -> Change:
    """One record of a notification; ignored are `deleted`, `action`, `entity` and `empty`."""
    if not isinstance(item, dict):
        raise RejectedRow("row.not_an_object", value=item)
    if item.get("ids") == []:
        return Change(item, ignored="empty")
    module, record_type = MODULES.get(text_or_none(item.get("module")), ("", None))
    if record_type is None:
        return Change(item, ignored="entity")
    operation = text_or_none(item.get("operation"))
    if operation == "delete":
        return Change(item, record_type, ignored="deleted")
    if operation not in _CHANGES:
        return Change(item, record_type, ignored="action")
    record_id = _record_id(item.get("id"))
    record = _partial_record(record_id, module, item.get("values"))
    return Change(
        record,
        record_type,
        timestamp(item.get("server_time")),
        partial=record is not None,
        lookup=RecordLookup(module, record_id, always=record is None or operation in _CREATIONS),
    )


def _record_id(value: object) -> str:
    text = str(value) if isinstance(value, int) and 0 < value < MAX_ID else value
    if not isinstance(text, str) or not _id.fullmatch(text):
        raise RejectedRow("row.bad_value", field="id", value=value)
    return text


def _partial_record(record_id: str, module: str, values: object) -> dict[str, object] | None:
    """What is known of the record, None if it is nothing but its id."""
    if not isinstance(values, dict) or not values:
        return None
    absent = {
        other: None for own, other in ZOHO_COUNTERPARTS.get(module, {}).items() if own in values
    }
    if module == "Appointments__s":
        absent[_ALL_DAY] = None
    record = {**absent, **values, "id": record_id}
    if module == "Events":
        times = ("Start_DateTime", "End_DateTime")
        record = with_flag(record, _ALL_DAY, times, partial=True, local=True)
    return record


def check_options(connection: Connection) -> Iterable[tuple[str, str]]:
    """Invalid addresses, and one address without the other."""
    given = {key: connection.options[key] for key in OPTIONS if key in connection.options}
    for key in OPTIONS:
        if given and key not in given:
            yield key, "is needed as well: reading takes api_url and accounts_url"
    for key, url in given.items():
        if not _address.fullmatch(url):
            yield key, f"must be an https address without a path, not {url!r}"
