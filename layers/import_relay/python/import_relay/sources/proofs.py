"""Proofs that several CRMs share: a secret in a header, and HTTP Basic. Called by `verify`.

Comparisons take the same time whatever they compare, and every secret is compared: how long a
refusal takes says nothing about the secrets.
"""

import hmac
from base64 import b64decode
from collections.abc import Iterable, Sequence

from import_relay.errors import SignatureError


def check_header_secret(given: str | None, secrets: Sequence[str]) -> None:
    """Return if the header's value is one of the secrets.

    Raises:
        SignatureError: it is missing or another one.
    """
    if not given:
        raise SignatureError("signature.missing")
    require_match([given], usable(secrets))


def check_basic(authorization: str | None, secrets: Sequence[str]) -> None:
    """Return if the `Authorization` header carries one of the `user:password` texts.

    The credentials are compared as a whole: a password may hold colons (RFC 7617, section 2).

    Raises:
        SignatureError: they are missing, not Basic, or others.
    """
    if not authorization:
        raise SignatureError("signature.missing")
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise SignatureError("signature.malformed", "the authorization is not Basic")
    try:
        credentials = b64decode(encoded.strip(), validate=True).decode("utf-8")
    except ValueError as error:  # binascii.Error and UnicodeDecodeError are ValueErrors
        raise SignatureError("signature.malformed", "no base64 of a UTF-8 text") from error
    if ":" not in credentials:
        raise SignatureError("signature.malformed", "no colon in the credentials")
    require_match([credentials], usable(secrets))


def usable(secrets: Sequence[str]) -> list[str]:
    """The secrets that are not empty.

    Raises:
        SignatureError: there is none.
    """
    present = [secret for secret in secrets if secret]
    if not present:
        raise SignatureError("signature.no_secret")
    return present


def require_match(given: Iterable[str], expected: Iterable[str]) -> None:
    """Return if any of the given texts equals any of the expected ones.

    Raises:
        SignatureError: none does.
    """
    wanted = [_bytes(text) for text in expected]
    found = False
    for text in given:
        candidate = _bytes(text)
        for other in wanted:
            found |= hmac.compare_digest(candidate, other)
    if not found:
        raise SignatureError("signature.mismatch")


def _bytes(text: str) -> bytes:
    """Any text as bytes: `compare_digest` takes no text beyond ASCII, and headers may hold it."""
    return text.encode("utf-8", "surrogatepass")
