"""Redacts secrets and session ids in a body that is kept because it cannot be read.

Called by `intake`. Asterisks replace the connection's own secrets and a session id of Salesforce.
Nothing is parsed, since the body cannot be. A secret is found as it is and as JSON, XML and forms
write it, in UTF-8 and in UTF-16; not in a compressed body.
"""

import json
import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote, quote_plus

ASTERISKS = "***"
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")
_OPENING = re.compile(rb"<(?:[^\s<>/:]{1,200}:)?SessionId(?=[\s/>])[^<>]*>")
_CLOSING = re.compile(rb"</(?:[^\s<>/:]{1,200}:)?SessionId\s*>")
"""An XML name may hold hyphens, dots and any letter; the content may be CDATA or other elements."""


def redact(body: bytes, secrets: Sequence[str]) -> bytes:
    """The body without the secrets and without the content of elements named SessionId.

    If no such element is closed, everything after its start goes.
    """
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        for form in dict.fromkeys(_forms(secret)):
            for encoding in ENCODINGS:
                written = form.encode(encoding, "surrogatepass")
                body = body.replace(written, ASTERISKS.encode(encoding))
    if b"\x00" not in body:
        return _without_sessions(body)
    if _OPENING.search(body.replace(b"\x00", b"")):
        return b""  # UTF-16 or worse: where such an element begins and ends is anybody's guess
    return body


def _forms(secret: str) -> Iterator[str]:
    """How a text may stand in a body."""
    yield secret
    for in_json in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield in_json
        yield in_json.replace("/", "\\/")
    in_xml = secret.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    yield in_xml
    yield in_xml.replace('"', "&quot;").replace("'", "&apos;")
    for quoted in (quote, quote_plus):
        yield quoted(secret, safe="", errors="surrogatepass")


def _without_sessions(body: bytes) -> bytes:
    kept = bytearray()
    at = 0
    while opening := _OPENING.search(body, at):
        kept += body[at : opening.end()]
        at = opening.end()
        if opening[0].endswith(b"/>"):
            continue
        kept += ASTERISKS.encode()
        closing = _CLOSING.search(body, at)
        if closing is None:
            return bytes(kept)
        at = closing.start()
    return bytes(kept + body[at:])
