"""Texts as a row holds them: what is empty, what is trimmed, what no database can store.

Called by `values`. The same rules hold for every column.
"""

import re
import unicodedata

_RANGES = ((0xAD, 0xAD), (0x180E, 0x180E), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x2064))
_INVISIBLE = "".join(
    chr(code)
    for first, last in (*_RANGES, (0x2066, 0x2069), (0xFEFF, 0xFEFF))
    for code in range(first, last + 1)
)
"""Signs without a width: joiners, marks of direction, the soft hyphen, the byte order mark."""
_ANY_INVISIBLE = re.compile(f"[{_INVISIBLE}]")
_AROUND = "".join(filter(str.isspace, map(chr, range(0x3001)))) + _INVISIBLE
"""What is stripped: Unicode has no white space beyond U+3000."""
_SURROGATE = re.compile("[\ud800-\udfff]")


def clean_text(text: str) -> str:
    """The text in Unicode's form NFC, without white space and invisible signs around it.

    Empty if there is nothing else. Within a text they stay: emoji and some scripts need them.

    Raises:
        ValueError: it holds NUL or half a surrogate pair, which PostgreSQL does not store.
    """
    if text.isascii():
        if "\0" in text:
            raise ValueError("holds a NUL character")
        return text.strip()
    if "\0" in text or _SURROGATE.search(text):
        raise ValueError("holds a NUL character or half a surrogate pair")
    return unicodedata.normalize("NFC", text.strip(_AROUND))


def clean_id(text: str) -> str:
    """The same for an id or a handle, which loses invisible signs within it, too.

    Raises:
        ValueError: as `clean_text`.
    """
    cleaned = clean_text(text)
    return cleaned if cleaned.isascii() else _ANY_INVISIBLE.sub("", cleaned)


def is_empty(value: object) -> bool:
    """Whether a value says nothing: null, a text of nothing visible, a list of nothing else."""
    if value is None:
        return True
    if isinstance(value, str):  # a letter or digit in front is told faster than what surrounds it
        return not (value[:1].isalnum() or value.strip(_AROUND))
    return isinstance(value, list) and all(map(is_empty, value))
