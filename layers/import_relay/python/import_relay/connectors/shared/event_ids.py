"""Event ids: what tells a repeated delivery from a new one. Called by `split` of the connectors."""

from base64 import urlsafe_b64encode
from hashlib import sha256

MAX_EVENT_ID_LENGTH = 200
"""Own limit: ids are kept in every watermark, and no CRM's id is known to be longer."""


def event_id(given: object, text: str) -> str:
    """The sender's id if it is an integer or a printable ASCII text, else a digest of the item."""
    if isinstance(given, int) and not isinstance(given, bool):
        given = str(given)
    if not isinstance(given, str) or not 0 < len(given) <= MAX_EVENT_ID_LENGTH:
        return digest(text)
    return given if given.isascii() and given.isprintable() else digest(text)


def joined(*parts: object) -> str | None:
    """An id of several parts that tell an event from others; None if one of them is missing."""
    return ":".join(map(str, parts)) if all(parts) else None


def digest(text: str) -> str:
    """The first 128 bits of SHA-256, as 22 characters."""
    short = sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]
    return urlsafe_b64encode(short).decode("ascii").rstrip("=")
