"""Old versions of objects. The template's bucket keeps none; an account's own rules may.

A version that holds the person goes as a whole: what it holds of others is in the newest one.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Collection, Iterator
from typing import Any

from import_relay.storage.bucket_reads import read_all
from relay_ops.erasing import rewriting
from relay_ops.erasing.person import Person
from relay_ops.stack import Stack

_CHUNK_B = 256
"""What is unpacked at a time: of a damaged piece nothing is known."""


def erase_old_versions(stack: Stack, person: Person, rewritten: Collection[str] = ()) -> int:
    """Delete every old version that may hold the person; returns how many.

    `rewritten`: keys of objects that held them until now: all of their old versions go.
    """
    s3 = stack.client("s3")
    if not s3.get_bucket_versioning(Bucket=stack.bucket).get("Status"):
        return 0
    count = 0
    for one, content in _old(stack):
        is_quarantined = one["Key"].startswith("quarantine/")
        is_theirs = one["Key"] in rewritten or person.may_be_in(content)
        if is_theirs or (is_quarantined and _holds(person, one["Key"], content)):
            s3.delete_object(Bucket=stack.bucket, Key=one["Key"], VersionId=one["VersionId"])
            count += 1
    return count


def delete_for_good(stack: Stack, key: str) -> None:
    """Delete an object, and every version that an account's own rules keep of it."""
    s3 = stack.client("s3")
    s3.delete_object(Bucket=stack.bucket, Key=key)
    if s3.get_bucket_versioning(Bucket=stack.bucket).get("Status"):
        answer = s3.list_object_versions(Bucket=stack.bucket, Prefix=key)
        for one in answer.get("Versions", ()):
            s3.delete_object(Bucket=stack.bucket, Key=key, VersionId=one["VersionId"])


def unpacked(content: bytes) -> bytes:
    """The content of a gzipped object, up to the first damage; any other object as it is."""
    found, rest = [], content
    while rest:
        unpacking = zlib.decompressobj(wbits=31)
        try:
            for start in range(0, len(rest), _CHUNK_B):
                found.append(unpacking.decompress(rest[start : start + _CHUNK_B]))
                if unpacking.eof:
                    rest = unpacking.unused_data + rest[start + _CHUNK_B :]
                    break
            else:
                break
        except zlib.error:
            break
    return b"".join(found) or content


def _readable(key: str, content: bytes) -> bytes:
    """What can be searched of an object: unpacked, or all parts of a workbook."""
    if key.endswith(".gz"):
        return unpacked(content)
    if not key.endswith(".xlsx"):
        return content
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            return b"\n".join(book.read(name) for name in book.namelist())
    except (zipfile.BadZipFile, zlib.error):
        return content


def _old(stack: Stack) -> Iterator[tuple[dict[str, Any], bytes]]:
    s3 = stack.client("s3")

    def read(one: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        answer = s3.get_object(Bucket=stack.bucket, Key=one["Key"], VersionId=one["VersionId"])
        content = answer["Body"].read()
        return one, _readable(one["Key"], content)

    pages = s3.get_paginator("list_object_versions").paginate(Bucket=stack.bucket)
    old = (one for page in pages for one in page.get("Versions", ()) if not one["IsLatest"])
    yield from read_all(read, old, lambda *_: None)


def _holds(person: Person, key: str, content: bytes) -> bool:
    try:
        return rewriting.single_record(person, key, content) is not None
    except json.JSONDecodeError:
        return True
