"""Salesforce Flow HTTP callouts: the JSON that the flow's author mapped.

Authentication: one header with a secret value (`header`, by default X-Relay-Secret), which a named
credential of Salesforce adds. Nothing is signed. Shapes, event ids and records are those of the
kind `json`, whose code this is; what cannot be read is answered with 200, as with other CRMs.
Salesforce adds neither an event id nor a time of change: a flow that sends
`$Record.SystemModstamp` gives the connection a `version`, and one that sends an id of its own names
it by `event_id`; else an unchanged body counts as the same event.
"""

from collections.abc import Iterable, Mapping, Sequence

from import_relay.connectors.contract import Change, Item, Replies, Request
from import_relay.connectors.json import events as json_records
from import_relay.connectors.shared.header_secret import check_header_secret
from import_relay.domain.connections import Connection, RecordType, RecordTypeName

OPTIONS: Mapping[str, str] = {
    name: json_records.OPTIONS[name] for name in ("header", "event_id", "list")
}
DEFAULTS: Mapping[RecordTypeName, RecordType] = {}
REPLIES = Replies()


def verify(
    request: Request, secrets: Sequence[str], options: Mapping[str, str], *, now: float
) -> None:
    """See `contract.Connector.verify`."""
    check_header_secret(request, secrets, options)


def split(request: Request, options: Mapping[str, str]) -> list[Item]:
    """Each record, as with the kind `json`."""
    return json_records.split(request, options)


def interpret(item: object, connection: Connection) -> Change:
    """The object as it is."""
    return json_records.interpret(item, connection)


def check_options(connection: Connection) -> Iterable[tuple[str, str]]:
    """As with the kind `json`."""
    return json_records.check_options(connection)
