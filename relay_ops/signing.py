"""Authenticates a webhook as its CRM would, with a secret of the connection. Used by `try --send`.

A CRM that signs does so by the `sign` of its connector; all others show their secret somewhere in
the request. The connector itself says which way is the right one: it checks the result before
anything is sent.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote

from import_relay.connectors.complete_connections import with_defaults
from import_relay.connectors.contract import Request, SigningConnector
from import_relay.connectors.kinds import connector_for
from import_relay.connectors.shared.header_secret import DEFAULT_HEADER
from import_relay.domain.connections import Connection
from import_relay.domain.errors import SignatureError
from relay_ops.exits import UsageMistake

Sign = Callable[[Request, str, Mapping[str, str]], Request]
_LOOKS_ELSEWHERE = "signature.missing"
"""How a connector refuses a request whose secret is where it does not look."""


def authenticated(given: Request, connection: Connection, secrets: Sequence[str]) -> Request:
    """The request with the authentication of the connection's kind, for its time of receipt.

    Raises:
        UsageMistake: no secret of the connection can be used for that.
    """
    complete = with_defaults(connection)
    options, now = complete.options, given.received_at / 1_000_000
    connector = connector_for(connection.kind)
    usable = [one.strip() for one in secrets if one.strip()]
    reason = "it has none"
    for secret in usable or [""]:
        for sign in _ways(connector):
            try:
                signed = sign(given, secret, options)
                connector.verify(signed, secrets, options, now=now)
            except SignatureError as error:
                if usable and error.code != _LOOKS_ELSEWHERE:
                    reason = f"{error.code} {error.detail}".strip()
            except ValueError:
                reason = "it has another form"
            else:
                return signed
    raise UsageMistake(
        f"No secret of {connection.name!r} can authenticate this webhook: {reason}. "
        f"Store one with `relay secret {connection.name}`."
    )


def _ways(connector: object) -> Iterator[Sign]:
    """How a sender may authenticate itself, its own way first."""
    if isinstance(connector, SigningConnector):
        yield connector.sign
    yield from (_unsigned, _header, _path, _query, _bearer, _basic)


def _unsigned(given: Request, _secret: str, _options: Mapping[str, str]) -> Request:
    """Something else than a secret may authenticate it, as an organization's id in its body."""
    return given


def _header(given: Request, secret: str, options: Mapping[str, str]) -> Request:
    return given.with_headers({options.get("header", DEFAULT_HEADER).lower(): secret})


def _path(given: Request, secret: str, _: Mapping[str, str]) -> Request:
    return replace(given, path=f"{given.path}/{quote(secret, safe='')}")


def _query(given: Request, secret: str, _: Mapping[str, str]) -> Request:
    """In the parameters of both kinds that take one: Dataverse's, and that of CloudEvents."""
    text = quote(secret, safe="")
    return replace(given, query=f"code={text}&access_token={text}")


def _bearer(given: Request, secret: str, _: Mapping[str, str]) -> Request:
    return given.with_headers({"authorization": f"Bearer {secret}"})


def _basic(given: Request, secret: str, _: Mapping[str, str]) -> Request:
    text = base64.b64encode(secret.encode()).decode("ascii")
    return given.with_headers({"authorization": f"Basic {text}"})
