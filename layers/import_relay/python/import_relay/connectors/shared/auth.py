"""Authentication that several CRMs share: a secret somewhere in the request, HTTP Basic, an HMAC.

Called by `verify` of the connectors.

Comparisons take the same time whatever they compare, and every secret is compared: how long a
refusal takes says nothing about the secrets.
"""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from typing import Literal
from urllib.parse import parse_qsl, unquote

from import_relay.domain.errors import SignatureError

MAX_SIGNATURE_LENGTH = 4_096
"""Own limit on the text of a signature header; those of all known senders are below 1,000."""


def check_secret(given: str | None, secrets: Sequence[str]) -> None:
    """Return if the text, e.g. of a header, is one of the secrets.

    Raises:
        SignatureError: it is missing or another one.
    """
    if not given:
        raise SignatureError("signature.missing")
    require_match([given], usable(secrets))


def check_path_secret(path: str, secrets: Sequence[str]) -> None:
    """Return if the path ends in `/webhooks/<connection>/<secret>` with one of the secrets.

    What comes before it is that of a domain of one's own.

    Raises:
        SignatureError: it has no such last part, or another one.
    """
    _, _, place = path.partition("/webhooks/")
    check_secret(unquote(place.partition("/")[2]), secrets)


def check_query_secret(query: str, name: str, secrets: Sequence[str]) -> None:
    """Return if the query string gives the parameter `name` once, as one of the secrets.

    A plus may be one: people paste keys in base64 into addresses without escaping them.

    Raises:
        SignatureError: it is missing, repeated or another one.
    """
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=100)
        literal = parse_qsl(query.replace("+", "%2B"), keep_blank_values=True, max_num_fields=100)
    except ValueError as error:
        raise SignatureError("signature.malformed", "the query string cannot be read") from error
    given = [value for key, value in pairs if key == name]
    if len(given) > 1:
        raise SignatureError("signature.malformed", "the secret's parameter is repeated")
    given += [value for key, value in literal if key == name]
    if not any(given):
        raise SignatureError("signature.missing")
    require_match(given, usable(secrets))


def check_hmac(
    given: str | None, message: bytes, keys: Sequence[bytes], *, encoding: Literal["hex", "base64"]
) -> None:
    """Return if the text is the HMAC-SHA256 of the message under one of the keys.

    Raises:
        SignatureError: it is missing, far too long, or another one; or there is no key.
    """
    text = signature_text(given)
    if not keys:
        raise SignatureError("signature.no_secret")
    require_match([text], [signature(key, message, encoding=encoding) for key in keys])


def signature_text(given: str | None) -> str:
    """The text of a signature header.

    Raises:
        SignatureError: it is missing or far too long.
    """
    if not given:
        raise SignatureError("signature.missing")
    if len(given) > MAX_SIGNATURE_LENGTH:
        raise SignatureError("signature.malformed", "the signature is far too long")
    return given


def signature(key: bytes, message: bytes, *, encoding: Literal["hex", "base64"]) -> str:
    """The HMAC-SHA256 of a message as text; hexadecimal digits are lower case."""
    code = hmac.digest(key, message, "sha256")
    return code.hex() if encoding == "hex" else b64encode(code).decode("ascii")


def check_time(timestamp: str, now: float, *, tolerance_s: float, per_second: int = 1) -> None:
    """Return if the signed time, a whole number, is not further away from now than the tolerance.

    `per_second`: how many of its units make a second, e.g. 1000 for milliseconds.

    Raises:
        SignatureError: it is no number, or too far in the past or in the future.
    """
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 20):
        raise SignatureError("signature.malformed", "the timestamp is no whole number")
    if abs(now - int(timestamp) / per_second) > tolerance_s:
        raise SignatureError("signature.expired")


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
    """The secrets that are not empty, without white space around them: it was pasted with them.

    Raises:
        SignatureError: there is none.
    """
    present = [secret.strip() for secret in secrets if secret.strip()]
    if not present:
        raise SignatureError("signature.no_secret")
    return present


def text_keys(secrets: Sequence[str]) -> list[bytes]:
    """The usable secrets as keys of an HMAC, each the bytes of its text.

    Raises:
        SignatureError: there is none.
    """
    return [secret.encode("utf-8", "surrogatepass") for secret in usable(secrets)]


def require_match(given: Iterable[str], expected: Iterable[str]) -> None:
    """Return if any of the given texts equals any of the expected ones.

    Raises:
        SignatureError: none does.
    """
    right = [_bytes(text) for text in expected]
    found = False
    for text in given:
        candidate = _bytes(text)
        for other in right:
            found |= hmac.compare_digest(candidate, other)
    if not found:
        raise SignatureError("signature.mismatch")


def _bytes(text: str) -> bytes:
    """Any text as bytes: `compare_digest` takes no text beyond ASCII, and headers may hold it."""
    return text.encode("utf-8", "surrogatepass")
