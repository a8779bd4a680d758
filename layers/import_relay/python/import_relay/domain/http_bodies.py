"""Reads the body of an HTTP answer without letting it fill the memory. Used by both HTTP clients.

httpx unpacks an answer as often as its headers say, before anybody can count: a few kilobytes may
become gigabytes. Here an answer may be packed once, and is unpacked piece by piece.
"""

import json
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

import httpx

from import_relay import __version__

REQUEST_HEADERS = {"accept-encoding": "gzip", "user-agent": f"import-relay/{__version__}"}
"""Headers of each request."""
_PACKED = {"gzip": 31, "x-gzip": 31, "deflate": 47}
"""Content coding → `wbits` of zlib."""
_PLAIN = ("", "identity")


class Unbounded(Exception):
    """An answer is larger than its reader takes, too slow, or packed in a way that is not read."""

    def __init__(self, what: str, *, is_late: bool = False) -> None:
        super().__init__(what)
        self.is_late = is_late


class HttpAnswer(NamedTuple):
    """An answer whose body was read, and unpacked if it was packed."""

    status_code: int
    headers: httpx.Headers
    content: bytes

    def json(self) -> object:
        """The content; raises ValueError unless it is JSON."""
        try:
            return json.loads(self.content)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


def read_body(
    response: httpx.Response, *, most: int, is_late: Callable[[], bool] = lambda: False
) -> bytes:
    """The unpacked body of a streamed answer, of at most so many bytes.

    Raises:
        Unbounded: there is more, `is_late` says so, or it is packed twice or in another way.
        httpx.HTTPError: the connection fails.
    """
    if response.is_stream_consumed:  # a transport that holds the whole answer already
        return _bounded(iter([response.content]), most, is_late)
    coding = response.headers.get("content-encoding", "").strip().lower()
    if coding in _PLAIN:
        return _bounded(response.iter_raw(), most, is_late)
    if coding not in _PACKED:
        raise Unbounded("packed in an unknown way, or twice")
    return _bounded(_unpacked(response.iter_raw(), _PACKED[coding], most), most, is_late)


def _bounded(parts: Iterator[bytes], most: int, is_late: Callable[[], bool]) -> bytes:
    body = bytearray()
    for part in parts:
        body += part
        if len(body) > most:
            raise Unbounded("far too large")
        if is_late():
            raise Unbounded("too slow", is_late=True)
    return bytes(body)


def _unpacked(parts: Iterator[bytes], wbits: int, most: int) -> Iterator[bytes]:
    """The unpacked parts, none of which is larger than `most` and a byte."""
    unpacker = zlib.decompressobj(wbits)
    is_empty = True
    try:
        for part in parts:
            pending = part
            is_empty = is_empty and not part
            while pending:
                if unpacker.eof:  # another member follows
                    unpacker = zlib.decompressobj(wbits)
                yield unpacker.decompress(pending, most + 1)
                pending = unpacker.unconsumed_tail or unpacker.unused_data
    except zlib.error as error:
        raise Unbounded("not packed as it says") from error
    if not (unpacker.eof or is_empty):
        raise Unbounded("cut off")
