"""The Standard Webhooks specification 1.0.0, as Svix and many others send it.

Proof: `webhook-signature`, a list separated by spaces, holds `v1,` and the base64 of the
HMAC-SHA256 of `<webhook-id>.<webhook-timestamp>.<body>`; the key is the base64 text after `whsec_`.
Other versions are ignored. The signed time, in seconds, may be five minutes away, as in the
reference libraries. Secrets may overlap in time: several are tried, and a sender may send several
signatures. Event id: `webhook-id`, which stays the same through retries. The record is the whole
body, so that expressions say `data.email` and `when` can test `type`. What orders changes is the
sender's choice: `version = "timestamp"` is the specification's own field.
"""

from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence

from import_relay.connections import Connection, RecordType, RecordTypeName
from import_relay.errors import RejectedRow, SignatureError, UnreadableDelivery
from import_relay.sources.contract import (
    Change,
    Item,
    Replies,
    Request,
    missing_conditions,
    unknown_options,
)
from import_relay.sources.event_ids import event_id
from import_relay.sources.json_text import body_text, single
from import_relay.sources.proofs import check_time, require_match, signature, usable

OPTIONS: Mapping[str, str] = {
    "ignore_types": "values of the body's `type` that are not imported, separated by spaces",
}
DEFAULTS: Mapping[RecordTypeName, RecordType] = {}
REPLIES = Replies()
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
    check_time(timestamp, now, tolerance_s=TOLERANCE_S)
    given = [entry[3:] for entry in signatures.split(" ") if entry.startswith("v1,")]
    if not given:
        raise SignatureError("signature.malformed", "no signature of version v1")
    signed = f"{identifier}.{timestamp}.".encode("utf-8", "surrogatepass") + request.body
    require_match(given, [signature(key, signed, encoding="base64") for key in _keys(secrets)])


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
