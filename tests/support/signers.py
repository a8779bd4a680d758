"""Authentications as senders make them, written from their documentation with the standard library
alone.

Each takes a request with everything but its authentication and gives it with that, made when it is
received. Where a vendor has a signer of its own, the tests of that kind use it as well.
"""

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import replace

from import_relay.connectors.contract import Request
from tests.support.webhooks import basic, with_headers

Sign = Callable[[Request], Request]


def seconds(given: Request) -> int:
    """When the request is received, and so when it is signed, since the epoch."""
    return given.received_at // 1_000_000


def header(name: str, value: str) -> Sign:
    """A header with a fixed value."""
    return lambda given: replace(given, headers={**given.headers, name: value})


def bearer(token: str) -> Sign:
    """A bearer token."""
    return header("authorization", f"Bearer {token}")


def credentials(user_and_password: str) -> Sign:
    """HTTP Basic."""
    return header("authorization", basic(user_and_password))


def path_secret(secret: str) -> Sign:
    """A secret as the last part of the address."""
    return lambda given: replace(given, path=f"{given.path}/{secret}")


def event_bus(source: str) -> Sign:
    """AWS vouches for the source of an event."""
    return lambda given: replace(given, path=source, method="")


def body_token(name: str, token: str) -> Sign:
    """A token within the JSON body, in place of the one that is there."""
    member = re.compile(rb'("%s"\s*:\s*)"[^"]*"' % name.encode())

    def sign(given: Request) -> Request:
        return replace(given, body=member.sub(rb'\1"%s"' % token.encode(), given.body))

    return sign


def body_hmac(name: str, secret: str, *, encoding: str) -> Sign:
    """An HMAC of the body in a header: Shopify, Attio, Cal.com."""

    def sign(given: Request) -> Request:
        code = hmac.new(secret.encode(), given.body, hashlib.sha256).digest()
        text = code.hex() if encoding == "hex" else b64encode(code).decode()
        return replace(given, headers={**given.headers, name: text})

    return sign


def close(signature_key: str) -> Sign:
    """Close: the key is written in hexadecimal digits, the time precedes the body."""

    def sign(given: Request) -> Request:
        message = str(seconds(given)).encode() + given.body
        code = hmac.new(bytes.fromhex(signature_key), message, hashlib.sha256).hexdigest()
        return with_headers(given, close_sig_hash=code, close_sig_timestamp=str(seconds(given)))

    return sign


def calendly(signing_key: str) -> Sign:
    """Calendly: time and signature share a header."""

    def sign(given: Request) -> Request:
        message = f"{seconds(given)}.".encode() + given.body
        code = hmac.new(signing_key.encode(), message, hashlib.sha256).hexdigest()
        return with_headers(given, calendly_webhook_signature=f"t={seconds(given)},v1={code}")

    return sign


def hubspot(client_secret: str, url: str) -> Sign:
    """HubSpot, version 3 of its signatures: time in milliseconds, the public address is signed."""

    def sign(given: Request) -> Request:
        timestamp = str(seconds(given) * 1_000)
        message = given.method.encode() + url.encode() + given.body + timestamp.encode()
        code = hmac.new(client_secret.encode(), message, hashlib.sha256).digest()
        return with_headers(
            given,
            x_hubspot_signature_v3=b64encode(code).decode(),
            x_hubspot_request_timestamp=timestamp,
        )

    return sign


def standard_webhooks(secret: str) -> Sign:
    """Standard Webhooks: whatever the body is; the reference library signs texts alone."""

    def sign(given: Request) -> Request:
        message = f"msg_1.{seconds(given)}.".encode() + given.body
        key = b64decode(secret.removeprefix("whsec_"))
        code = b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
        return with_headers(
            given,
            webhook_id="msg_1",
            webhook_timestamp=str(seconds(given)),
            webhook_signature=f"v1,{code}",
        )

    return sign
