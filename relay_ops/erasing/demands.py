"""Erasures that were asked for and are not done: objects below `erasures/pending/`.

A webhook that demands an erasure leaves one, which names the record at its CRM and nothing more.
`relay erase` leaves one before it changes anything: if it breaks off, what links the places where a
person is may be gone from some of them. Each is deleted once its receipt is written.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from import_relay.domain.models import ErasureDemand
from import_relay.storage.erasure_demands import PENDING, demand_of
from relay_ops.erasing.person import Known
from relay_ops.erasing.versions import delete_for_good
from relay_ops.stack import Stack

RECEIPTS = "erasures/receipts/"


@dataclass(frozen=True, slots=True)
class Pending:
    """One erasure that is to be done.

    Of a webhook: `connection` and the `demand`. Of a command that broke off: `known`.
    """

    key: str
    at: float
    connection: str = ""
    demand: ErasureDemand | None = None
    known: Known | None = None


def pending(stack: Stack) -> list[Pending]:
    """All pending erasures, the oldest first."""
    found = [_read(stack, one.key, one.written_at) for one in stack.objects.keys(PENDING)]
    return sorted((one for one in found if one), key=lambda one: one.at)


def _read(stack: Stack, key: str, at: float) -> Pending | None:
    content = stack.objects.content(key)
    if content is None:
        return None
    said = json.loads(content)
    if "known" in said:
        return Pending(key, at, known=Known.of_object(said["known"]))
    connection, demand = demand_of(said)
    return Pending(key, at, connection, demand)


def keep(stack: Stack, known: Known, key: str = "") -> str:
    """Store whom a command erases, until it is done; returns the key."""
    now = datetime.fromtimestamp(stack.clock(), UTC)
    key = key or f"{PENDING}{now:%Y%m%dT%H%M%S}-{secrets.token_hex(6)}.json"
    _put(stack, key, {"known": known.as_object()})
    return key


def finish(stack: Stack, key: str, receipt: dict[str, object]) -> str:
    """Write the receipt of an erasure, then delete what was stored for it. Returns its key."""
    name = key.removeprefix(PENDING)
    where = f"{RECEIPTS}{name}"
    _put(stack, where, receipt)
    delete_for_good(stack, key)
    return where


def _put(stack: Stack, key: str, content: dict[str, object]) -> None:
    body = (json.dumps(content, indent=2) + "\n").encode()
    stack.client("s3").put_object(
        Bucket=stack.bucket, Key=key, Body=body, ContentType="application/json"
    )
