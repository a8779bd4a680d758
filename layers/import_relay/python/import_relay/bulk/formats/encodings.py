"""The encoding of a text, from its first bytes. Called by `texts`.

A byte order mark decides. Without one the text is UTF-8. If its first bytes that are not ASCII are
no UTF-8, the encoding is guessed from them: spreadsheets export windows-1252 and do not say so.
"""

import codecs
import re
from collections.abc import Sequence
from contextlib import suppress

from import_relay.bulk.formats.file_error import FileUnreadable
from import_relay.bulk.formats.letters import eastern_readings, western_reading

SAMPLE_B = 64 * 1024
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WESTERN = ("cp1252", "cp850", "mac_roman")
_LATIN = ("cp1252", "cp1250", "cp1254", "cp1257")
_OF_OTHER_SCRIPTS = ("cp1251", "cp1253")
LEGACY = frozenset({*_WESTERN, *_LATIN, *_OF_OTHER_SCRIPTS})
"""What programs without UTF-8 write."""
_NOT_ASCII = re.compile(rb"[\x80-\xff]+")
_UTF_8 = re.compile(
    rb"(?:[\xc2-\xc5\xce-\xd1\xd7-\xda][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|\xf0[\x80-\xbf]{3})+"
)
"""Characters in UTF-8, of scripts in use: other pairs are a letter and a mark of windows-1252."""
_MAX_CHANCE = 0.1
"""Of the words of another encoding hardly one in a hundred looks like UTF-8."""


def marked(chunk: bytes) -> tuple[str, int]:
    """The encoding that a byte order mark names, else UTF-8; and the mark's length.

    Raises:
        FileUnreadable: the bytes are no text.
    """
    for mark, name in _BOMS:
        if chunk.startswith(mark):
            return name, len(mark)
    sample = chunk[:SAMPLE_B]
    return _unmarked_utf_16(sample) if b"\0" in sample else "utf-8", 0


def guessed(sample: bytes) -> str:
    """The encoding of a text without a mark: `sample` has its first bytes that are not ASCII."""
    if _is_utf_8(sample):
        return "utf-8"
    if not _is_latin(sample):
        return _by_statistics(sample, _OF_OTHER_SCRIPTS)
    western = western_reading(sample, _WESTERN)
    return western or _by_statistics(sample, eastern_readings(sample) or _LATIN)


def shown_encoding(name: str) -> str:
    """An encoding as people know it, e.g. `windows-1252`."""
    return name.replace("cp125", "windows-125") if name in LEGACY else name.upper()


def _unmarked_utf_16(sample: bytes) -> str:
    """UTF-16 without a mark: in a character of ASCII every other byte is 0.

    A text of other letters has few of them: then it must be text as UTF-16, and not as single
    bytes.
    """
    name = "utf-16-be" if sample[::2].count(0) > sample[1::2].count(0) else "utf-16-le"
    if sample.count(0) * 3 > len(sample):
        return name
    with suppress(UnicodeDecodeError):
        both = codecs.getincrementaldecoder(name)().decode(sample)
        alone = sample.replace(b"\0", b"").decode("latin-1")
        if _is_printable(both) and not _is_printable(alone):
            return name
    raise FileUnreadable("file.no_text", "it holds binary data")


def _is_printable(text: str) -> bool:
    return all(one.isprintable() or one in "\t\r\n" for one in text)


def _is_utf_8(sample: bytes) -> bool:
    """Whether it is, or was meant to be: several encodings, or a cut character, are no other one.

    Then reading it as UTF-8 fails, and the file is refused. Another encoding would take it.
    """
    with suppress(UnicodeDecodeError):
        codecs.getincrementaldecoder("utf-8")().decode(sample)
        return True
    are_utf_8 = [bool(_UTF_8.fullmatch(run)) for run in _NOT_ASCII.findall(sample)]
    return are_utf_8[0] or sum(are_utf_8) > _MAX_CHANCE * len(are_utf_8)


def _is_latin(sample: bytes) -> bool:
    """Whether most words have letters of ASCII, which have few others between them."""
    runs = list(map(len, _NOT_ASCII.findall(sample)))
    return sum(run for run in runs if run > 2) * 3 < sum(runs)


def _by_statistics(sample: bytes, names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    from charset_normalizer import from_bytes  # only where letters alone do not say it

    best = from_bytes(sample, cp_isolation=list(names), enable_fallback=False).best()
    return best.encoding if best else names[0]
