"""How a sender authenticates itself, and what it sends besides the body.

Each test file of a connector has a `SENDER`; `authentic.py` finds it there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from import_relay.connectors.contract import Request
from tests.support.signers import Sign


@dataclass(frozen=True)
class Sender:
    """What the tests over every kind need to know of one kind's sender.

    `signer`: how it authenticates a request, by its secret. `auth_header`: the header that does so,
    None if something else does. `time`: the header that carries the signed time. `covers_body`:
    the authentication changes with each byte of the body. `needs_secret`: False where something
    else than a secret authenticates the sender. `headers_of`: further headers by the name of the
    file. `spoil`: makes an authentication in the body wrong. `secret`: its example secret, where
    local/example_secrets.json has none. `connection`: what its example connection needs beside its
    kind, as TOML, where connections.toml has none.
    """

    signer: Callable[[str], Sign]
    auth_header: str | None = None
    time: str | None = None
    covers_body: bool = False
    needs_secret: bool = True
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    headers_of: Callable[[str], Mapping[str, str]] = lambda _: {}
    spoil: Callable[[bytes], bytes] = lambda body: body
    transport: Literal["http", "eventbridge"] = "http"
    secret: str = "an-example-secret"
    connection: str = ""

    def unauthenticated(self, given: Request) -> Request:
        """The same request without its authentication."""
        bare = {name: value for name, value in given.headers.items() if name != self.auth_header}
        return replace(given, headers=bare, path=bare_path(given), body=self.spoil(given.body))


def bare_path(given: Request) -> str:
    """The path without its secret."""
    return "/".join(given.path.split("/")[:3])
