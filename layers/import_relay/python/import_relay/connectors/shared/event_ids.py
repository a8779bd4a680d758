"""Event ids: what tells a repeated delivery from a new one. Called by `split` of the sources."""

from base64 import urlsafe_b64encode
from hashlib import sha256

MAX_EVENT_ID_LENGTH = 200
"""Own limit: ids are kept in every watermark, and no CRM's id is known to be longer."""


def event_id(given: object, text: str) -> str:
    """The sender's id if it is an integer or a printable ASCII text, else a digest of the item."""
    if isinstance(given, int) and not isinstance(given, bool):
        given = str(given)
    if isinstance(given, str) and 0 < len(given) <= MAX_EVENT_ID_LENGTH and _is_plain(given):
        return given
    return digest(text)


def joined(*parts: object) -> str | None:
    """An id of several parts that tell an event from others; None if one of them is missing."""
    return ":".join(map(str, parts)) if all(parts) else None


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def digest(text: str) -> str:
    """The first 128 bits of SHA-256, as 22 characters."""
    short = sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]
    return urlsafe_b64encode(short).decode("ascii").rstrip("=")
