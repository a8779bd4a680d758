"""What a webhook or a record would become: rows, notes, rejections. No stack, no secret, no I/O.

It uses submission's own connectors, mapping and merging. It does not read records at the CRM that
a webhook only names.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from import_relay.connectors.complete_connections import with_defaults
from import_relay.connectors.contract import Item, Request
from import_relay.connectors.kinds import connector_for
from import_relay.domain.codes import CODES
from import_relay.domain.connections import Connection
from import_relay.domain.errors import UnreadableDelivery
from import_relay.domain.models import ItemOutcome, MappedChange, Occurrence
from import_relay.submit.changes import Mapper
from import_relay.submit.fetched_records import RecordsFetched
from relay_ops.exits import UsageMistake
from relay_ops.usable_connection import usable_connection

CONTENT_TYPES: Mapping[str, str] = {
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".xml": "text/xml; charset=utf-8",
    ".txt": "application/x-www-form-urlencoded",
}


@dataclass(frozen=True, slots=True)
class TriedItem:
    """What became of one item: a row of an import, or how it ends without one."""

    event: str
    outcome: str
    record_type: str = ""
    key: str = ""
    version: str = ""
    is_partial: bool = False
    columns: Mapping[str, object] | None = None
    notes: Sequence[Mapping[str, object]] = ()
    reason: str = ""
    field: str = ""
    what: str = ""
    what_to_do: str = ""

    def as_json(self) -> dict[str, object]:
        """The same for programs."""
        return {name: getattr(self, name) for name in self.__slots__}


class Webhook(NamedTuple):
    """A webhook that is tried, and the connections that it may be of."""

    connections: Mapping[str, Connection]
    name: str
    request: Request


def read_webhook(connections_file: Path, name: str, file: Path, headers: Sequence[str]) -> Webhook:
    """A webhook of the connection, with the body in a file.

    Args:
        headers: of the request, each `Name: value`, where the kind reads them.

    Raises:
        UsageMistake: no such file or connection, or the connection has a mistake.
    """
    connections = usable_connection(connections_file, name, "--file")
    if not file.is_file():
        raise UsageMistake(f"{file} is no file.")
    now = int(time.time() * 1_000_000)
    request = Request(
        "POST", f"/webhooks/{name}", "", _headers(file, headers), file.read_bytes(), now
    )
    return Webhook(connections, name, request)


def tried(webhook: Webhook) -> list[TriedItem]:
    """What each item of a webhook would become.

    Raises:
        UsageMistake: the body is not what the connection's kind sends.
    """
    connections, name, request = webhook
    given = connections[name]
    try:
        items = connector_for(given.kind).split(request, with_defaults(given).options)
    except UnreadableDelivery as error:
        raise UsageMistake(
            f"The relay would put this into quarantine: {error}. {CODES[error.code].what_to_do}"
        ) from error
    occurrences = [_occurrence(name, n, one, request) for n, one in enumerate(items)]
    mapper = Mapper({name: given})
    interpreted = mapper.interpret(occurrences)
    lookups = set(interpreted.to_fetch)
    interpreted.to_fetch.clear()
    mapped = mapper.map(interpreted, RecordsFetched(at=request.received_at))
    found: dict[str, TriedItem] = {}
    for change in mapped.changes:
        found[change.occurrence.item_id] = _row(change)
    for ended in mapped.outcomes + mapped.raised:
        found[ended.occurrence.item_id] = _ended(ended, has_lookup=bool(lookups))
    return [found[one.item_id] for one in occurrences if one.item_id in found]


def _headers(file: Path, given: Sequence[str]) -> dict[str, str]:
    headers = {"content-type": CONTENT_TYPES.get(file.suffix, "application/json")}
    for one in given:
        header, colon, value = one.partition(":")
        if not colon:
            raise UsageMistake("--header: write NAME:VALUE.")
        headers[header.strip().lower()] = value.strip()
    return headers


def _occurrence(name: str, number: int, item: Item, request: Request) -> Occurrence:
    value = json.loads(item.text)
    return Occurrence("", name, "try", number, item.event_id, request.received_at, 0, value)


def _row(change: MappedChange) -> TriedItem:
    at = datetime.fromtimestamp(change.version / 1_000_000, UTC) if _is_time(change) else None
    version = at.isoformat(timespec="milliseconds") if at else str(change.version)
    return TriedItem(
        change.event,
        "row",
        change.options.type.removesuffix("_details"),
        change.key.partition("#")[2],
        f"{version} (time of receipt)" if change.by_receipt else version,
        change.partial,
        dict(change.columns),
        [_note(note.code, note.field, note.value, note.reason) for note in change.notes],
    )


def _is_time(change: MappedChange) -> bool:
    """Whether a version looks like µs since the epoch, in this century."""
    return 946_684_800_000_000 < change.version < 4_102_444_800_000_000


def _note(code: str, field: str, value: object, reason: str) -> dict[str, object]:
    explained = CODES[code]
    return {
        "code": code,
        "field": field,
        "value": value,
        "what": reason or explained.what,
        "what_to_do": explained.what_to_do,
    }


def _ended(ended: ItemOutcome, *, has_lookup: bool) -> TriedItem:
    explained = CODES.get(ended.reason)
    what: str = ended.detail or (explained.what if explained else "")
    if has_lookup and not what:
        what = "The relay would read the record at the CRM, which this command does not."
    notes: list[Mapping[str, Any]] = [
        _note(note.code, note.field, note.value, note.reason) for note in ended.notes
    ]
    return TriedItem(
        ended.occurrence.event,
        ended.outcome.value,
        notes=notes,
        reason=ended.reason,
        field=ended.field,
        what=what,
        what_to_do=explained.what_to_do if explained else "",
    )
