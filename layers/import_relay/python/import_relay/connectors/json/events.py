"""Records as plain JSON: from an ERP, or from Zapier, Make and n8n.

Authentication: one header with a secret value (`header`, by default X-Relay-Secret), or HTTP Basic.
Nothing is signed, so a replay cannot be told from a repetition; the versions of the records decide
what counts. Shapes: one object; an array of objects; objects on lines of their own (NDJSON); or an
object with a list, of which nothing else is kept: the one that `list` names, else `records`, else
`data` or `value` if all that stands beside it is known to belong to an envelope; or a text that
holds one of these, as tools send that write JSON twice. Event id: the record's field that
`event_id` names, else a digest of its text. The record is the object itself.

The person who builds such a call sees its answer, so an unreadable delivery is answered with 400
and the reason, besides being kept in quarantine.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from import_relay.connectors.contract import Change, Item, Replies, Request
from import_relay.connectors.shared.auth import check_basic
from import_relay.connectors.shared.event_ids import event_id
from import_relay.connectors.shared.header_secret import (
    DEFAULT_HEADER,
    check_header_secret,
    header_mistakes,
)
from import_relay.connectors.shared.json_members import members
from import_relay.connectors.shared.json_text import Parsed, body_text, elements, records, single
from import_relay.domain.connections import Connection, RecordType, RecordTypeName
from import_relay.domain.errors import RejectedRow, UnreadableDelivery

OPTIONS: Mapping[str, str] = {
    "auth": "how the sender authenticates itself: 'header' (default) or 'basic'",
    "header": f"name of the header that carries the secret; by default {DEFAULT_HEADER}",
    "event_id": "name of the record's field that holds a stable id, e.g. id or meta.event_id",
    "list": "where the list of records stands, e.g. result.items; '@': the body is the record",
}
DEFAULTS: Mapping[RecordTypeName, RecordType] = {}
REPLIES = Replies(unreadable=400)
BODY = "@"
"""JMESPath's word for what an expression is applied to."""
_LISTS = ("data", "value")
_ENVELOPE = re.compile(
    r"@odata\..+|odata\..+|_?links|_?meta(?:data)?|paging|pagination|page|per_page|limit|offset"
    r"|next|previous|prev|first|last|has_more|count|total|total_?count|total_pages|cursor"
    r"|next_?cursor|object|success|status|errors?|message"
)
"""Keys that stand beside a list of records in what APIs answer, and belong to no record."""


def verify(
    request: Request, secrets: Sequence[str], options: Mapping[str, str], *, now: float
) -> None:
    """See `contract.Connector.verify`."""
    if options.get("auth") == "basic":
        check_basic(request.headers.get("authorization"), secrets)
    else:
        check_header_secret(request, secrets, options)


def split(request: Request, options: Mapping[str, str]) -> list[Item]:
    """Each record; an element that is no object is an item too and is rejected with the rows."""
    path = options["event_id"].split(".") if "event_id" in options else []
    try:
        found = _records(_unwrapped(body_text(request)), options.get("list"))
    except UnreadableDelivery as error:
        if error.code == "delivery.not_json" and _is_form(request):
            detail = "the content type says that it is a form; choose JSON at the sender"
            raise UnreadableDelivery(error.code, detail) from error
        raise
    if found and not any(isinstance(value, dict) for value, _ in found):
        raise UnreadableDelivery("delivery.wrong_shape", "holds no object")
    return [Item(event_id(_walk(value, path), text), text) for value, text in found]


def _unwrapped(text: str) -> str:
    """The JSON that a JSON text holds; anything else as it is."""
    if not text.lstrip().startswith('"'):
        return text
    value, _ = single(text)
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return text
    try:
        value.encode()
    except UnicodeEncodeError as error:  # half a surrogate pair, which no text can hold
        raise UnreadableDelivery("delivery.not_utf8") from error
    return value


def _is_form(request: Request) -> bool:
    content_type = request.headers.get("content-type", "").lower()
    return content_type.startswith(("application/x-www-form-urlencoded", "multipart/"))


def _records(text: str, place: str | None) -> list[Parsed]:
    if place == BODY:
        return elements(text) if text.lstrip().startswith("[") else [single(text)]
    if place:
        return _listed(text, place)
    found = records(text)
    value = found[0][0] if len(found) == 1 and text.lstrip().startswith("{") else None
    name = _enveloped(value) if isinstance(value, dict) else None
    return elements(members(found[0][1])[name][1]) if name else found


def _listed(text: str, place: str) -> list[Parsed]:
    """The elements of the list at a path of names."""
    value, raw = single(text)
    for name in place.split("."):
        if not isinstance(value, dict) or name not in value:
            raise UnreadableDelivery("delivery.wrong_shape", f"holds no {place}")
        value, raw = members(raw)[name]
    if not isinstance(value, list):
        raise UnreadableDelivery("delivery.wrong_shape", f"{place} is no list")
    return elements(raw)


def _enveloped(value: Mapping[str, object]) -> str | None:
    """The key of a list of records, if nothing beside it can be a record's own field."""
    name = next((one for one in _LISTS if isinstance(value.get(one), list)), None)
    others = [key for key in value if key != name]
    listed = value[name] if name else None
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        return None
    return name if all(_ENVELOPE.fullmatch(key.lower()) for key in others) else None


def _walk(value: object, path: Sequence[str]) -> object:
    """What lies under the path; None without a path, as no id is a whole record."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if path else None


def interpret(item: object, connection: Connection) -> Change:
    """The object as it is."""
    if not isinstance(item, dict):
        raise RejectedRow("row.not_an_object", value=item)
    return Change(item)


def check_options(connection: Connection) -> Iterable[tuple[str, str]]:
    """An unsupported authentication method, and paths that name nothing."""
    options = connection.options
    if options.get("auth", "header") not in ("header", "basic"):
        yield "auth", f"must be 'header' or 'basic', not {options['auth']!r}"
    if options.get("auth") == "basic" and "header" in options:
        yield "header", "has no meaning with auth = 'basic'"
    yield from header_mistakes(options)
    if "event_id" in options and not all(options["event_id"].split(".")):
        yield "event_id", "must name a field, e.g. id or meta.event_id"
    if "list" in options and not all(options["list"].split(".")):
        yield "list", "must name a list, e.g. result.items, or be '@' for the body itself"
