"""Signed links to the files of an import: ``failed_url`` and ``payload_url``.

`imports.store` signs them, `application` serves them without a token. That they are signed and
expire is inferred; the file format (a JSON array) is unknown and chosen here.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from mateo_emulator.clock import MICROSECONDS

LINK_PREFIX = "/storage/v1/object/sign/"


@dataclass(frozen=True)
class LinkSigner:
    """Makes and checks links with a key that stays with the state folder."""

    key: str

    def link(self, base_url: str, path: str, expires_us: int) -> str:
        """A link on ``base_url`` (scheme, host, port) that works until ``expires_us``."""
        expires = expires_us // MICROSECONDS
        return f"{base_url}{LINK_PREFIX}{path}?token={expires}.{self._signature(path, expires)}"

    def accepts(self, path: str, token: str, now_us: int) -> bool:
        """Whether the token belongs to the path and has not expired."""
        expires, _, signature = token.partition(".")
        if not expires.isascii() or not expires.isdigit() or len(expires) > 12:
            return False
        known = self._signature(path, int(expires))
        return hmac.compare_digest(known.encode(), signature.encode()) and (
            int(expires) * MICROSECONDS >= now_us
        )

    def _signature(self, path: str, expires: int) -> str:
        return hmac.new(
            self.key.encode(), f"{path}\n{expires}".encode(), hashlib.sha256
        ).hexdigest()
