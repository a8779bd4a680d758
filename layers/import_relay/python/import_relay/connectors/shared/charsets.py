"""The text of a body whose encoding its sender declared. Called by `json_text.body_text`.

JSON, XML and forms are UTF-8 here. Older ERPs send windows-1252 and say so, Windows tools UTF-16.
Anything else is not guessed. The names of encodings are a table of ours: Python would search a
module for whatever name a stranger sends.
"""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from types import MappingProxyType

_charset = re.compile(r";\s*charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.ASCII)
_xml = re.compile(rb"""<\?xml\s[^<>]{0,200}?\sencoding\s*=\s*["']([A-Za-z0-9_.:-]{1,40})""")
_signs_between = re.compile(r"[_.:-]")
_windows = re.compile(r"(?:windows|x?cp)?(125[0-8])", re.ASCII)
_iso = re.compile(r"iso8859([2-9]|1[0134-6])", re.ASCII)
_latin = re.compile(r"l(?:atin)?([2-9]|10)", re.ASCII)
_latin_parts = ("2", "3", "4", "9", "10", "13", "14", "15", "16")
"""Parts of ISO 8859 that Latin-2 to Latin-10 are."""
_dos = re.compile(r"(?:ibm|cp)(437|85[028]|866)", re.ASCII)
_LOST = "\ufffd"
"""Stands for bytes that a program on the way could not read as UTF-8."""
_OTHERS = MappingProxyType(
    {
        **dict.fromkeys(("iso88591", "latin1", "l1", "cp819", "ibm819"), "cp1252"),
        **dict.fromkeys(("ascii", "usascii", "ansi"), "cp1252"),
        **dict.fromkeys(("macintosh", "mac", "macroman", "xmacroman"), "mac-roman"),
        **dict.fromkeys(("koi8r", "koi8u"), "koi8-u"),
    }
)
"""What is called ISO 8859-1 or ASCII is windows-1252, as in every browser (WHATWG, Encoding): they
differ in control characters only, which nobody sends."""


def decoded(body: bytes, content_type: str) -> str:
    """The body as text, without a byte order mark.

    A byte order mark decides. Then a NUL among the first two bytes: each format begins with a
    character of ASCII, so that it is UTF-16 (RFC 4627, section 3). Then UTF-8 if the bytes are
    that, because many senders declare what they do not send, and hardly any other text is UTF-8 by
    chance. Then the declared encoding.

    Raises:
        UnicodeDecodeError: it is none of these, or what stood there was lost on the way: a gateway
            that hands a text over as UTF-8 may have put U+FFFD in the place of other bytes.
    """
    if body.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return body.decode("utf-16")
    is_utf16 = b"\0" in body[:2]
    if is_utf16 and _LOST.encode() not in body:
        return body.decode("utf-16-be" if body[0] == 0 else "utf-16-le")
    declared = _declared(body, content_type)
    try:
        text = body.removeprefix(BOM_UTF8).decode()
    except UnicodeDecodeError:
        if declared is None:
            raise
        return body.decode(declared)
    if text.startswith(_LOST) or ((declared or is_utf16) and _LOST in text):
        raise UnicodeDecodeError("utf-8", b"", 0, 1, "its signs were replaced on the way")
    return text


def _declared(body: bytes, content_type: str) -> str | None:
    """The declared encoding: that of the header overrides that of XML (RFC 7303, section 3)."""
    if in_header := _charset.search(content_type.lower()):
        return _single_byte(in_header[1])
    in_xml = _xml.match(body)
    return _single_byte(in_xml[1].decode()) if in_xml else None


def _single_byte(label: str) -> str | None:
    """Python's name of an encoding, if it is one with a byte for each character."""
    name = _signs_between.sub("", label.lower())
    if match := _windows.fullmatch(name) or _dos.fullmatch(name):
        return f"cp{match[1]}"
    if match := _iso.fullmatch(name):
        return f"iso8859-{match[1]}"
    if match := _latin.fullmatch(name):
        return f"iso8859-{_latin_parts[int(match[1]) - 2]}"
    return _OTHERS.get(name)
