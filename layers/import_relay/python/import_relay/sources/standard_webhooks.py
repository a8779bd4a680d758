"""The Standard Webhooks specification 1.0.0, as Svix and many others send it.

Proof: `webhook-signature`, a list separated by spaces, holds `v1,` and the base64 of the
HMAC-SHA256 of `<webhook-id>.<webhook-timestamp>.<body>`; the key is the base64 text after `whsec_`.
Other versions are ignored. The signed time, in seconds, may be five minutes away, as in the
reference libraries. Secrets may overlap in time: several are tried, and a sender may send several
signatures. Event id: `webhook-id`, which stays the same through retries. The record is the whole
body, so that expressions say `data.email` and `when` can test `type`. What orders changes is the
sender's choice: `version = "timestamp"` is the specification's own field.
"""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence

from import_relay.connections import Connection
from import_relay.errors import RejectedRow, SignatureError, UnreadableDelivery
from import_relay.sources.contract import (
    Change,
    Item,
    Request,
    missing_conditions,
    unknown_options,
)
from import_relay.sources.event_ids import event_id
from import_relay.sources.json_text import body_text, single
from import_relay.sources.proofs import require_match, usable

OPTIONS: Mapping[str, str] = {
    "ignore_types": "values of the body's `type` that are not imported, separated by spaces",
}
TOLERANCE_S = 300


def verify(
    request: Request, secrets: Sequence[str], options: Mapping[str, str], *, now: float
) -> None:
    """See `contract.Source.verify`."""
    identifier = request.headers.get("webhook-id")
    timestamp = request.headers.get("webhook-timestamp")
    signatures = request.headers.get("webhook-signature")
    if not identifier or not timestamp or not signatures:
        raise SignatureError("signature.missing")
    _check_time(timestamp, now)
    given = [entry[3:] for entry in signatures.split(" ") if entry.startswith("v1,")]
    if not given:
        raise SignatureError("signature.malformed", "no signature of version v1")
    signed = f"{identifier}.{timestamp}.".encode("utf-8", "surrogatepass") + request.body
    require_match(given, [_signature(key, signed) for key in _keys(secrets)])


def _check_time(timestamp: str, now: float) -> None:
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 15):
        raise SignatureError("signature.malformed", "the timestamp is no number of seconds")
    if abs(now - int(timestamp)) > TOLERANCE_S:
        raise SignatureError("signature.expired")


def _keys(secrets: Sequence[str]) -> list[bytes]:
    """The keys behind the secrets; an empty key would let anyone sign, so it is none."""
    keys = []
    for secret in usable(secrets):
        encoded = secret.removeprefix("whsec_").rstrip("=")
        try:
            key = b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
        except ValueError:  # not base64 at all, or not ASCII: it cannot prove anything
            continue
        if key:
            keys.append(key)
    if not keys:
        raise SignatureError("signature.no_secret", "no secret is base64, with or without whsec_")
    return keys


def _signature(key: bytes, signed: bytes) -> str:
    return b64encode(hmac.digest(key, signed, "sha256")).decode("ascii")


def split(request: Request, options: Mapping[str, str]) -> list[Item]:
    """One JSON object per request."""
    value, text = single(body_text(request))
    if not isinstance(value, dict):
        raise UnreadableDelivery("delivery.wrong_shape", "not a JSON object")
    return [Item(event_id(request.headers.get("webhook-id"), text), text)]


def interpret(item: object, connection: Connection) -> Change:
    """The whole body, unless its `type` is one to ignore (`event_type`)."""
    if not isinstance(item, dict):
        raise RejectedRow("row.not_an_object", value=item)
    if item.get("type") in connection.options.get("ignore_types", "").split():
        return Change(item, ignored="event_type")
    return Change(item)


def check_options(connection: Connection) -> Iterable[tuple[str, str]]:
    """Unknown options, and record types that nothing tells apart."""
    yield from unknown_options(connection, OPTIONS)
    yield from missing_conditions(connection)
