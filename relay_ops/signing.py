"""Authenticates a webhook as its CRM would, with a secret of the connection. Used by `try --send`.

Written from the vendors' descriptions, which `connectors/` verifies. The result is checked by the
connector itself before anything is sent.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from urllib.parse import quote

from import_relay.connectors.complete_connections import with_defaults
from import_relay.connectors.contract import Request
from import_relay.connectors.kinds import connector_for
from import_relay.connectors.shared.header_secret import DEFAULT_HEADER
from import_relay.connectors.standard_webhooks.events import PUBLIC_KEY
from import_relay.domain.connections import Connection
from import_relay.domain.errors import SignatureError
from relay_ops.exits import UsageMistake

Sign = Callable[[Request, str, Mapping[str, str]], Request]


def authenticated(given: Request, connection: Connection, secrets: Sequence[str]) -> Request:
    """The request with the authentication of the connection's kind, for its time of receipt.

    Raises:
        UsageMistake: no secret of the connection can be used for that.
    """
    complete = with_defaults(connection)
    options, now = complete.options, given.received_at / 1_000_000
    usable = [one.strip() for one in secrets if one.strip() and not one.startswith(PUBLIC_KEY)]
    reason = "it has none"
    for secret in usable or ([""] if connection.kind in _WITHOUT_SECRET else []):
        try:
            signed = _sign_of(connection.kind, options)(given, secret, options)
            connector_for(connection.kind).verify(signed, secrets, options, now=now)
        except SignatureError as error:
            reason = f"{error.code} {error.detail}".strip()
        except ValueError:
            reason = "it has another form"
        else:
            return signed
    raise UsageMistake(
        f"No secret of {connection.name!r} can authenticate this webhook: {reason}. "
        f"Store one with `relay secret {connection.name}`."
    )


def _sign_of(kind: str, options: Mapping[str, str]) -> Sign:
    return _BY_OPTION.get(options.get("auth", "")) or _BY_KIND.get(kind, _header)


def _with(given: Request, **headers: str) -> Request:
    """With these headers too; `_` stands for `-`."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return replace(given, headers={**given.headers, **more})


def _header(given: Request, secret: str, options: Mapping[str, str]) -> Request:
    name = options.get("header", DEFAULT_HEADER).lower()
    return replace(given, headers={**given.headers, name: secret})


def _path(given: Request, secret: str, _: Mapping[str, str]) -> Request:
    return replace(given, path=f"{given.path}/{quote(secret, safe='')}")


def _query(given: Request, secret: str, _: Mapping[str, str]) -> Request:
    """In the parameters of both kinds that take one: Dataverse's, and that of CloudEvents."""
    text = quote(secret, safe="")
    return replace(given, query=f"code={text}&access_token={text}")


def _basic(given: Request, secret: str, _: Mapping[str, str]) -> Request:
    return _with(given, authorization=f"Basic {_base64(secret.encode())}")


def _bearer(given: Request, secret: str, _: Mapping[str, str]) -> Request:
    return _with(given, authorization=f"Bearer {secret}")


def _unsigned(given: Request, _secret: str, _options: Mapping[str, str]) -> Request:
    return given


def _event_bus(given: Request, _: str, options: Mapping[str, str]) -> Request:
    return replace(given, path=options.get("event_source", ""), transport="eventbridge")


def _attio(given: Request, secret: str, _: Mapping[str, str]) -> Request:
    return _with(given, attio_signature=_hmac(secret.encode(), given.body).hex())


def _calcom(given: Request, secret: str, _: Mapping[str, str]) -> Request:
    return _with(given, x_cal_signature_256=_hmac(secret.encode(), given.body).hex())


def _calendly(given: Request, secret: str, _: Mapping[str, str]) -> Request:
    code = _hmac(secret.encode(), f"{_seconds(given)}.".encode() + given.body).hex()
    return _with(given, calendly_webhook_signature=f"t={_seconds(given)},v1={code}")


def _close(given: Request, secret: str, _: Mapping[str, str]) -> Request:
    code = _hmac(bytes.fromhex(secret), _seconds(given).encode() + given.body).hex()
    return _with(given, close_sig_hash=code, close_sig_timestamp=_seconds(given))


def _hubspot(given: Request, secret: str, options: Mapping[str, str]) -> Request:
    """Version 3: of the address that HubSpot calls, whatever this one is."""
    timestamp = f"{_seconds(given)}000"
    message = given.method + options.get("public_url", "")
    signed = message.encode() + given.body + timestamp.encode()
    return _with(
        given,
        x_hubspot_signature_v3=_base64(_hmac(secret.encode(), signed)),
        x_hubspot_request_timestamp=timestamp,
    )


def _shopify(given: Request, secret: str, options: Mapping[str, str]) -> Request:
    shop = {"x_shopify_shop_domain": options["shop_domain"]} if "shop_domain" in options else {}
    signature = _base64(_hmac(secret.encode(), given.body))
    return _with(given, x_shopify_hmac_sha256=signature, **shop)


def _standard_webhooks(given: Request, secret: str, _: Mapping[str, str]) -> Request:
    identifier = given.headers.get("webhook-id", f"test_{_seconds(given)}")
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    signed = f"{identifier}.{_seconds(given)}.".encode() + given.body
    return _with(
        given,
        webhook_id=identifier,
        webhook_timestamp=_seconds(given),
        webhook_signature=f"v1,{_base64(_hmac(key, signed))}",
    )


def _zoho(given: Request, secret: str, _: Mapping[str, str]) -> Request:
    return replace(given, body=json.dumps({**json.loads(given.body), "token": secret}).encode())


def _seconds(given: Request) -> str:
    return str(given.received_at // 1_000_000)


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, hashlib.sha256)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


_WITHOUT_SECRET = ("salesforce_cdc", "salesforce_outbound")
"""Kinds that something else than a secret may authenticate."""
_BY_OPTION: Mapping[str, Sign] = MappingProxyType(
    {"basic": _basic, "bearer": _bearer, "header": _header, "path": _path, "query": _query}
)
"""What the option `auth` asks for, in every kind that has it."""
_BY_KIND: Mapping[str, Sign] = MappingProxyType(
    {
        "activecampaign": _path,
        "attio": _attio,
        "calcom": _calcom,
        "calendly": _calendly,
        "close": _close,
        "cloudevents": _bearer,
        "hubspot": _hubspot,
        "hubspot_workflow": _hubspot,
        "pipedrive": _basic,
        "salesforce_cdc": _event_bus,
        "salesforce_outbound": _unsigned,
        "shopify": _shopify,
        "standard_webhooks": _standard_webhooks,
        "zoho": _zoho,
    }
)
