"""The text of a body whose encoding its sender declared. Called by `json_text.body_text`.

JSON, XML and forms are UTF-8 here. Older ERPs send windows-1252 and say so, Windows tools UTF-16
with a byte order mark. Anything else is not guessed.
"""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE

_charset = re.compile(r';\s*charset\s*=\s*"?([A-Za-z0-9_.:-]{1,40})', re.ASCII)
_western = re.compile(r"(?:windows-|cp)?(125[0-8])|iso-?8859-([1-9]|1[0-6])|latin-?1", re.ASCII)
_LOST = "\ufffd"
"""Stands for bytes that somebody on the way could not read as UTF-8."""
_WINDOWS = "cp1252"
_READ_AS_WINDOWS = frozenset({"1", "latin1", "latin-1"})
"""What is called ISO 8859-1 is windows-1252, as in every browser (WHATWG, Encoding): they differ
in control characters only, which nobody sends."""


def decoded(body: bytes, content_type: str) -> str:
    """The body as text, without a byte order mark.

    A byte order mark decides; then UTF-8 if the bytes are that, because many senders declare what
    they do not send, and hardly any other text is UTF-8 by chance; then the declared encoding.

    Raises:
        UnicodeDecodeError: it is none of these, or what stood there was lost on the way: a gateway
            that hands a text over as UTF-8 may have put U+FFFD in the place of other bytes.
    """
    if body.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return body.decode("utf-16")
    declared = _single_byte(content_type)
    try:
        text = body.removeprefix(BOM_UTF8).decode()
    except UnicodeDecodeError:
        if declared is None:
            raise
        return body.decode(declared)
    if text.startswith(_LOST) or (declared and _LOST in text):
        raise UnicodeDecodeError("utf-8", b"", 0, 1, "its signs were replaced on the way")
    return text


def _single_byte(content_type: str) -> str | None:
    """Python's name of the declared encoding, if it is one with a byte for each character."""
    found = _charset.search(content_type.lower())
    match = _western.fullmatch(found[1]) if found else None
    if match is None:
        return None
    windows, part = match[1], match[2] or match[0]
    if windows:
        return f"cp{windows}"
    return _WINDOWS if part in _READ_AS_WINDOWS else f"iso8859-{part}"
