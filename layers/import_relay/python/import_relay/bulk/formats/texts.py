"""The text of a file in whatever encoding, as a stream of lines."""

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO

from import_relay.bulk.formats.encodings import SAMPLE_B, guessed, marked, shown_encoding
from import_relay.bulk.formats.file_error import FileUnreadable

CHUNK_B = 256 * 1024
MAX_LINE = 10_000_000
"""Characters of one line; a file without line breaks must not fill the memory."""
_MARK = "\ufeff"
_DOS_END = "\x1a"
"""Ctrl-Z: what DOS programs write behind the last line."""
_MAX_END = 1_024
"""Characters of such an end: CP/M filled its last block with them."""


def text_lines(file: BinaryIO) -> Iterator[str]:
    r"""The lines of a file, each ending with a line feed, `\r\n` and `\r` included.

    A byte order mark at the beginning of a line is no part of it: files were put together there.

    Raises:
        FileUnreadable: the bytes are no text, or a line is too long.
    """
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    rest = ""
    for text in texts(file):
        rest += newlines.decode(text)
        parts = rest.split("\n")
        if _MARK in rest:
            parts = [part.lstrip(_MARK) for part in parts]
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

    Byte order marks before it, and the Ctrl-Z of DOS behind it, are left out.

    Raises:
        FileUnreadable: the bytes are no text.
    """
    held, has_begun = "", False
    for part in _decoded(file):
        text = held + part
        if not has_begun:
            text = text.lstrip(_MARK)
        has_begun = has_begun or bool(text)
        end = _end_of(text)
        held = text[end:]
        yield text[:end]
    yield held.replace(_DOS_END, "")


def text_encoding(file: BinaryIO) -> str:
    """The encoding in which a text is read: guessed if it is one of `LEGACY`.

    Raises:
        FileUnreadable: the bytes are no text.
    """
    chunk = file.read(CHUNK_B)
    name, mark = marked(chunk)
    while name == "utf-8" and not mark and chunk:
        if not chunk.isascii():
            return guessed(_sampled(chunk, file)[1])
        chunk = file.read(CHUNK_B)
    return name


def _end_of(text: str) -> int:
    """Where the text ends, if nothing more of the file follows."""
    if _DOS_END not in text[-_MAX_END:]:
        return len(text)
    end = len(text.rstrip(_DOS_END + "\r\n"))
    at = text.find(_DOS_END, max(end, len(text) - _MAX_END))
    return at if at >= 0 else len(text)


def _decoded(file: BinaryIO) -> Iterator[str]:
    chunk = file.read(CHUNK_B)
    name, read = marked(chunk)
    decoder = codecs.getincrementaldecoder(name)()
    is_ascii, lines = name == "utf-8" and read == 0, 1
    chunk = chunk[read:]
    while True:
        if is_ascii and not chunk.isascii():
            is_ascii = False
            chunk, sample = _sampled(chunk, file)
            name = guessed(sample)
            decoder = codecs.getincrementaldecoder(name)()
        read += len(chunk)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            at = read - len(error.object) + error.start + 1
            lines += _ends_in(error.object[: error.start].decode(name, "replace"))
            what = f"byte {at:,} is not {shown_encoding(name)}"
            raise FileUnreadable("file.no_text", what, line=lines) from error
        yield text
        if not chunk:
            return
        lines += _ends_in(text)
        chunk = file.read(CHUNK_B)


def _sampled(chunk: bytes, file: BinaryIO) -> tuple[bytes, bytes]:
    """The chunk, with as much more of the file as a guess needs; and what it is guessed from."""
    first = next(at for at, byte in enumerate(chunk) if byte > 127)
    while len(chunk) < first + SAMPLE_B and (more := file.read(CHUNK_B)):
        chunk += more
    return chunk, chunk[max(0, first - 1024) : first + SAMPLE_B]


def _ends_in(text: str) -> int:
    r"""How many lines end in a text, with `\n`, `\r\n` or `\r`."""
    return max(text.count("\n"), text.count("\r"))
