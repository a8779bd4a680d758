"""Event ids: what tells a repeated delivery from a new one. Called by `split` of the connectors."""

from base64 import urlsafe_b64encode
from hashlib import sha256

MAX_EVENT_ID_LENGTH = 200
"""Own limit: ids are kept in every watermark, and no CRM's id is known to be longer."""
CONTENT = "text:"
"""Begins the ids of events that their senders do not name."""


def event_id(given: object, text: str) -> str:
    """The sender's id if it is an integer or a printable ASCII text, else `content_id`."""
    if isinstance(given, int) and not isinstance(given, bool):
        given = str(given)
    return given if isinstance(given, str) and _is_usable(given) else content_id(text)


def content_id(text: str) -> str:
    """The id of an event that its sender does not name: only its text tells it from others."""
    return CONTENT + digest(text)


def is_content_id(event: str) -> bool:
    """Whether an event has no id of its sender: it says again what an equal one said before."""
    return event.startswith(CONTENT)


def short_id(composite: str) -> str:
    """An id that consists of several parts: itself, or its digest if it cannot be kept as it is."""
    return composite if _is_usable(composite) else digest(composite)


def _is_usable(given: str) -> bool:
    is_kept = 0 < len(given) <= MAX_EVENT_ID_LENGTH and given.isascii() and given.isprintable()
    return is_kept and not given.startswith(CONTENT)


def joined(*parts: object) -> str | None:
    """An id of several parts that tell an event from others; None if one of them is missing."""
    return ":".join(map(str, parts)) if all(parts) else None


def digest(text: str) -> str:
    """The first 128 bits of SHA-256, as 22 characters."""
    short = sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]
    return urlsafe_b64encode(short).decode("ascii").rstrip("=")
