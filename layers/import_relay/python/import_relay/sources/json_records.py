"""Records as plain JSON: from an ERP, or from Zapier, Make and n8n.

Proof: one header with a secret value (`header`, by default X-Relay-Secret), or HTTP Basic. Nothing
is signed, so a replay cannot be told from a repetition; the versions of the records decide what
counts. Shapes: one object; an array of objects; or an object whose `records` is a list, of which
nothing else is kept. Event id: the record's field that `event_id` names, else a digest of its text.
The record is the object itself.
"""

from collections.abc import Iterable, Mapping, Sequence

from import_relay.connections import Connection, RecordType, RecordTypeName
from import_relay.errors import RejectedRow
from import_relay.sources.contract import (
    Change,
    Item,
    Replies,
    Request,
    missing_conditions,
    unknown_options,
)
from import_relay.sources.event_ids import event_id
from import_relay.sources.header_secret import (
    DEFAULT_HEADER,
    check_header_secret,
    header_mistakes,
)
from import_relay.sources.json_text import body_text, records
from import_relay.sources.proofs import check_basic

OPTIONS: Mapping[str, str] = {
    "auth": "how the sender proves itself: 'header' (default) or 'basic'",
    "header": f"name of the header that carries the secret; by default {DEFAULT_HEADER}",
    "event_id": "name of the record's field that holds a stable id, e.g. id or meta.event_id",
}
DEFAULTS: Mapping[RecordTypeName, RecordType] = {}
REPLIES = Replies()


def verify(
    request: Request, secrets: Sequence[str], options: Mapping[str, str], *, now: float
) -> None:
    """See `contract.Source.verify`."""
    if options.get("auth") == "basic":
        check_basic(request.headers.get("authorization"), secrets)
    else:
        check_header_secret(request, secrets, options)


def split(request: Request, options: Mapping[str, str]) -> list[Item]:
    """Each record; an element that is no object is an item too and is rejected with the rows."""
    path = options["event_id"].split(".") if "event_id" in options else []
    return [
        Item(event_id(_walk(value, path), text), text)
        for value, text in records(body_text(request))
    ]


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
    """Unknown options, a proof that cannot be, and record types that nothing tells apart."""
    yield from unknown_options(connection, OPTIONS)
    yield from missing_conditions(connection)
    options = connection.options
    if options.get("auth", "header") not in ("header", "basic"):
        yield "auth", f"must be 'header' or 'basic', not {options['auth']!r}"
    if options.get("auth") == "basic" and "header" in options:
        yield "header", "has no meaning with auth = 'basic'"
    yield from header_mistakes(options)
    if "event_id" in options and not all(options["event_id"].split(".")):
        yield "event_id", "must name a field, e.g. id or meta.event_id"
