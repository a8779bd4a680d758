"""Builders of webhooks: requests as sources see them, events as the gateway makes them of these."""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook

from import_relay.connectors.contract import Request

ROOT = Path(__file__).parents[2]
NOW = 1_795_253_400
"""2026-11-21 09:30:00 UTC, in seconds."""


def sample(name: str) -> bytes:
    """The file `events/<name>` as it is; `.json` may be left out."""
    path = ROOT / "events" / name
    return (path if path.is_file() else path.with_name(f"{name}.json")).read_bytes()


def example_secrets() -> dict[str, list[str]]:
    """The secrets of the example connections."""
    secrets: dict[str, list[str]] = json.loads((ROOT / "local/example_secrets.json").read_text())
    return secrets


def request(
    body: bytes | str = b"{}",
    headers: Mapping[str, str] | None = None,
    *,
    path: str = "/webhooks/x",
) -> Request:
    """A request that was received at `NOW`."""
    raw = body.encode() if isinstance(body, str) else body
    return Request("POST", path, "", dict(headers or {}), raw, NOW * 1_000_000)


def with_headers(given: Request, **headers: str | None) -> Request:
    """The same request with other headers (`_` stands for `-`); None removes one."""
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    merged = {**given.headers, **changed}
    kept = {name: value for name, value in merged.items() if value is not None}
    return replace(given, headers=kept)


def signed(body: str, secret: str, *, identifier: str = "msg_1", timestamp: int = NOW) -> Request:
    """A request that the Standard Webhooks project's own library signed.

    Its `sign` replaces the zone of a datetime instead of converting it: it needs UTC.
    """
    signed_at = datetime.fromtimestamp(timestamp, UTC)
    signature = Webhook(secret).sign(msg_id=identifier, timestamp=signed_at, data=body)
    return request(
        body,
        {
            "content-type": "application/json",
            "webhook-id": identifier,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature,
        },
    )


def basic(credentials: str) -> str:
    """The value of an Authorization header."""
    return f"Basic {b64encode(credentials.encode()).decode()}"


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def gateway_event(given: Request, connection: str, *, encoded: bool = False) -> dict[str, Any]:
    """The request as an HTTP API hands it to a function, payload format 2.0.

    A body that is no UTF-8 text has to be encoded.
    """
    encoded |= not _is_utf8(given.body)
    body = b64encode(given.body).decode() if encoded else given.body.decode()
    _, _, secret = given.path.removeprefix("/webhooks/").partition("/")
    path = f"/webhooks/{connection}/{secret}" if secret else f"/webhooks/{connection}"
    return {
        "version": "2.0",
        "routeKey": "POST /webhooks/{connection}",
        "rawPath": path,
        "rawQueryString": given.query,
        "headers": dict(given.headers),
        "requestContext": {"http": {"method": given.method, "path": path}},
        "pathParameters": {"connection": connection},
        "body": body,
        "isBase64Encoded": encoded,
    }
