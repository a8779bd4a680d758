"""What is in the quarantine: authentic deliveries that nobody could read when they came."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from import_relay.connectors.complete_connections import with_defaults
from import_relay.connectors.contract import Request
from import_relay.connectors.kinds import connector_for
from import_relay.domain.connections import Connection
from import_relay.domain.errors import UnreadableDelivery
from import_relay.storage.bucket_reads import read_all
from relay_ops.exits import UsageMistake
from relay_ops.stack import Stack

QUARANTINE_PREFIX = "quarantine/"
NOT_AGAIN = "content-length"
"""A header that the request is given anew."""


@dataclass(frozen=True, slots=True)
class QuarantinedDelivery:
    """One delivery. `code`: why it could not be read; `key`: of its object.

    `received_at`: ISO 8601.
    """

    key: str
    delivery: str
    received_at: str
    connection: str
    code: str
    headers: Mapping[str, str]
    body: bytes

    def request(self) -> Request:
        """The same request, not authenticated."""
        return Request("POST", f"/webhooks/{self.connection}", "", self.headers, self.body, 0)


def quarantined(stack: Stack, wanted: Collection[str] = ()) -> list[QuarantinedDelivery]:
    """The deliveries of these ids, or all that are kept, the oldest first.

    Raises:
        UsageMistake: there is none of an id.
    """
    keys = sorted(one.key for one in stack.objects.keys(QUARANTINE_PREFIX))
    named = {delivery_of(key): key for key in keys}
    missing = [one for one in wanted if one not in named]
    if missing:
        raise UsageMistake(f"{missing[0]} is not in quarantine. Deliveries are kept for 90 days.")
    chosen = [named[one] for one in wanted] if wanted else keys
    read = read_all(lambda key: (key, stack.objects.content(key)), chosen)
    return [delivery_in(key, content) for key, content in read if content is not None]


def delivery_of(key: str) -> str:
    """The id of the delivery of an object."""
    return key.rpartition("/")[2].removesuffix(".json")


def why_unreadable(one: QuarantinedDelivery, connection: Connection) -> str:
    """The code of what still keeps it from being read here; empty if nothing does."""
    try:
        connector_for(connection.kind).split(one.request(), with_defaults(connection).options)
    except UnreadableDelivery as error:
        return error.code
    return ""


def keys_in(stack: Stack) -> set[str]:
    """The keys of all deliveries that are kept."""
    return {one.key for one in stack.objects.keys(QUARANTINE_PREFIX)}


def came_back(
    stack: Stack, before: Collection[str], said: str, mark: str
) -> QuarantinedDelivery | None:
    """What the receiver made of a request, if that is in quarantine; None: it stored the request.

    The connection's other traffic may come here meanwhile. The answer names the delivery; where
    the sender gets the same answer whatever happens, the request's user agent tells.

    Args:
        before: the keys at the time of the request.
        said: the receiver's answer.
        mark: the user agent of the request.
    """
    for key in sorted(keys_in(stack) - set(before)):
        content = stack.objects.content(key)
        found = delivery_in(key, content) if content is not None else None
        if found and (found.delivery in said or found.headers.get("user-agent") == mark):
            return found
    return None


def forget(stack: Stack, one: QuarantinedDelivery) -> None:
    """Delete a delivery of which there is more: its records in the queue, or its original."""
    stack.client("s3").delete_object(Bucket=stack.bucket, Key=one.key)


def delivery_in(key: str, content: bytes) -> QuarantinedDelivery:
    """What an object holds."""
    said: Mapping[str, Any] = json.loads(content)
    headers = {name: str(text) for name, text in said["headers"].items() if name != NOT_AGAIN}
    body = base64.b64decode(said["body_base64"])
    received_at, connection = said["received_at"], said["connection"]
    return QuarantinedDelivery(
        key, said["delivery"], received_at, connection, said["code"], headers, body
    )
