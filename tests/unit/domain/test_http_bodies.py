"""Bodies of answers: unpacked at most once, and never read further than the reader allows."""

import gzip
import zlib
from collections.abc import Iterator

import httpx
import pytest

from import_relay.domain.http_bodies import Unbounded, read_body

BOMB = gzip.compress(b"\0" * 50_000_000, mtime=0)


class Stream(httpx.SyncByteStream):
    """A body that arrives in parts."""

    def __init__(self, *parts: bytes) -> None:
        self._parts = parts
        self.given = 0

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            self.given += 1
            yield part


def answer(*parts: bytes, coding: str = "") -> httpx.Response:
    headers = {"content-encoding": coding} if coding else {}
    return httpx.Response(200, headers=headers, stream=Stream(*parts))


def in_pieces(content: bytes, size: int = 7) -> list[bytes]:
    return [content[at : at + size] for at in range(0, len(content), size)]


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("", b"hello world"),
        ("identity", b"hello world"),
        ("gzip", gzip.compress(b"hello world")),
        ("X-GZIP", gzip.compress(b"hello") + gzip.compress(b" world")),
        ("deflate", zlib.compress(b"hello world")),
    ],
    ids=["plain", "identity", "gzip", "two members", "deflate"],
)
def test_a_body_is_unpacked_however_it_is_cut(coding: str, packed: bytes) -> None:
    assert read_body(answer(*in_pieces(packed), coding=coding), most=11) == b"hello world"
    assert read_body(answer(packed, coding=coding), most=11) == b"hello world"


def test_an_empty_body_is_empty_although_its_header_says_gzip() -> None:
    assert read_body(answer(coding="gzip"), most=9) == b""


@pytest.mark.parametrize("coding", ["gzip, gzip", "gzip,deflate", "br", "zstd", "nonsense"])
def test_a_body_that_is_packed_twice_or_otherwise_is_not_read(coding: str) -> None:
    with pytest.raises(Unbounded, match="twice"):
        read_body(answer(gzip.compress(BOMB), coding=coding), most=1_000)


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_a_body_that_is_too_large_is_read_no_further(coding: str) -> None:
    parts = in_pieces(BOMB, 1_000)
    given = answer(*parts, coding=coding)

    with pytest.raises(Unbounded, match="too large"):
        read_body(given, most=5_000)

    assert isinstance(given.stream, Stream)
    assert given.stream.given <= 6


@pytest.mark.parametrize(
    "body", [b"no gzip", gzip.compress(b"x" * 99, mtime=0)[:-9]], ids=["other", "cut off"]
)
def test_a_body_that_is_not_packed_as_its_header_says_is_not_read(body: bytes) -> None:
    with pytest.raises(Unbounded):
        read_body(answer(body, coding="gzip"), most=1_000)


def test_a_body_that_arrives_too_slowly_is_given_up() -> None:
    with pytest.raises(Unbounded, match="slow") as caught:
        read_body(answer(b"a", b"b"), most=9, is_late=lambda: True)

    assert caught.value.is_late
