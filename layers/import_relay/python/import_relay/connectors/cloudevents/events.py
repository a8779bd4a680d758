"""CloudEvents 1.0 over HTTP: structured, binary and batched, as the JSON event format writes them.

Authentication: CloudEvents signs nothing. Its "Web Hooks for Event Delivery" asks for a token, as
`Authorization: Bearer <secret>` (default) or as the parameter `access_token` of the address
(`auth = "query"`); `auth = "header"` takes a header with a secret value. Nothing is signed, so a
replay cannot be told from a repetition. Modes are told apart by Content-Type, as the HTTP binding
does; an event as `application/json` without `ce-…` headers is read as structured, and an array with
such events as a batch. Binary: an event is made of the `ce-…` headers, quotes and percents decoded,
and of the JSON body as its `data`. Event id: `source` and `id`, which together are unique by the
specification and stay the same through retries. Version: `time`, when the event occurred, unless
the connection's `version` gives one. The record is the whole event, so that expressions say
`data.email` and `when` can test `type`. `data_base64` that holds JSON is read as `data`, and so is
a text in `data` that holds a JSON object or array, unless `datacontenttype` says otherwise. Other
versions of CloudEvents and data that is no JSON are not read: a request ends in quarantine, an
event of a batch is rejected.
"""

import json
import re
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import unquote

from import_relay.connectors.contract import Change, Item, Replies, Request
from import_relay.connectors.shared.auth import check_query_secret, check_secret
from import_relay.connectors.shared.event_ids import content_id, short_id
from import_relay.connectors.shared.header_secret import (
    DEFAULT_HEADER,
    check_header_secret,
    header_mistakes,
)
from import_relay.connectors.shared.json_text import Parsed, body_text, elements, single
from import_relay.connectors.shared.timestamps import timestamp
from import_relay.domain.connections import Connection, RecordType, RecordTypeName
from import_relay.domain.errors import RejectedRow, SignatureError, UnreadableDelivery

OPTIONS: Mapping[str, str] = {
    "auth": "how the sender authenticates itself: 'bearer' (default), 'query' or 'header'",
    "header": f"with auth = 'header', its name; by default {DEFAULT_HEADER}",
    "ignore_types": "values of the event's `type` that are not imported, separated by spaces",
    "origins": "senders that may ask for permission, e.g. eventgrid.azure.net, separated by spaces",
}
DEFAULTS: Mapping[RecordTypeName, RecordType] = {}
REPLIES = Replies()
SPEC_VERSION = "1.0"
NEEDED_ATTRIBUTES = ("specversion", "type", "source", "id")
_MEDIA_TYPE = "application/cloudevents"
_JSON = re.compile(r"[^/;\s]+/(?:[^/;\s]+\+)?json")
_ATTRIBUTE = re.compile(r"ce-([a-z0-9]+)")
_BODY_ATTRIBUTES = frozenset({"data", "datacontenttype"})
"""Attributes that must not come as a `ce-` header: the body and its Content-Type."""
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)("?)')


def verify(
    request: Request, secrets: Sequence[str], options: Mapping[str, str], *, now: float
) -> None:
    """See `contract.Connector.verify`."""
    auth = options.get("auth", "bearer")
    if auth == "query":
        check_query_secret(request.query, "access_token", secrets)
    elif auth == "header":
        check_header_secret(request, secrets, options)
    else:
        check_secret(_bearer_token(request.headers.get("authorization")), secrets)


def _bearer_token(authorization: str | None) -> str | None:
    if not authorization:
        return None
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise SignatureError("signature.malformed", "the authorization is no bearer token")
    return token.strip()


def allowed_origin(request: Request, options: Mapping[str, str]) -> str | None:
    """The value of `WebHook-Allowed-Origin` for a sender that asks whether it may deliver.

    None: it may not, or did not ask. By "Web Hooks for Event Delivery", section 4, the question is
    an OPTIONS request with `WebHook-Request-Origin`. It authenticates nobody and stores nothing.
    """
    asked = request.headers.get("webhook-request-origin", "").strip()
    origins = options.get("origins", "").split()
    if "*" in origins and asked:
        return "*"
    return next((origin for origin in origins if origin.lower() == asked.lower()), None)


def split(request: Request, options: Mapping[str, str]) -> list[Item]:
    """Each event; one of a batch that is none is an item too and is rejected with the rows."""
    text = body_text(request)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == f"{_MEDIA_TYPE}-batch+json":
        return [_item(event) for event in elements(text)]
    if media_type == f"{_MEDIA_TYPE}+json":
        event = single(text)
    elif media_type.startswith(_MEDIA_TYPE):
        raise UnreadableDelivery("delivery.not_json", "an event format other than JSON")
    elif _JSON.fullmatch(media_type) and not any(map(_ATTRIBUTE.fullmatch, request.headers)):
        value, raw = single(text)
        if isinstance(value, list) and any(map(_is_event, value)):
            return [_item(event) for event in elements(raw)]
        event = value, raw
    else:
        event = _from_headers(request.headers, media_type, text)
    if not _is_event(event[0]):
        raise UnreadableDelivery("delivery.wrong_shape", "no event of CloudEvents 1.0")
    return [_item(event)]


def _item(event: Parsed) -> Item:
    value, text = event
    if not isinstance(value, dict) or not _is_event(value):
        return Item(content_id(text), text)
    unique = f"{value['source']} {value['id']}"
    return Item(short_id(unique), text)


def _is_event(value: object) -> bool:
    return (
        isinstance(value, dict)
        and value.get("specversion") == SPEC_VERSION
        and all(isinstance(value.get(name), str) and value[name] for name in NEEDED_ATTRIBUTES)
    )


def _from_headers(headers: Mapping[str, str], media_type: str, text: str) -> Parsed:
    """The event of the binary mode: its attributes, and the text of its data as it was received."""
    attributes = dict(_attributes(headers))
    if "content-type" in headers:
        attributes["datacontenttype"] = headers["content-type"]
    event = json.dumps(attributes)
    if not text.strip():
        return attributes, event
    if media_type and not _JSON.fullmatch(media_type):
        raise UnreadableDelivery("delivery.not_json", "the data is of another type")
    separator = "," if attributes else ""
    return attributes, f'{event[:-1]}{separator}"data":{single(text)[1]}}}'


def _attributes(headers: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    for name, value in headers.items():
        match = _ATTRIBUTE.fullmatch(name)
        if match and match[1] not in _BODY_ATTRIBUTES:
            yield match[1], _decoded(value)


def _decoded(value: str) -> str:
    """The text behind a header's value: without quotes, then percents decoded once (3.1.3.2)."""
    unquoted = _QUOTED.sub(_unquoted, value)
    try:
        return unquote(unquoted, errors="strict")
    except UnicodeDecodeError as error:
        raise UnreadableDelivery("delivery.wrong_shape", "a header is not UTF-8") from error


def _unquoted(found: re.Match[str]) -> str:
    """What stands between quotes; a quote that nothing closes stays as it is.

    The pattern takes that in as well: else each quote in it would be tried once more.
    """
    return re.sub(r"\\(.)", r"\1", found[1]) if found[2] else found[0]


def interpret(item: object, connection: Connection) -> Change:
    """The whole event, unless its `type` is one to ignore (`event_type`)."""
    if not isinstance(item, dict):
        raise RejectedRow("row.not_an_object", value=item)
    if not _is_event(item):
        raise RejectedRow("row.bad_value", field="specversion", value=item.get("specversion"))
    if item["type"] in connection.options.get("ignore_types", "").split():
        return Change(item, ignored="event_type")
    return Change(_with_data(item), version=timestamp(item.get("time")))


def _with_data(event: Mapping[str, object]) -> Mapping[str, object]:
    """The event with what its `data_base64`, or the text in its `data`, holds as `data`."""
    if "data" in event:
        data = event["data"]
        return {**event, "data": _of_text(data, event)} if isinstance(data, str) else event
    if event.get("data_base64") is None:
        return event
    encoded = event["data_base64"]
    try:
        text = b64decode(encoded, validate=True).decode("utf-8-sig")  # type: ignore[arg-type]
        return {**event, "data": single(text)[0]}
    except (TypeError, ValueError, UnreadableDelivery) as error:
        raise RejectedRow("row.bad_value", field="data_base64", value=encoded) from error


def _of_text(text: str, event: Mapping[str, object]) -> object:
    """The object or array that a text holds; the text itself if it holds none."""
    declared = event.get("datacontenttype")
    media_type = declared.partition(";")[0].strip().lower() if isinstance(declared, str) else ""
    if media_type and not _JSON.fullmatch(media_type):
        return text
    try:
        value, _ = single(text)
    except UnreadableDelivery:
        return text
    return value if isinstance(value, dict | list) else text


def check_options(connection: Connection) -> Iterable[tuple[str, str]]:
    """An unsupported authentication method, and a header that is none."""
    options = connection.options
    auth = options.get("auth", "bearer")
    if auth not in ("bearer", "query", "header"):
        yield "auth", f"must be 'bearer', 'query' or 'header', not {auth!r}"
    if auth != "header" and "header" in options:
        yield "header", "has a meaning only with auth = 'header'"
    yield from header_mistakes(options)
