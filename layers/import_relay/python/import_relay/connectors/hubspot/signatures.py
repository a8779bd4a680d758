"""HubSpot's signatures, versions 1 to 3, as its two kinds check and make them.

Version 3 is the base64 HMAC-SHA256 of method, address, body and time in milliseconds under the
app's client secret; it holds for five minutes. Version 2 is the plain SHA-256 of client secret,
method, address and body, version 1 that of client secret and body alone, in hexadecimal digits and
without any time. HubSpot may send version 3 beside 2 or 1: a request with version 3 must pass it,
whatever else it has.

The address is the one that HubSpot calls, as configured: a gateway may tell another one. By
HubSpot's documentation twelve escapes in it are decoded before it is signed; its own libraries sign
it as it is. Both are accepted.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from urllib.parse import unquote, urlsplit

from import_relay.connectors.contract import Request
from import_relay.connectors.shared.auth import (
    check_time,
    require_match,
    signature,
    signature_text,
    usable,
)
from import_relay.domain.errors import SignatureError

SIGNATURE_OPTIONS: Mapping[str, str] = {
    "public_url": "the whole address that HubSpot calls; its signature covers it",
    "older_signatures": "older versions that count where there is no version 3, e.g. 'v2'; none",
}
HUBSPOT_TOLERANCE_S = 300.0
"""HubSpot: reject timestamps older than five minutes. Those of the future: our choice."""
_escape = re.compile("%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)


def check_signature(
    request: Request,
    secrets: Sequence[str],
    options: Mapping[str, str],
    *,
    now: float,
    plain: Collection[str],
) -> None:
    """Return if version 3 authenticates the sender.

    Where there is none, one of the `plain` versions may, if the option `older_signatures` names it:
    they hold for ever, and version 1 for any address.

    Raises:
        SignatureError: it does not.
    """
    url = options.get("public_url", "")
    given = request.headers.get("x-hubspot-signature-v3")
    if given is not None:
        _check_v3(request, given, secrets, url, now)
        return
    given = signature_text(request.headers.get("x-hubspot-signature"))
    version = request.headers.get("x-hubspot-signature-version", "")
    if version not in plain:
        raise SignatureError("signature.malformed", "no version of a signature that counts here")
    if version not in older_versions(options):
        raise SignatureError("signature.malformed", f"{version} is not among older_signatures")
    signed = [b""] if version == "v1" else [_bytes(request.method + one) for one in _readings(url)]
    expected = [
        hashlib.sha256(_bytes(secret) + prefix + request.body).hexdigest()
        for secret in usable(secrets)
        for prefix in signed
    ]
    require_match([given], expected)


def _check_v3(request: Request, given: str, secrets: Sequence[str], url: str, now: float) -> None:
    given = signature_text(given)
    timestamp = request.headers.get("x-hubspot-request-timestamp")
    if not timestamp:
        raise SignatureError("signature.missing", "the signed time is missing")
    check_time(timestamp, now, tolerance_s=HUBSPOT_TOLERANCE_S, per_second=1_000)
    expected = [
        signature(
            _bytes(secret),
            _bytes(request.method + one) + request.body + _bytes(timestamp),
            encoding="base64",
        )
        for secret in usable(secrets)
        for one in _readings(url)
    ]
    require_match([given], expected)


def sign_v3(request: Request, secret: str, options: Mapping[str, str]) -> Request:
    """The request with version 3 of the signature: see `contract.SigningConnector.sign`."""
    timestamp = f"{request.seconds}000"
    message = f"{request.method}{options.get('public_url', '')}".encode() + request.body
    code = signature(secret.encode(), message + timestamp.encode(), encoding="base64")
    return request.with_headers(
        {"x-hubspot-signature-v3": code, "x-hubspot-request-timestamp": timestamp}
    )


def _readings(url: str) -> list[str]:
    """The address as it is, and as HubSpot's documentation decodes it."""
    decoded = _escape.sub(lambda found: unquote(found.group()), url)
    return [url] if decoded == url else [url, decoded]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def older_versions(options: Mapping[str, str]) -> list[str]:
    """The older versions that the connection asks for."""
    return options.get("older_signatures", "").split()


def signature_mistakes(
    options: Mapping[str, str], plain: Collection[str]
) -> Iterable[tuple[str, str]]:
    """Mistakes: `public_url` is no web address, `older_signatures` names another version."""
    for version in older_versions(options):
        if version not in plain:
            yield "older_signatures", f"must be of {', '.join(plain)}, not {version!r}"
    url = options.get("public_url", "")
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("https", "http") or not parts.netloc or parts.fragment:
        yield "public_url", "is needed: the whole address that HubSpot calls, https://…"
