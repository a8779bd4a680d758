"""The text of a file in whatever encoding, as a stream of lines.

A byte order mark decides. Without one the text is UTF-8. If its first bytes that are not ASCII are
no UTF-8, the encoding is guessed from them: spreadsheets export windows-1252 and do not say so.
"""

import codecs
import io
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from import_relay.bulk.formats.file_error import FileUnreadable

CHUNK_B = 256 * 1024
SAMPLE_B = 64 * 1024
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WESTERN = "cp1252"
LEGACY = (_WESTERN, "cp1250", "cp1251", "cp1253", "cp1254", "cp1257", "cp850", "mac_roman")
"""What programs without UTF-8 write."""
MAX_LINE = 10_000_000
"""Characters of one line; a file without line breaks must not fill the memory."""


def text_lines(file: BinaryIO) -> Iterator[str]:
    r"""The lines of a file, each ending with a line feed, `\r\n` and `\r` included.

    Raises:
        FileUnreadable: the bytes are no text, or a line is too long.
    """
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    rest = ""
    for text in texts(file):
        parts = (rest + newlines.decode(text)).split("\n")
        rest = parts.pop()
        if len(rest) > MAX_LINE:
            raise FileUnreadable("file.line_too_long")
        for part in parts:
            yield part + "\n"
    rest += newlines.decode("", final=True)
    if rest:
        yield rest


def texts(file: BinaryIO) -> Iterator[str]:
    """The text of a file, a part at a time, for what has no lines.

    Raises:
        FileUnreadable: the bytes are no text.
    """
    chunk = file.read(CHUNK_B)
    name, mark = _marked(chunk)
    decoder = codecs.getincrementaldecoder(name)()
    chunk = chunk[mark:]
    is_ascii, read = name == "utf-8" and mark == 0, 0
    while chunk:
        if is_ascii and not chunk.isascii():
            is_ascii = False
            decoder = codecs.getincrementaldecoder(_guessed(chunk))()
        try:
            yield decoder.decode(chunk)
        except UnicodeDecodeError as error:
            raise _no_text(name, read + error.start) from error
        read += len(chunk)
        chunk = file.read(CHUNK_B)
    try:
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise _no_text(name, read) from error


def _marked(chunk: bytes) -> tuple[str, int]:
    """The encoding that a byte order mark names, and the mark's length."""
    for mark, name in _BOMS:
        if chunk.startswith(mark):
            return name, len(mark)
    half = chunk[:SAMPLE_B]
    return _unmarked_utf_16(half) if b"\0" in half else "utf-8", 0


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


def _guessed(chunk: bytes) -> str:
    """The encoding of a text whose first other characters than ASCII are in this chunk."""
    first = next(at for at, byte in enumerate(chunk) if byte > 127)
    sample = chunk[max(0, first - 1024) : first + SAMPLE_B]
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError as error:
        if not sample[: error.start].isascii():
            return "utf-8"  # which it is up to there: several encodings in one file
        from charset_normalizer import from_bytes  # only where it is not UTF-8

        best = from_bytes(sample, cp_isolation=list(LEGACY), enable_fallback=False).best()
        likely = best.encoding if best else _WESTERN
        return _WESTERN if _reads_as_western(sample) and likely not in _FAR else likely
    return "utf-8"


_FAR = frozenset({"cp1251", "cp1253", "cp850", "mac_roman"})
"""Encodings whose letters are far from those of windows-1252: a sample hardly looks like it."""
_WESTERN_LETTERS = frozenset(
    "äöüßÄÖÜéèêëàâáçñóôòíîïúùûøåæœ€«»°§®©²³½Éìì¿¡ãõÅØÆÑÇÈÀ·"
    "\xa0\xb4\u2013\u2014\u2018\u2019\u201c\u201d\u201e\u2026"
)


def _reads_as_western(sample: bytes) -> bool:
    text = sample.decode(_WESTERN, "replace")
    others = [one for one in text if ord(one) > 127]
    return all(one in _WESTERN_LETTERS for one in others)


def _no_text(name: str, at: int) -> FileUnreadable:
    return FileUnreadable("file.no_text", f"byte {at + 1} is not {name.upper()}")
