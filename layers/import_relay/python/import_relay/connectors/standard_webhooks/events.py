"""The Standard Webhooks specification 1.0.0, as Svix and many others send it.

Authentication: `webhook-signature`, a list separated by spaces, of signatures of the text
`<webhook-id>.<webhook-timestamp>.<body>`. `v1,` precedes the base64 of its HMAC-SHA256; the key is
the base64 text after `whsec_`. `v1a,` precedes the base64 of its ed25519 signature; the public key
is the base64 text after `whpk_`. Other versions are ignored. Svix sends the same headers as
`svix-…` unless its customer chose the names of the specification. The signed time, in seconds, may
be five minutes away, as in the reference libraries. Secrets may overlap in time: several are tried,
of both sorts, and a sender may send several signatures. Event id: `webhook-id`, which stays the
same through retries. Secrets may be pasted as senders show them: `v1,whsec_…` (Supabase), and
`whsec_…` or `polar_whs_…` whose whole text is the key (Polar, before September 2026). The record is
the whole body, so that expressions say `data.email` and `when` can test `type`. What orders changes
is the sender's choice: `version = "timestamp"` is the specification's own field.
"""

import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from import_relay.connectors.contract import Change, Item, Replies, Request
from import_relay.connectors.shared.auth import (
    MAX_SIGNATURE_LENGTH,
    check_time,
    require_match,
    signature,
    usable,
)
from import_relay.connectors.shared.event_ids import event_id
from import_relay.connectors.shared.json_text import body_text, single
from import_relay.domain.connections import Connection, RecordType, RecordTypeName
from import_relay.domain.errors import RejectedRow, SignatureError, UnreadableDelivery

OPTIONS: Mapping[str, str] = {
    "ignore_types": "values of the body's `type` that are not imported, separated by spaces"
}
DEFAULTS: Mapping[RecordTypeName, RecordType] = {}
REPLIES = Replies()
STANDARD_WEBHOOKS_TOLERANCE_S = 300
PUBLIC_KEY = "whpk_"
SHARED_KEY = "whsec_"
PRIVATE_KEY = "whsk_"
_PUBLIC_KEY_B = 32
"""RFC 8032, section 5.1.5."""
_VERSION = re.compile(r"v1a?,")
_WHOLE = re.compile(r"(whsec_|polar_whs_).{16,}", re.ASCII)
"""Secrets whose whole text may be the key. The least length is ours: a prefix alone is no key."""


def verify(
    request: Request, secrets: Sequence[str], options: Mapping[str, str], *, now: float
) -> None:
    """See `contract.Connector.verify`."""
    identifier, timestamp, signatures = _headers(request)
    if not identifier or not timestamp or not signatures:
        detail = "Stripe signs in a way of its own" if "stripe-signature" in request.headers else ""
        raise SignatureError("signature.missing", detail)
    if len(signatures) > MAX_SIGNATURE_LENGTH:
        raise SignatureError("signature.malformed", "the signature is far too long")
    check_time(timestamp, now, tolerance_s=STANDARD_WEBHOOKS_TOLERANCE_S)
    given = _of_version("v1", signatures), _of_version("v1a", signatures)
    if not any(given):
        raise SignatureError("signature.malformed", "no signature of version v1 or v1a")
    shared, public = _keys(tuple(secrets))
    signed = f"{identifier}.{timestamp}.".encode("utf-8", "surrogatepass") + request.body
    if given[1] and public and _is_signed_by(public, given[1], signed):
        return
    require_match(given[0], [signature(key, signed, encoding="base64") for key in shared])


def _headers(request: Request) -> tuple[str | None, ...]:
    """Id, time and signatures, all three by the specification's names or all three by Svix's."""
    prefix = "webhook" if "webhook-signature" in request.headers else "svix"
    return tuple(
        request.headers.get(f"{prefix}-{name}") for name in ("id", "timestamp", "signature")
    )


def _of_version(version: str, signatures: str) -> list[str]:
    start = f"{version},"
    return [one[len(start) :] for one in signatures.split(" ") if one.startswith(start)]


@lru_cache(maxsize=64)
def _keys(secrets: tuple[str, ...]) -> tuple[list[bytes], list[bytes]]:
    """The shared and the public keys behind the secrets, each for its own version alone.

    An empty shared key would let anyone sign, and a public one used as a shared key as well.
    """
    texts = _texts(secrets)
    published = (
        _decoded(one.removeprefix(PUBLIC_KEY)) for one in texts if one.startswith(PUBLIC_KEY)
    )
    public = [key for key in published if len(key) == _PUBLIC_KEY_B]
    others = (one for one in texts if not one.startswith((PUBLIC_KEY, PRIVATE_KEY)))
    shared = [key for one in others for key in _shared_keys(one)]
    if not shared and not public:
        raise SignatureError("signature.no_secret", _what_is_wrong(texts))
    return shared, public


def _shared_keys(secret: str) -> Iterator[bytes]:
    if key := _decoded(secret.removeprefix(SHARED_KEY)):
        yield key
    if _WHOLE.fullmatch(secret):
        yield secret.encode()


def _texts(secrets: Sequence[str]) -> list[str]:
    """Each secret without what senders show around it; Supabase separates several by `|`."""
    parts = [part.strip() for secret in usable(secrets) for part in secret.split("|")]
    return [_VERSION.sub("", part, count=1) for part in parts if part]


def _what_is_wrong(secrets: Sequence[str]) -> str:
    """Why none of the secrets is a key, without any part of them."""
    if any(secret.startswith(PRIVATE_KEY) for secret in secrets):
        return "whsk_ is the sender's private key; put the public one, whpk_, into the list"
    if any(secret.startswith(PUBLIC_KEY) for secret in secrets):
        return "what follows whpk_ is not the base64 of 32 bytes"
    return "no secret is whsec_ or whpk_ and base64"


def _decoded(text: str) -> bytes:
    """The bytes of a base64 text with or without padding; none if it is something else."""
    try:
        unpadded = text.rstrip("=")
        return b64decode(unpadded + "=" * (-len(unpadded) % 4), validate=True)
    except ValueError:  # not base64 at all, or not ASCII: it cannot authenticate anybody
        return b""


def _is_signed_by(keys: Sequence[bytes], given: Iterable[str], signed: bytes) -> bool:
    """Whether one of the public keys fits one of the ed25519 signatures."""
    # late: few senders sign this way, and the library takes its time to load
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    for key in map(Ed25519PublicKey.from_public_bytes, keys):
        for text in given:
            try:
                key.verify(_decoded(text), signed)
                return True
            except InvalidSignature:
                continue
    return False


def sign(request: Request, secret: str, options: Mapping[str, str]) -> Request:
    """See `contract.SigningConnector.sign`."""
    identifier = request.headers.get("webhook-id", f"test_{request.seconds}")
    message = f"{identifier}.{request.seconds}.".encode() + request.body
    (key, *_), _ = _keys((secret,))
    code = signature(key, message, encoding="base64")
    return request.with_headers(
        {
            "webhook-id": identifier,
            "webhook-timestamp": request.seconds,
            "webhook-signature": f"v1,{code}",
        }
    )


def split(request: Request, options: Mapping[str, str]) -> list[Item]:
    """One JSON object per request."""
    value, text = single(body_text(request))
    if not isinstance(value, dict):
        raise UnreadableDelivery("delivery.wrong_shape", "not a JSON object")
    return [Item(event_id(_headers(request)[0], text), text)]


def interpret(item: object, connection: Connection) -> Change:
    """The whole body, unless its `type` is one to ignore (`event_type`)."""
    if not isinstance(item, dict):
        raise RejectedRow("row.not_an_object", value=item)
    if item.get("type") in connection.options.get("ignore_types", "").split():
        return Change(item, ignored="event_type")
    return Change(item)


def check_options(connection: Connection) -> Iterable[tuple[str, str]]:
    """None: any text is one or more types to ignore."""
    return ()
