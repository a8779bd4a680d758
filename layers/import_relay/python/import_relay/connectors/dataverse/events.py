"""Dataverse webhooks (Dynamics 365): contacts, leads, opportunities and appointments.

Authentication: a static header, or the key in the query (`?code=`); Dataverse signs nothing. One
RemoteExecutionContext per request. Its body goes into the item as it is, beside the one header that
matters: above 256 KB Dataverse cuts the body down to the record's id, and a header says so. Such an
item is rejected as `row.incomplete`, since nobody reads records here.

The record is made of `{key, value}` lists: `{"id", "entity", <column>: <value>}` with the columns'
logical names. An option is its number, an amount of money its number, a reference
`{"Id", "LogicalName", "Name"}`, a time ISO 8601 in UTC, the parties of an activity a list of
records. Full are the records of `Create` and of a step with a post image; else an `Update` is
partial. The image `AsynchronousStepPrimaryName` is none of these: Dataverse adds it by itself, and
it has but the name.

Event id: `OperationId` (one per asynchronous operation, kept when it is tried again) with record
and message; synchronous steps have none, there it is the digest. Version: `modifiedon`, else
`OperationCreatedOn`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from import_relay.connectors.contract import Change, Item, Replies, Request
from import_relay.connectors.shared.all_day import timed, with_flag
from import_relay.connectors.shared.auth import check_query_secret
from import_relay.connectors.shared.event_ids import event_id
from import_relay.connectors.shared.header_secret import (
    DEFAULT_HEADER,
    check_header_secret,
    header_mistakes,
)
from import_relay.connectors.shared.json_members import object_text, text_or_none
from import_relay.connectors.shared.json_text import MAX_JSON_DEPTH, body_text, single
from import_relay.connectors.shared.timestamps import timestamp, utc_text
from import_relay.domain.connections import Connection, RecordType, RecordTypeName
from import_relay.domain.errors import RejectedRow, UnreadableDelivery

OPTIONS: Mapping[str, str] = {
    "auth": "how Dataverse authenticates itself: 'header' (default) or 'query' (WebhookKey)",
    "header": f"name of the header that carries the secret; by default {DEFAULT_HEADER}",
}
DEFAULTS: Mapping[RecordTypeName, RecordType] = {
    "contact": RecordType(
        "contact",
        {
            "external_id": "id",
            "full_name": "fullname",
            "email": "emailaddress1",
            "whatsapp": "mobilephone",
            "country_codes": "address1_country",
            "address_line1": "address1_line1",
            "address_line2": "address1_line2",
            "zipcode": "address1_postalcode",
            "city": "address1_city",
        },
    ),
    "deal": RecordType(
        "deal",
        {
            "external_id": "id",
            "name": "name",
            "description": "description",
            "contact_external_id": "parentcontactid.Id",
        },
        allow_reassignment=True,
    ),
    "appointment": RecordType(
        "appointment",
        {
            "external_id": "id",
            "name": "subject",
            "description": "description",
            "start_time": timed("isalldayevent", "scheduledstart"),
            "end_time": timed("isalldayevent", "scheduledend"),
            "cancelled_at": "to_string(statecode) == '2' && modifiedon || null",
            "contact_external_id": (
                "regardingobjectid.LogicalName == 'contact' && regardingobjectid.Id || null"
            ),
        },
        allow_reassignment=True,
    ),
}
REPLIES = Replies()
DATAVERSE_RECORD_TYPES: Mapping[object, RecordTypeName] = {
    "contact": "contact",
    "lead": "contact",
    "opportunity": "deal",
    "appointment": "appointment",
}
QUERY_PARAMETER = "code"
SIZE_EXCEEDED = "x-ms-dynamics-msg-size-exceeded"
AUTOMATIC_IMAGE = "AsynchronousStepPrimaryName"
_REASONS: Mapping[object, str | None] = {
    "Create": None,
    "Update": None,
    "Delete": "deleted",
    "Merge": "merged",
}
"""Message → why it is not imported."""
_NOBODY = "00000000-0000-0000-0000-000000000000"
_date = re.compile(r"/Date\((-?[0-9]{1,15})([+-][0-9]{4})?\)/")
_guid = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def verify(
    request: Request, secrets: Sequence[str], options: Mapping[str, str], *, now: float
) -> None:
    """See `contract.Connector.verify`."""
    if options.get("auth") == "query":
        check_query_secret(request.query, QUERY_PARAMETER, secrets)
    else:
        check_header_secret(request, secrets, options)


def split(request: Request, options: Mapping[str, str]) -> list[Item]:
    """The one context of a request, and whether it was cut."""
    value, text = single(body_text(request))
    if not isinstance(value, dict):
        raise UnreadableDelivery("delivery.wrong_shape", "not a JSON object")
    names = [value.get(key) for key in ("MessageName", "PrimaryEntityName")]
    if not all(isinstance(name, str) for name in names):
        raise UnreadableDelivery("delivery.wrong_shape", "not an execution context")
    cut = "true" if SIZE_EXCEEDED in request.headers else "false"
    item = object_text({"size_exceeded": cut, "context": text})
    return [Item(event_id(_operation(value), text), item)]


def _operation(context: Mapping[str, object]) -> str | None:
    """The asynchronous operation, with the record and message that it is about."""
    operation = context.get("OperationId")
    if not isinstance(operation, str) or operation in ("", _NOBODY):
        return None
    return ":".join([operation, str(context.get("PrimaryEntityId")), str(context["MessageName"])])


def interpret(item: object, connection: Connection) -> Change:
    """The record of a context; ignored are `entity`, `deleted`, `merged` and `action`."""
    context = item.get("context") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(context, dict):
        raise RejectedRow("row.not_an_object", field="context", value=context)
    record_type = DATAVERSE_RECORD_TYPES.get(text_or_none(context.get("PrimaryEntityName")))
    if record_type is None:
        return Change(None, ignored="entity")
    ignored = _REASONS.get(text_or_none(context.get("MessageName")), "action")
    if ignored is not None:
        return Change(None, record_type, ignored=ignored)
    if item.get("size_exceeded") is True or context.get("InputParameters") is None:
        raise RejectedRow("row.incomplete", field="InputParameters", detail="cut at 256 KB")
    known = _known(context)
    version = timestamp(known.record.get("modifiedon"))
    if version is None:
        version = _operation_time(context.get("OperationCreatedOn"))
    return Change(known.record, record_type, version, partial=not known.is_full)


class _Known(NamedTuple):
    """What a context says of its record, and whether that is all of it."""

    record: dict[str, object]
    is_full: bool


def _known(context: Mapping[str, object]) -> _Known:
    """The columns of the target, and of the post images that an administrator registered."""
    record_id = context.get("PrimaryEntityId")
    if not isinstance(record_id, str) or not _guid.fullmatch(record_id) or record_id == _NOBODY:
        raise RejectedRow("row.bad_value", field="PrimaryEntityId", value=record_id)
    target = _pairs(context["InputParameters"], "InputParameters").get("Target")
    if not isinstance(target, dict):
        raise RejectedRow("row.not_an_object", field="Target", value=target)
    images = _pairs(context.get("PostEntityImages") or [], "PostEntityImages")
    images.pop(AUTOMATIC_IMAGE, None)
    columns: dict[str, object] = {}
    for entity in (*images.values(), target):
        if isinstance(entity, dict):
            columns |= _columns(entity, MAX_JSON_DEPTH)
    record = {**columns, "id": record_id.lower(), "entity": context["PrimaryEntityName"]}
    is_full = bool(images) or context.get("MessageName") == "Create"
    if record["entity"] == "appointment":
        times = ("scheduledstart", "scheduledend")
        record = with_flag(record, "isalldayevent", times, partial=not is_full, local=False)
    return _Known(record, is_full)


def _pairs(value: object, field: str) -> dict[str, object]:
    """The object that a list of `{key, value}` stands for."""
    if not isinstance(value, list):
        raise RejectedRow("row.bad_value", field=field, value=value)
    found = {}
    for pair in value:
        key = pair.get("key") if isinstance(pair, dict) else None
        if not isinstance(key, str):
            raise RejectedRow("row.bad_value", field=field, value=pair)
        found[key] = pair.get("value")
    return found


def _columns(entity: Mapping[str, object], deepest: int) -> dict[str, object]:
    pairs = _pairs(entity.get("Attributes") or [], "Attributes")
    return {name: _simple(value, deepest) for name, value in pairs.items()}


def _simple(value: object, deepest: int) -> object:
    """A value without the wrapping of its type."""
    if deepest <= 0:
        raise RejectedRow("row.bad_value", field="Attributes", detail="nested too deeply")
    if isinstance(value, str):
        return _iso(value)
    if isinstance(value, list):
        return [_simple(entry, deepest - 1) for entry in value]
    return _unwrapped(value, deepest) if isinstance(value, dict) else value


def _unwrapped(value: Mapping[str, object], deepest: int) -> object:
    """What a typed object stands for; `__type` is not always there, so its members decide."""
    if "Attributes" in value:  # a record, e.g. a party of an activity
        return _columns(value, deepest - 1)
    if "LogicalName" in value:  # a reference
        found = {key: value.get(key) for key in ("Id", "LogicalName", "Name")}
        return {**found, "Id": _lower(found["Id"])}
    for key in ("Value", "Entities"):  # OptionSetValue, Money, AliasedValue; EntityCollection
        if key in value:
            return _simple(value[key], deepest - 1)
    return {key: _simple(entry, deepest - 1) for key, entry in value.items() if key != "__type"}


def _iso(text: str) -> str:
    """ISO 8601 in UTC of `/Date(milliseconds)/`; another text as it is.

    The milliseconds are UTC. An offset only says how the server would show them.
    """
    match = _date.fullmatch(text)
    if match is None:
        return text
    try:
        return utc_text(int(match[1]))
    except OverflowError as error:
        raise RejectedRow("row.bad_datetime", field="Attributes", value=text) from error


def _operation_time(value: object) -> int | None:
    """Microseconds since the epoch of `OperationCreatedOn`.

    Unlike in columns, its milliseconds are the server's local time: only with the offset added do
    they agree with `modifiedon` in both bodies that Microsoft published.
    """
    match = _date.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    sign, hours, minutes = 1, 0, 0
    if offset := match[2]:
        sign, hours, minutes = (-1 if offset[0] == "-" else 1), int(offset[1:3]), int(offset[3:])
    return (int(match[1]) + sign * (hours * 60 + minutes) * 60_000) * 1_000


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def check_options(connection: Connection) -> Iterable[tuple[str, str]]:
    """An unsupported authentication method."""
    options = connection.options
    if options.get("auth", "header") not in ("header", "query"):
        yield "auth", f"must be 'header' or 'query', not {options['auth']!r}"
    if options.get("auth") == "query" and "header" in options:
        yield "header", "has no meaning with auth = 'query'"
    yield from header_mistakes(options)
