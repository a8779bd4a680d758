"""Reads the stack's bucket: many small objects at once, with progress.

Called by the daily report and by `relay`.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from botocore.exceptions import ClientError

from import_relay.domain.batches import batches
from import_relay.storage.aws_errors import is_no_object

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

K = TypeVar("K")
T = TypeVar("T")
CLOCKS_APART_S = 3_600.0
"""How far apart the clocks of S3 and of the relay may be, with a margin."""
READERS = 32
"""Requests at a time; a client needs as many connections."""
AT_A_TIME = 256
"""How many objects are read ahead of their use."""
REMEMBERED_B = 128 * 1_048_576
"""Enough for a million rows of reports, or for two hundred thousand records as they were sent."""
SILENT: Callable[..., None] = lambda *_, **__: None  # noqa: E731 - as a default


class Stored(NamedTuple):
    """An object: its key, when it was written (s since the epoch), and the tag of its content."""

    key: str
    written_at: float
    etag: str = ""


@dataclass(slots=True)
class Memory:
    """Stored objects, for callers that read an object twice. Threads may share it.

    Once it is full, further objects are read again each time. A list of the bucket's objects shows
    which ones have changed since; these are dropped.
    """

    limit_b: int = REMEMBERED_B
    _kept: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    _size_b: int = 0

    def get(self, key: str) -> bytes | None:
        """An object that was read before."""
        kept = self._kept.get(key)
        return kept[1] if kept else None

    def put(self, key: str, etag: str, stored: bytes) -> None:
        """Remember an object, if there is room."""
        if self._size_b + len(stored) <= self.limit_b:
            self._kept[key] = (etag, stored)
            self._size_b += len(stored)

    def compare(self, listed: Stored) -> None:
        """Forget an object that has another content now."""
        kept = self._kept.get(listed.key)
        if kept and kept[0] != listed.etag:
            del self._kept[listed.key]
            self._size_b -= len(kept[1])


@dataclass(frozen=True, slots=True)
class Bucket:
    """The bucket of one stack. Threads may share it.

    `memory`: what was read before is not read again, even if it has changed since, unless it was
    listed in the meantime.
    """

    client: S3Client
    name: str
    memory: Memory | None = None

    def remembering(self, memory: Memory | None = None) -> Bucket:
        """The same, which reads each object once."""
        return replace(self, memory=memory or Memory())

    def keys(self, prefix: str, *, since: float = 0.0) -> Iterator[Stored]:
        """The objects below a prefix that were written since a time (s since the epoch)."""
        pages = self.client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.name, Prefix=prefix):
            for one in page.get("Contents", ()):
                written_at = one["LastModified"].timestamp()
                if written_at >= since - CLOCKS_APART_S:
                    stored = Stored(one["Key"], written_at, one.get("ETag", ""))
                    if self.memory:
                        self.memory.compare(stored)
                    yield stored

    def content(self, key: str) -> bytes | None:
        """An object, uncompressed; None if there is none (any more)."""
        stored = self.memory.get(key) if self.memory else None
        if stored is None:
            stored = self._read(key)
        if stored is None:
            return None
        return gzip.decompress(stored) if key.endswith(".gz") else stored

    def _read(self, key: str) -> bytes | None:
        try:
            answer = self.client.get_object(Bucket=self.name, Key=key)
            stored = answer["Body"].read()
        except ClientError as error:
            if is_no_object(error):
                return None
            raise
        if self.memory:
            self.memory.put(key, answer.get("ETag", ""), stored)
        return stored

    def lines(self, key: str) -> list[dict[str, Any]]:
        """The JSON lines of an object; none if there is none."""
        return list(self.each_line(key))

    def each_line(self, key: str) -> Iterator[dict[str, Any]]:
        """The same one by one: of a large object not everything is in memory at once."""
        for line in (self.content(key) or b"").splitlines():
            if line:
                yield json.loads(line)


def read_all(
    read: Callable[[K], T], keys: Iterable[K], advance: Callable[..., None] = SILENT
) -> Iterator[T]:
    """What `read` makes of each key, in their order; many are read at a time.

    `advance` is called for each one.
    """
    with ThreadPoolExecutor(READERS) as pool:
        for group in batches(keys, AT_A_TIME):
            for result in pool.map(read, group):
                advance()
                yield result
