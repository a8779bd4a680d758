"""A secret in a header whose name the connection chooses, for senders that cannot sign.

Called by `verify` and `check_options` of the connectors that offer it.
"""

import string
from collections.abc import Iterable, Mapping, Sequence

from import_relay.connectors.contract import Request
from import_relay.connectors.shared.auth import check_secret

DEFAULT_HEADER = "X-Relay-Secret"
_SIGNS = frozenset(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~")
"""RFC 9110, section 5.6.2."""


def check_header_secret(
    request: Request, secrets: Sequence[str], options: Mapping[str, str]
) -> None:
    """Return if the header that the option `header` names carries one of the secrets.

    Raises:
        SignatureError: it is missing or holds something else.
    """
    header = options.get("header", DEFAULT_HEADER).lower()
    check_secret(request.headers.get(header), secrets)


def header_mistakes(options: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """A mistake if the option `header` cannot be the name of a header."""
    header = options.get("header", DEFAULT_HEADER)
    if not header or not set(header) <= _SIGNS:
        yield "header", f"must be the name of an HTTP header, not {header!r}"
